import { Injectable } from '@nestjs/common';
import {
  GoneError,
  RejectedError,
  UnreadableError,
  type Adapter,
  type Forwarded,
  type Written,
} from '@opr-connect/adapter-kit';
import type { ConnectedServer } from '../connected-servers/connected-server';
import { ConnectedServers } from '../connected-servers/connected-servers';
import type { Input, Party } from '../conversation/conversation';
import { ConversationRepository, type Stored } from '../conversation/conversation.repository';
import { Conversations } from '../conversation/conversations';
import { withForwardingInfo } from '../forwarding/forwarding-info';
import type { OutboxMessage } from './outbox.repository';

/** A message that is claimed within this time was held up by nothing. */
const PROMPT_MS = 1_000;

/** Carries one message: the call, and what the conversation is to be told of its answer. It writes nothing. */
@Injectable()
export class Carrier {
  constructor(
    private readonly repository: ConversationRepository,
    private readonly conversations: Conversations,
    private readonly servers: ConnectedServers,
  ) {}

  async carry(message: OutboxMessage, server: ConnectedServer, adapter: Adapter, signal: AbortSignal): Promise<Input> {
    const delivery = { key: message.id, attempt: message.attempts, signal };
    const { stored, party } = await this.rowOf(message);
    switch (message.kind) {
      case 'forward': {
        const event = withForwardingInfo({ event: message.payload, parties: stored.conversation.parties }, (uuid) =>
          this.servers.find(uuid),
        );
        const key = this.conversations.keyOf(stored, party);
        const began = Date.now();
        const written = await adapter.forwardEvent(event, { ...delivery, key });
        return { ...delivered(message, written), late: this.isLate(stored, message, Date.now() - began) };
      }
      case 'change': {
        if (party.state === 'cancelled') throw new GoneError('the external record is gone');
        if (!adapter.forwardChange) throw new RejectedError(`the adapter of ${server.name} carries no changes`);
        const written = await adapter.forwardChange(message.payload, this.forwarded(stored, party), delivery);
        return delivered(message, written);
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

const delivered = (message: OutboxMessage, written: Written): Extract<Input, { kind: 'delivered' }> => ({
  kind: 'delivered',
  to: message.row,
  message: message.id,
  ref: written.ref,
  snapshot: written.snapshot,
  found: written.found ?? false,
  duplicates: written.duplicates,
});
