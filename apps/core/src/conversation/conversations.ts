import { Injectable, Logger } from '@nestjs/common';
import { type EventChange, type ForwardingType, type OprEvent, type PropertyChange } from '@opr-connect/opr';
import { randomUUID } from 'node:crypto';
import type { ConnectedServer } from '../connected-servers/connected-server';
import { ConnectedServers } from '../connected-servers/connected-servers';
import { Gather } from '../database/gather';
import { storable } from '../database/json';
import { Statements, type Sql } from '../database/statements';
import { correlationKey } from '../forwarding/correlation-key';
import { Signals } from '../outbox/signals';
import type { Carry, Context, Conversation, Decision, Input, Party, Refusal, SeenId, Waiting } from './conversation';
import { ConversationRepository, type Decided, type ExternalId, type Stored } from './conversation.repository';
import { decide, open } from './decide';
import { candidateIds } from './seen-ids';

/** Which row of the registry a caller speaks of. */
export interface RowRef {
  event: string;
  row: string;
}

/** What a correlation key is made of, beside its target. */
type Origin = Pick<Stored, 'source' | 'eventId'>;

/** Something happened to an event. */
export interface Asked {
  event: string;
  input: Input;
}

/** An event that a server posted. `targets`: the servers that it is to be forwarded to. */
export type Taken = { ref: RowRef; isNew: true; targets: string[] } | { ref: RowRef; isNew: false };

/** What became of an event that a server posted: its id may name one that is over. */
export type Received = Taken | { refusal: Refusal };

/** Statements that begin conversations: several at once, so that the database is not idle while one is on its way. */
const BEGINNERS = { writers: 2, most: 16 };

export type Changed = { ok: true; stored: Stored } | { ok: false; refusal: Refusal };

/**
 * The shell around `decide`: it locks and loads one event, asks, and writes state, messages and history in one transaction;
 * then it speaks. No call to anybody happens inside.
 */
@Injectable()
export class Conversations {
  private readonly log = new Logger('Conversations');

  /** New events: those that come at the same moment share a statement. */
  private readonly begun: Gather<Decided, boolean>;

  constructor(
    private readonly database: Statements,
    private readonly repository: ConversationRepository,
    private readonly servers: ConnectedServers,
    private readonly signals: Signals,
  ) {
    this.begun = new Gather(async (batch) => {
      const isNew = await this.repository.begin(batch);
      return batch.map(({ stored }) => isNew.has(stored.id));
    }, BEGINNERS);
  }

  /** A connected server forwards an event to the hub: new, or a row of its own that it posts again. */
  async receive(source: ConnectedServer, event: OprEvent & { id: string }): Promise<Received> {
    const decision = open(
      event,
      { server: source.uuid, state: 'received', type: typeSaid(event, source) },
      this.context([], undefined, { source: source.uuid, eventId: event.id }),
    );
    const [origin, ...targets] = decision.conversation.parties;
    if (!origin) throw new Error('an event from a server has no row for it');
    origin.ref = { id: event.id };
    const stored = await this.begin(decision, event.id, source.uuid);
    if (stored)
      return { ref: { event: stored.id, row: origin.id }, isNew: true, targets: targets.map(({ server }) => server) };
    const known = await this.repository.rowOf(source.uuid, event.id);
    if (!known) throw new Error(`event ${event.id} is held, and has no row of the server it came from`);
    const told = await this.tell(known, { kind: 'resent', from: known.row, event });
    if (!told.ok && told.refusal.reason === 'retired') return { refusal: told.refusal };
    return { ref: known, isNew: false };
  }

  /** An operator or a monitoring tool submits an event to the hub itself. Submitted again by the same id it is the same event. */
  async submit(event: OprEvent & { id: string }): Promise<{ refusal?: Refusal }> {
    const decision = open(event, undefined, this.context([], undefined, { eventId: event.id }));
    if (await this.begin(decision, event.id, undefined)) return {};
    const known = await this.repository.findByEventId(event.id);
    return known?.conversation.retired ? { refusal: { reason: 'retired' } } : {};
  }

  private async begin(decision: Decision, eventId: string, source: string | undefined): Promise<Stored | undefined> {
    const stored: Stored = { id: randomUUID(), source, eventId, conversation: decision.conversation };
    if (!(await this.begun.add({ stored, decision, externalIds: this.newIds(stored, []) }))) return undefined;
    this.tellLog(stored, source === undefined ? 'submitted' : 'received', decision);
    this.signals.due(decision.carry);
    return stored;
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
    const [decided] = await this.decideAll(sql, [{ event, input }]);
    if (!decided) throw new Error(`nothing was decided about event ${event}`);
    return { stored: { ...decided.stored, conversation: decided.decision.conversation }, decision: decided.decision };
  }

  /** Decides about several events at once, in the order given. Answers what is to be carried. */
  async decideAllIn(sql: Sql, asked: readonly Asked[]): Promise<Carry[]> {
    return (await this.decideAll(sql, asked)).flatMap(({ decision }) => decision.carry);
  }

