import { Injectable } from '@nestjs/common';
import type { ExternalRef } from '@opr-connect/adapter-kit';
import type { EventChange, ForwardingState, ForwardingType, OprEvent, Severity } from '@opr-connect/opr';
import { DataSource, type EntityManager } from 'typeorm';
import { storable, toJson } from '../database/json';
import type { Carry, Conversation, Decision, HistoryLine, Party, SeenId, Waiting } from './conversation';

/** A conversation with its identity in the database. */
export interface Stored {
  id: string;
  /** uuid of the connected server that the event came from; none for the hub's own. */
  source?: string;
  eventId: string;
  conversation: Conversation;
}

/** An id by which a server will call its row from now on. */
export interface ExternalId {
  server: string;
  id: string;
  party: string;
}

/** Anything that runs SQL: the pool, or one transaction. */
export type Sql = Pick<EntityManager, 'query'>;

/** Where conversations are kept. Every write is one statement, so that a forward costs one round trip and one commit. */
@Injectable()
export class ConversationRepository {
  constructor(private readonly database: DataSource) {}

  /** The row that an id of this server stands for. */
  async rowOf(
    server: string,
    id: string,
    sql: Sql = this.database.manager,
  ): Promise<{ row: string; event: string } | undefined> {
    const [found] = await sql.query(
      `select f.id as row, f.event from external_id x join forwarded_event f on f.id = x.forwarded_event where x.server = $1 and x.id = $2`,
      [server, storable(id)],
    );
    return found;
  }

  /** Whether the hub holds an event by this id, from whichever source. */
  async holds(eventId: string): Promise<boolean> {
    const [found] = await this.database.query(
      `select 1 from event where event_id = $1 union all select 1 from external_id where id = $1 limit 1`,
      [eventId],
    );
    return found !== undefined;
  }

  async idsOf(row: string): Promise<string[]> {
    const found: { id: string }[] = await this.database.query(`select id from external_id where forwarded_event = $1`, [
      row,
    ]);
    return found.map(({ id }) => id);
  }

  async load(event: string, sql: Sql = this.database.manager): Promise<Stored | undefined> {
    return this.loadWith(sql, event, '');
  }

  /** Loads an event that stays locked until the transaction ends: whatever is decided about it is decided in one line. */
  async loadLocked(event: string, sql: Sql): Promise<Stored | undefined> {
    return this.loadWith(sql, event, 'for update');
  }

  /** The event by its own id; the hub's own one where several sources use the same. */
  async findByEventId(eventId: string): Promise<Stored | undefined> {
    const [found] = await this.database.query(
      `select id from event where event_id = $1 order by source nulls first limit 1`,
      [eventId],
    );
    return found && this.load(found.id);
  }

  async newest(limit: number): Promise<OprEvent[]> {
    const found: { document: OprEvent }[] = await this.database.query(
      `select document from event order by time_received desc limit $1`,
      [limit],
    );
    return found.map(({ document }) => document);
  }

  /** Which of these ids were noted for a party before. */
  async noted(party: string, ids: string[], sql: Sql): Promise<Set<string>> {
    if (ids.length === 0) return new Set();
    const found: { id: string }[] = await sql.query(
      `select id from seen_id where forwarded_event = $1 and id = any($2)`,
      [party, ids.map(storable)],
    );
    const known = new Set(found.map(({ id }) => id));
    return new Set(ids.filter((id) => known.has(storable(id))));
  }

  /**
   * What waits for these parties and was never tried, locked so that nobody begins to carry it now. What somebody is claiming
   * at this moment is passed over.
   */
  async waiting(parties: readonly Party[], sql: Sql): Promise<Waiting[]> {
    const rows: (Waiting & { payload: EventChange; after: number | null })[] = await sql.query(
      `select id, forwarded_event as party, kind, payload,
              case when error is null and due_at > now() then extract(epoch from due_at - now())::float8 * 1000 end as after
         from outbox_message
        where forwarded_event = any($1) and state = 'pending' and attempts = 0 and claim is null and kind in ('forward', 'change')
        order by seq for update skip locked`,
      [parties.map(({ id }) => id)],
    );
    return rows.map(({ payload, after, ...one }) => ({
      ...one,
      ...(after === null ? {} : { after }),
      ...(one.kind === 'change' ? { change: payload } : {}),
    })) as Waiting[];
  }

