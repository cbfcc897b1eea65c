import { Injectable, Logger } from '@nestjs/common';
import { type EventChange, type ForwardingType, type OprEvent, type PropertyChange } from '@opr-connect/opr';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import type { ConnectedServer } from '../connected-servers/connected-server';
import { ConnectedServers } from '../connected-servers/connected-servers';
import { isUniqueViolation } from '../database/errors';
import { correlationKey } from '../forwarding/correlation-key';
import { Signals } from '../outbox/signals';
import type { Context, Conversation, Decision, Input, Party, Refusal, Waiting } from './conversation';
import { ConversationRepository, type ExternalId, type Sql, type Stored } from './conversation.repository';
import { decide, open } from './decide';
import { candidateIds } from './seen-ids';

/** Which row of the registry a caller speaks of. */
export interface RowRef {
  event: string;
  row: string;
}

/** What a correlation key is made of, beside its target. */
type Origin = Pick<Stored, 'source' | 'eventId'>;

export type Changed = { ok: true; stored: Stored } | { ok: false; refusal: Refusal };

/**
 * The shell around `decide`: it locks and loads one event, asks, and writes state, messages and history in one transaction;
 * then it speaks. No call to anybody happens inside.
 */
@Injectable()
export class Conversations {
  private readonly log = new Logger('Conversations');

  constructor(
    private readonly database: DataSource,
    private readonly repository: ConversationRepository,
    private readonly servers: ConnectedServers,
    private readonly signals: Signals,
  ) {}

  /** A connected server forwards an event to the hub: new, or a row of its own that it posts again. */
  async receive(source: ConnectedServer, event: OprEvent & { id: string }): Promise<{ ref: RowRef; isNew: boolean }> {
    const known = await this.repository.rowOf(source.uuid, event.id);
    if (known) return this.receiveAgain(known, event);
    try {
      const decision = open(
        event,
        { server: source.uuid, state: 'received', type: typeSaid(event, source) },
        this.context([], undefined, { source: source.uuid, eventId: event.id }),
      );
      const [origin] = decision.conversation.parties;
      if (!origin) throw new Error('an event from a server has no row for it');
      origin.ref = { id: event.id };
      const stored: Stored = {
        id: randomUUID(),
        source: source.uuid,
        eventId: event.id,
        conversation: decision.conversation,
      };
      await this.repository.write(stored, undefined, decision, this.newIds(stored, []), this.database.manager);
      this.tellLog(stored, 'received', decision);
      this.signals.due(decision.carry);
      return { ref: { event: stored.id, row: origin.id }, isNew: true };
    } catch (error) {
      // The same event was posted at the same moment, and the other one committed first.
      const winner = isUniqueViolation(error) && (await this.repository.rowOf(source.uuid, event.id));
      if (!winner) throw error;
      return this.receiveAgain(winner, event);
    }
  }

  /** An operator or a monitoring tool submits an event to the hub itself. Submitted again by the same id it is the same event. */
  async submit(event: OprEvent & { id: string }): Promise<void> {
    const decision = open(event, undefined, this.context([], undefined, { eventId: event.id }));
    const stored: Stored = { id: randomUUID(), eventId: event.id, conversation: decision.conversation };
    try {
      await this.repository.write(stored, undefined, decision, this.newIds(stored, []), this.database.manager);
      this.tellLog(stored, 'submitted', decision);
      this.signals.due(decision.carry);
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
    }
  }

  /** A party that speaks OPR changes an event of its own row. */
  async change(row: RowRef, change: EventChange): Promise<Changed> {
    const changes: PropertyChange[] = change.changedProperties ?? [];
    return this.tell(row, { kind: 'changed', from: row.row, id: change.id, changes });
  }

  /** Decides about an event and writes what was decided, in a transaction of its own. */
  async tell(row: Pick<RowRef, 'event'>, input: Input): Promise<Changed> {
    const { stored, decision } = await this.database.transaction((sql) => this.decideIn(sql, row.event, input));
    this.signals.due(decision.carry);
    return decision.refusal ? { ok: false, refusal: decision.refusal } : { ok: true, stored };
  }