  /** What would be decided about an event. It is locked until the transaction ends, and nothing is written. */
  async considerIn(sql: Sql, event: string, input: Input): Promise<Decision> {
    const [decided] = await this.decisions(sql, [{ event, input }], () => undefined);
    if (!decided) throw new Error(`nothing was decided about event ${event}`);
    return decided.decision;
  }

  private async decideAll(sql: Sql, asked: readonly Asked[]): Promise<Decided[]> {
    const all = await this.decisions(sql, asked, (...decided) => this.tellLog(...decided));
    if (all.length > 0) await this.repository.write(all, sql);
    return all;
  }

  private async decisions(
    sql: Sql,
    asked: readonly Asked[],
    tell: (stored: Stored, input: Input['kind'], decision: Decision) => void,
  ): Promise<Decided[]> {
    if (asked.length === 0) return [];
    const now = Date.now();
    const events = await this.repository.loadLocked([...new Set(asked.map(({ event }) => event))], sql);
    const parties = [...events.values()].flatMap(({ conversation }) => conversation.parties);
    const noted = keys(
      await this.repository.noted(
        asked.flatMap(({ input }) => idsAskedFor(input, now)),
        sql,
      ),
    );
    const waiting = await this.repository.waiting(parties, sql);
    const decided = new Map<string, Decided>();
    for (const { event, input } of asked) {
      const stored = events.get(event);
      if (!stored) throw new Error(`event ${event} is gone from the store`);
      const before = decided.get(event);
      const conversation = before?.decision.conversation ?? stored.conversation;
      const seen = new Set([...noted, ...keys(before?.decision.seen ?? [])]);
      const open = before ? stillWaiting(waiting, before.decision) : waiting;
      const mine = open.filter(({ party }) => conversation.parties.some(({ id }) => id === party));
      const decision = decide(conversation, input, this.context(mine, seen, stored, now));
      tell(stored, input.kind, decision);
      decided.set(event, {
        ...{ stored, before: stored.conversation, externalIds: [] },
        decision: before ? bothOf(before.decision, decision) : decision,
      });
    }
    return [...decided.values()].map((one) => ({
      ...one,
      externalIds: this.newIds(
        { ...one.stored, conversation: one.decision.conversation },
        one.stored.conversation.parties,
      ),
    }));
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
    const origin = stored?.conversation.parties.find((party) => party.id === ref.row);
    const own = origin !== undefined && (await this.repository.rowOf(origin.server, id))?.row === ref.row;
    return { id: own ? id : ref.row, url: target?.ref?.url, isExternal: true };
  }

  /**
   * Ids by which servers will call their rows from now on: those of records that were just made. The id of the event, and that
   * of the row itself, are known without.
   */
  private newIds(stored: Stored, before: readonly Party[]): ExternalId[] {
    const { parties } = stored.conversation;
    return parties.flatMap((party) => {
      const old = before.find(({ id }) => id === party.id);
      const names =
        party.ref && JSON.stringify(party.ref) !== JSON.stringify(old?.ref)
          ? [party.ref.id, party.ref.displayId ?? party.ref.id]
          : [];
      const ids = [...new Set(names)]
        .filter((id) => id !== stored.eventId && id !== party.id)
        .map((id) => ({ server: party.server, id, party: party.id }));
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
      seen: (party, id) => noted?.has(`${party} ${id}`) ?? false,
      server: (uuid) => this.servers.traits(uuid),
      route: (event) => this.servers.route(event, origin.source),
      correlationKey: (server) => this.keyOf(origin, { server }),
      hubName: this.servers.hubId,
    };
  }
}

const keys = (ids: readonly SeenId[]): Set<string> => new Set(ids.map(({ party, id }) => `${party} ${id}`));

/** The ids that a decision about this input may ask for, as they are stored. */
function idsAskedFor(input: Input, now: number): SeenId[] {
  const party = 'from' in input ? input.from : 'to' in input ? input.to : undefined;
  return party === undefined ? [] : candidateIds(input, now).map((id) => ({ party, id: storable(id) }));
}

/** What waits once a decision is taken, and before it is written. */
function stillWaiting(waiting: readonly Waiting[], { carry, withdrawn }: Decision): Waiting[] {
  const rest = waiting.filter(({ id }) => !withdrawn.includes(id) && !carry.some((one) => one.id === id));
  return [...rest, ...carry.flatMap((one) => (one.kind === 'read' ? [] : [one]))];
}

/** Two decisions about one event, the second on top of the first, as one. */
function bothOf(first: Decision, then: Decision): Decision {
  const replaced = new Set([...then.withdrawn, ...then.carry.map(({ id }) => id)]);
  return {
    ...then,
    carry: [...first.carry.filter(({ id }) => !replaced.has(id)), ...then.carry],
    history: [...first.history, ...then.history],
    seen: [...first.seen, ...then.seen],
    withdrawn: [...first.withdrawn, ...then.withdrawn],
    ...((first.found || then.found) && { found: [...(first.found ?? []), ...(then.found ?? [])] }),
  };
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