  /**
   * Writes what was decided. `before` is the conversation as it was loaded; none for one that begins now.
   *
   * A row may lose the race for an id to another event of the same server; the ids in `claims` are then simply not its own.
   */
  async write(
    stored: Stored,
    before: Conversation | undefined,
    decision: Decision,
    externalIds: ExternalId[],
    sql: Sql,
  ): Promise<void> {
    const { event, parties } = decision.conversation;
    const known = new Map(before?.parties.map((party) => [party.id, JSON.stringify(party)]));
    const changed = parties.filter((party) => known.get(party.id) !== JSON.stringify(party));
    await sql.query(before ? UPDATE : INSERT, [
      stored.id,
      ...(before ? [] : [stored.source ?? null, stored.eventId]),
      before && before.event === event ? null : toJson(event),
      toJson(changed.map(toRow)),
      toJson(externalIds),
      toJson(decision.seen.map(({ party, id }: SeenId) => ({ party, id }))),
      toJson(decision.carry.map((carry) => ({ ...toMessage(carry), priority: priorityOf(event) }))),
      toJson(decision.history.map(({ party, what, detail }: HistoryLine) => ({ party, what, detail }))),
      decision.withdrawn,
    ]);
  }

  private async loadWith(sql: Sql, id: string, lock: string): Promise<Stored | undefined> {
    const [event] = await sql.query(`select source, event_id, document from event where id = $1 ${lock}`, [id]);
    if (!event) return undefined;
    const rows: PartyRow[] = await sql.query(
      `select id, server, state, type, rule, ref, view,
              state <> 'queued' or exists (select from outbox_message m where m.forwarded_event = f.id and m.kind = 'forward' and m.attempts > 0) as attempted
         from forwarded_event f where event = $1 order by time_created, id`,
      [id],
    );
    const parties = rows.map(({ view, ref, rule, ...row }) => ({
      ...view,
      ...row,
      ref: ref ?? undefined,
      rule: rule ?? undefined,
    }));
    return {
      id,
      source: event.source ?? undefined,
      eventId: event.event_id,
      conversation: { event: event.document, parties },
    };
  }
}

interface PartyRow {
  id: string;
  server: string;
  state: ForwardingState;
  type: ForwardingType;
  rule: string | null;
  ref: ExternalRef | null;
  view: Omit<Party, 'id' | 'server' | 'state' | 'type' | 'rule' | 'ref' | 'attempted'>;
  attempted: boolean;
}

/** `attempted` follows from the outbox and is not kept. */
function toRow({ id, server, state, type, rule, ref, ...view }: Party) {
  return { id, server, state, type, rule, ref, view: { ...view, attempted: undefined } };
}

function toMessage(carry: Carry) {
  const { id, party, server, kind, after = 0 } = carry;
  switch (kind) {
    case 'forward':
      return { id, party, server, kind, after, payload: carry.event };
    case 'change':
      return { id, party, server, kind, after, payload: carry.change };
    case 'read':
      return { id, party, server, kind, after, payload: null };
  }
}

const URGENCY: Record<Severity, number> = { critical: 0, major: 1, minor: 2, warning: 3, normal: 4, unknown: 5 };

/** What is behind goes out in this order, the lowest first. */
const priorityOf = ({ severity }: OprEvent): number => URGENCY[severity ?? 'unknown'];

/** Parameters after the event's own: rows, external ids, ids seen, messages, history, all as JSON; ids of withdrawn messages. */
const parts = (first: number): string => `
  rows as (
    insert into forwarded_event (id, event, server, state, type, rule, ref, view)
    select r.id, $1, r.server, r.state, r.type, r.rule, r.ref, r.view
      from jsonb_to_recordset($${first}) r (id uuid, server uuid, state text, type text, rule text, ref jsonb, view jsonb)
    on conflict (id) do update set state = excluded.state, type = excluded.type, ref = excluded.ref, view = excluded.view
    returning 1
  ), ids as (
    insert into external_id (server, id, forwarded_event)
    select x.server, x.id, x.party from jsonb_to_recordset($${first + 1}) x (server uuid, id text, party uuid)
    on conflict do nothing
  ), seen as (
    insert into seen_id (forwarded_event, id)
    select distinct s.party, s.id from jsonb_to_recordset($${first + 2}) s (party uuid, id text)
    on conflict do nothing
  ), history as (
    insert into event_history (event, forwarded_event, at, what, detail)
    select $1, h.party, now(), h.what, h.detail
      from jsonb_to_recordset($${first + 4}) h (party uuid, what text, detail text)
  ), withdrawn as (
    delete from outbox_message where id = any($${first + 5}::uuid[])
  )
  insert into outbox_message (id, server, forwarded_event, kind, payload, priority, due_at)
  select m.id, m.server, m.party, m.kind, m.payload, m.priority, now() + m.after * interval '1 millisecond'
    from jsonb_to_recordset($${first + 3}) m (id uuid, party uuid, server uuid, kind text, payload jsonb, priority smallint, after float8)
  on conflict (id) do update
     set payload = excluded.payload, priority = excluded.priority, due_at = least(outbox_message.due_at, excluded.due_at)`;

const INSERT = `with e as (insert into event (id, source, event_id, document) values ($1, $2, $3, $4)), ${parts(5)}`;
const UPDATE = `with e as (update event set document = $2::jsonb, time_changed = now() where id = $1 and $2::jsonb is not null), ${parts(3)}`;