  /** The same inside somebody's transaction, who makes the messages known after the commit. */
  async decideIn(sql: Sql, event: string, input: Input): Promise<{ stored: Stored; decision: Decision }> {
    const stored = await this.repository.loadLocked(event, sql);
    if (!stored) throw new Error(`event ${event} is gone from the store`);
    const now = Date.now();
    const party = 'from' in input ? input.from : 'to' in input ? input.to : undefined;
    const noted = party ? await this.repository.noted(party, candidateIds(input, now), sql) : new Set<string>();
    const waiting = await this.repository.waiting(stored.conversation.parties, sql);
    const decision = decide(stored.conversation, input, this.context(waiting, noted, stored, now));
    const after = { ...stored, conversation: decision.conversation };
    this.tellLog(after, input.kind, decision);
    await this.repository.write(
      stored,
      stored.conversation,
      decision,
      this.newIds(after, stored.conversation.parties),
      sql,
    );
    return { stored: after, decision };
  }

  /** What was decided about an event, in a line that can be found by the hub's id of it, or by the id that its source uses. */
  private tellLog(
    { id, eventId }: Stored,
    input: Input['kind'] | 'received' | 'submitted',
    { history }: Decision,
  ): void {
    const decided = history.map(({ party, what, detail }) => ({ party, what, detail }));
    this.log.log({ event: id, eventId, input, decided }, 'decided');
  }

  /** The key that a party's external record carries. */
  keyOf({ source = '', eventId }: Origin, party: Pick<Party, 'server'>): string {
    return correlationKey({ hubId: this.servers.hubId, source, eventId, target: party.server });
  }

  /** By which id the party that an event came from is answered: the one target's, if it is known, else its own row's. */
  async answerId(ref: RowRef): Promise<{ id: string; url?: string; isExternal: boolean }> {
    const stored = await this.repository.load(ref.event);
    const target = stored && onlyTarget(stored.conversation, ref.row);
    const id = target?.ref && (target.ref.displayId ?? target.ref.id);
    if (id === undefined) return { id: ref.row, isExternal: false };
    // The server may use the same id for another event already: then it cannot stand for this one.
    const own = (await this.repository.idsOf(ref.row)).includes(id);
    return { id: own ? id : ref.row, url: target?.ref?.url, isExternal: true };
  }

  private async receiveAgain(known: RowRef, event: OprEvent): Promise<{ ref: RowRef; isNew: false }> {
    await this.tell(known, { kind: 'resent', from: known.row, event });
    return { ref: known, isNew: false };
  }

  /** Ids by which servers will call their rows from now on: of rows that are new, and of records that were just made. */
  private newIds(stored: Stored, before: readonly Party[]): ExternalId[] {
    const { parties } = stored.conversation;
    return parties.flatMap((party) => {
      const old = before.find(({ id }) => id === party.id);
      const names = old ? [] : [stored.eventId, party.id, this.keyOf(stored, party)];
      if (party.ref && JSON.stringify(party.ref) !== JSON.stringify(old?.ref))
        names.push(party.ref.id, ...(party.ref.displayId ? [party.ref.displayId] : []));
      const ids = names.map((id) => ({ server: party.server, id, party: party.id }));
      return [...ids, ...this.idsForOriginator(stored.conversation, party, old)];
    });
  }

  /** The only target's id is an id of the originator's row too: it is what the originator was answered, or may be. */
  private idsForOriginator(conversation: Conversation, target: Party, old: Party | undefined): ExternalId[] {
    const origin = conversation.parties.find(({ state }) => state === 'received' || state === 'originated');
    const id = target.ref && (target.ref.displayId ?? target.ref.id);
    if (!origin || origin === target || id === undefined || id === (old?.ref && (old.ref.displayId ?? old.ref.id)))
      return [];
    return onlyTarget(conversation, origin.id) === target ? [{ server: origin.server, id, party: origin.id }] : [];
  }

  private context(
    waiting: readonly Waiting[],
    noted: Set<string> | undefined,
    origin: Origin,
    now = Date.now(),
  ): Context {
    return {
      now,
      waiting,
      newId: randomUUID,
      seen: (_party, id) => noted?.has(id) ?? false,
      server: (uuid) => this.servers.traits(uuid),
      route: (event) => this.servers.route(event, origin.source),
      correlationKey: (server) => this.keyOf(origin, { server }),
      hubName: this.servers.hubId,
    };
  }
}

function onlyTarget(conversation: Conversation, origin: string): Party | undefined {
  const targets = conversation.parties.filter(({ id }) => id !== origin);
  return targets.length === 1 ? targets[0] : undefined;
}

/** What the event itself says that we may do with it, else what the server's setting says. */
function typeSaid(event: OprEvent, source: ConnectedServer): ForwardingType {
  const info = event.forwardingInfoList?.forwardingInfo?.find(
    ({ name }) => name !== undefined && name === source.ownLogin,
  );
  return info?.forwardingType ?? source.forwardingType;
}
