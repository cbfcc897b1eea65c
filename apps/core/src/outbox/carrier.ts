import { Injectable } from '@nestjs/common';
import {
  GoneError,
  RejectedError,
  UnreadableError,
  type Adapter,
  type ExternalRef,
  type Forwarded,
  type Json,
  type Written,
} from '@opr-connect/adapter-kit';
import type { ConnectedServer } from '../connected-servers/connected-server';
import { ConnectedServers } from '../connected-servers/connected-servers';
import { CausesRepository } from '../conversation/causes.repository';
import { readChanges } from '../conversation/changes';
import type { Input, Party } from '../conversation/conversation';
import { ConversationRepository, type Stored } from '../conversation/conversation.repository';
import { Conversations } from '../conversation/conversations';
import { valueIn } from '../conversation/properties';
import { withForwardingInfo } from '../forwarding/forwarding-info';
import type { OutboxMessage } from './outbox.repository';

/** The event's cause at the server that a message goes to. */
interface Cause {
  /** The message is about it: it forwards the event, or carries a change of its cause. */
  isSaid: boolean;
  /** As it was before the call. */
  record?: ExternalRef;
  /** As it is now. */
  find(): Promise<ExternalRef | undefined>;
}

/** A message that is claimed within this time was held up by nothing. */
const PROMPT_MS = 1_000;

/** Carries one message: the call, and what the conversation is to be told of its answer. It writes nothing. */
@Injectable()
export class Carrier {
  constructor(
    private readonly repository: ConversationRepository,
    private readonly causes: CausesRepository,
    private readonly conversations: Conversations,
    private readonly servers: ConnectedServers,
  ) {}

  async carry(message: OutboxMessage, server: ConnectedServer, adapter: Adapter, signal: AbortSignal): Promise<Input> {
    const { stored, party } = await this.rowOf(message);
    // Who speaks OPR knows causes by their event ids.
    const cause = adapter.traits?.speaksOpr ? undefined : await this.causeOf(message, stored);
    const delivery = { key: message.id, attempt: message.attempts, signal, cause: cause?.record };
    switch (message.kind) {
      case 'forward': {
        const event = withForwardingInfo({ event: message.payload, parties: stored.conversation.parties }, (uuid) =>
          this.servers.find(uuid),
        );
        const key = this.conversations.keyOf(stored, party);
        const began = Date.now();
        const written = await adapter.forwardEvent(event, { ...delivery, key });
        const late = this.isLate(stored, message, Date.now() - began);
        const causeMade = await this.isCauseMade(cause, written);
        return { ...delivered(message, written), late, made: true, causeMade };
      }
      case 'change': {
        if (party.state === 'cancelled') throw new GoneError('the external record is gone');
        if (!adapter.forwardChange) throw new RejectedError(`the adapter of ${server.name} carries no changes`);
        const written = await adapter.forwardChange(message.payload, this.forwarded(stored, party), delivery);
        const causeMade = await this.isCauseMade(cause, written);
        return { ...delivered(message, written), made: written.ref.id !== party.ref?.id, causeMade };
      }
      case 'read': {
        if (!adapter.getExternalEvent || !party.ref) throw new UnreadableError(`${server.name} offers no read`);
        const outcome = await adapter.getExternalEvent(this.forwarded(stored, party), delivery);
        return { kind: 'read', from: message.row, message: message.id, outcome };
      }
    }
  }

  /**
   * Whether whoever sent the event had its answer before this: one of our own ids, or none at all. That somebody waited for it is
   * sure only if it was carried at once: nobody waits for a server that is paused. To be told twice does no harm.
   */
  private isLate({ conversation: { parties } }: Stored, { age, isRepeat }: OutboxMessage, ms: number): boolean {
    const origin = parties.find(({ state }) => state === 'received');
    const patience = origin && this.servers.find(origin.server)?.answerWithin;
    return patience === undefined || parties.length > 2 || isRepeat || age > PROMPT_MS || age + ms > patience;
  }

  private async causeOf(message: OutboxMessage, stored: Stored): Promise<Cause | undefined> {
    const said = causeSaid(message);
    const eventId = said === undefined ? valueIn(stored.conversation.event, 'cause') : said;
    if (message.kind === 'read' || typeof eventId !== 'string') return undefined;
    const find = () => this.causes.recordOf(eventId, stored, message.server);
    return { isSaid: said !== undefined, record: await find(), find };
  }

  /**
   * Whether the cause got its record while the call was under way, which whoever wrote that record down may not have known to
   * tell us, or our own record had been made before, perhaps without it. What cannot be looked up is taken to be so: the call was
   * made, and to tie twice does no harm.
   */
  private async isCauseMade(cause: Cause | undefined, { found = false }: Written): Promise<boolean> {
    if (!cause?.isSaid) return false;
    return cause.record
      ? found
      : cause.find().then(
          (record) => record !== undefined,
          () => true,
        );
  }

  /** The row as its adapter is told of it. */
  private forwarded(stored: Stored, party: Party): Forwarded {
    const { ref = { id: stored.eventId }, snapshot, state } = party;
    const { event } = stored.conversation;
    return { event, ref, snapshot, state, key: this.conversations.keyOf(stored, party) };
  }

  private async rowOf(message: OutboxMessage): Promise<{ stored: Stored; party: Party }> {
    const stored = await this.repository.load(message.event);
    const party = stored?.conversation.parties.find(({ id }) => id === message.row);
    if (!stored || !party) throw new Error(`row ${message.row} is gone from the store`);
    return { stored, party };
  }
}

/** The cause that a message says, `null` for none; `undefined` if it says nothing of it. */
function causeSaid(message: OutboxMessage): Json | undefined {
  if (message.kind === 'forward') return valueIn(message.payload, 'cause');
  const edits = readChanges(message.payload?.changedProperties ?? []).properties;
  return edits.findLast(({ property }) => property === 'cause')?.value;
}

const delivered = (message: OutboxMessage, written: Written): Extract<Input, { kind: 'delivered' }> => ({
  kind: 'delivered',
  to: message.row,
  message: message.id,
  ref: written.ref,
  snapshot: written.snapshot,
  found: written.found ?? false,
  duplicates: written.duplicates,
});
