import { Injectable } from '@nestjs/common';
import type { ExternalRef } from '@opr-connect/adapter-kit';
import type { EventChange, ForwardingState, ForwardingType, OprEvent, Severity } from '@opr-connect/opr';
import { storable, toJson } from '../database/json';
import { Statements, type Sql } from '../database/statements';
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

/** What was decided about one event. */
export interface Decided {
  stored: Stored;
  /** The conversation as it was loaded; none for one that begins now. */
  before?: Conversation;
  decision: Decision;
  externalIds: ExternalId[];
}

/**
 * Where conversations are kept. Every write is one statement, however many events it is about, so that a forward costs one
 * round trip and one commit at most.
 */
@Injectable()
export class ConversationRepository {
  constructor(private readonly database: Statements) {}

  /**
   * The row that an id of this server stands for. Three kinds of ids do: those that were kept for it, the id of the row itself
   * (for a target, the key that its record carries), and the id by which the event came.
   */
  async rowOf(
    server: string,
    id: string,
    sql: Sql = this.database,
  ): Promise<{ row: string; event: string } | undefined> {
    const [found]: { row: string; event: string }[] = await sql.query(
      `select f.id as row, f.event from external_id x join forwarded_event f on f.id = x.forwarded_event where x.id = $2 and x.server = $1
       union all
       select f.id, f.event from forwarded_event f where f.id = $3 and f.server = $1
       union all
       (select f.id, f.event from event e join forwarded_event f on f.event = e.id where e.event_id = $2 and f.server = $1
         order by e.time_received, e.id limit 1)
       limit 1`,
      [server, storable(id), UUID.test(id) ? id : null],
    );
    return found;
  }

  /** Whether the hub holds an event by this id, from whichever source. */
  async holds(eventId: string): Promise<boolean> {
    const [found]: unknown[] = await this.database.query(
      `select 1 from event where event_id = $1 union all select 1 from external_id where id = $1
       union all select 1 from forwarded_event where id = $2 limit 1`,
      [eventId, UUID.test(eventId) ? eventId : null],
    );
    return found !== undefined;
  }

  async load(event: string, sql: Sql = this.database): Promise<Stored | undefined> {
    return (await this.loadAll([event], sql)).get(event);
  }

  /** Loads events that stay locked until the transaction ends: whatever is decided about one is decided in one line. */
  async loadLocked(events: readonly string[], sql: Sql): Promise<Map<string, Stored>> {
    // In one order everywhere, so that two transactions cannot wait for each other.
    await sql.query('select from event where id = any($1) order by id for update', [events]);
    return this.loadAll(events, sql);
  }

  /** The event by its own id; the hub's own one where several sources use the same. */
  async findByEventId(eventId: string): Promise<Stored | undefined> {
    const [found]: { id: string }[] = await this.database.query(
      `select id from event where event_id = $1 order by source nulls first limit 1`,
      [eventId],
    );
    return found && this.load(found.id);
  }

  async newest(limit: number): Promise<OprEvent[]> {
    const found: { document: OprEvent }[] = await this.database.query(
      `select document from event where retired_at is null order by time_received desc limit $1`,
      [limit],
    );
    return found.map(({ document }) => document);
  }

  /** Which of these ids were noted for their party before. */
  async noted(ids: readonly SeenId[], sql: Sql): Promise<SeenId[]> {
    if (ids.length === 0) return [];
    return sql.query(
      `select s.forwarded_event as party, s.id from seen_id s
         join unnest($1::uuid[], $2::text[]) as asked (party, id) on s.forwarded_event = asked.party and s.id = asked.id`,
      [ids.map(({ party }) => party), ids.map(({ id }) => storable(id))],
    );
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

  /** The ids of all messages to a party that the outbox holds, whatever became of them. */
  async held(row: string, sql: Sql): Promise<string[]> {
    const found: { id: string }[] = await sql.query(`select id from outbox_message where forwarded_event = $1`, [row]);
    return found.map(({ id }) => id);
  }

  /** Begins conversations. Answers the ids of the events that were new: of the others nothing is written. */
  async begin(batch: readonly Decided[], sql: Sql = this.database): Promise<Set<string>> {
    const events = batch.map(({ stored, decision }) => ({
      ...{ id: stored.id, source: stored.source, event_id: stored.eventId },
      document: decision.conversation.event,
    }));
    const rows: { id: string }[] = await sql.query(BEGIN, [toJson(events), ...parameters(batch)]);
    return new Set(rows.map(({ id }) => id));
  }

  /**
   * Writes what was decided about events that are locked. A row may lose the race for an id to another event of the same
   * server; that id is then simply not its own.
   */
  async write(batch: readonly Decided[], sql: Sql): Promise<void> {
    const changed = batch.filter(({ before, decision }) => before?.event !== decision.conversation.event);
    const events = changed.map(({ stored, decision }) => ({ id: stored.id, document: decision.conversation.event }));
    await sql.query(WRITE, [toJson(events), ...parameters(batch)]);
  }

  private async loadAll(ids: readonly string[], sql: Sql): Promise<Map<string, Stored>> {
    const events: (Pick<Stored, 'id'> & {
      source: string | null;
      event_id: string;
      document: OprEvent;
      retired: boolean;
    })[] = await sql.query(
      'select id, source, event_id, document, retired_at is not null as retired from event where id = any($1)',
      [ids],
    );
    const rows: PartyRow[] = await sql.query(
      `select event, id, server, state, type, rule, ref, view,
              state <> 'queued' or (select m.attempts > 0 from outbox_message m where m.forwarded_event = f.id and m.kind = 'forward' limit 1) is true as attempted
         from forwarded_event f where event = any($1) order by time_created, id`,
      [ids],
    );
    const partiesOf = (event: string): Party[] =>
      rows
        .filter((row) => row.event === event)
        .map(({ id, server, state, type, attempted, view, ref, rule }) => ({
          ...{ ...view, id, server, state, type, attempted },
          ...{ ref: ref ?? undefined, rule: rule ?? undefined },
        }));
    return new Map(
      events.map(({ id, source, event_id, document, retired }) => [
        id,
        {
          ...{ id, source: source ?? undefined, eventId: event_id },
          conversation: { event: document, parties: partiesOf(id), ...(retired && { retired }) },
        },
      ]),
    );
  }
}

interface PartyRow {
  event: string;
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

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Rows, external ids, ids seen, messages, history, all as JSON; ids of withdrawn messages. */
function parameters(batch: readonly Decided[]): unknown[] {
  const all = <Part>(part: (decided: Decided) => readonly Part[]): string =>
    toJson(batch.flatMap((decided) => part(decided).map((one) => ({ event: decided.stored.id, ...one }))));
  return [
    all(({ before, decision: { conversation } }) => {
      if (!before) return conversation.parties.map(toRow);
      const known = new Map(before.parties.map((party) => [party.id, JSON.stringify(party)]));
      return conversation.parties.filter((party) => known.get(party.id) !== JSON.stringify(party)).map(toRow);
    }),
    all(({ externalIds }) => externalIds),
    all(({ decision }) => decision.seen.map(({ party, id }: SeenId) => ({ party, id }))),
    all(({ decision }) => {
      const priority = priorityOf(decision.conversation.event);
      return decision.carry.map((carry) => ({ ...toMessage(carry), priority }));
    }),
    all(({ decision }) => decision.history.map(({ party, what, detail }: HistoryLine) => ({ party, what, detail }))),
    batch.flatMap(({ decision }) => decision.withdrawn),
  ];
}

/** Everything of a batch but the events themselves; `given` says of which events it is written. */
const parts = (given: string): string => `
  rows as (
    insert into forwarded_event (id, event, server, state, type, rule, ref, view)
    select r.id, r.event, r.server, r.state, r.type, r.rule, r.ref, r.view
      from jsonb_to_recordset($2) r (id uuid, event uuid, server uuid, state text, type text, rule text, ref jsonb, view jsonb)
     where ${given}
    on conflict (id) do update set state = excluded.state, type = excluded.type, ref = excluded.ref, view = excluded.view
  ), ids as (
    insert into external_id (server, id, forwarded_event)
    select r.server, r.id, r.party from jsonb_to_recordset($3) r (event uuid, server uuid, id text, party uuid)
     where ${given}
    on conflict do nothing
  ), seen as (
    insert into seen_id (forwarded_event, id)
    select distinct r.party, r.id from jsonb_to_recordset($4) r (event uuid, party uuid, id text)
     where ${given}
    on conflict do nothing
  ), messages as (
    insert into outbox_message (id, server, forwarded_event, kind, payload, priority, due_at)
    select r.id, r.server, r.party, r.kind, r.payload, r.priority, now() + r.after * interval '1 millisecond'
      from jsonb_to_recordset($5) r (event uuid, id uuid, party uuid, server uuid, kind text, payload jsonb, priority smallint, after float8)
     where ${given}
    on conflict (id) do update
       set payload = excluded.payload, priority = excluded.priority, due_at = least(outbox_message.due_at, excluded.due_at)
  ), history as (
    insert into event_history (event, forwarded_event, at, what, detail)
    select r.event, r.party, now(), r.what, r.detail
      from jsonb_to_recordset($6) r (event uuid, party uuid, what text, detail text)
     where ${given}
  ), withdrawn as (
    delete from outbox_message where id = any($7::uuid[])
  )`;

/**
 * An event is not new to a server that it was forwarded to. That is looked up for each event by itself: joined, the plan of a
 * prepared statement that was made while the tables were small would read all of them each time.
 */
const BEGIN = `
  with begun as (
    insert into event (id, source, event_id, document)
    select g.id, g.source, g.event_id, g.document
      from jsonb_to_recordset($1) g (id uuid, source uuid, event_id text, document jsonb)
     where (select x.forwarded_event from external_id x where x.id = g.event_id and x.server = g.source) is null
       and (select f.id from event e join forwarded_event f on f.event = e.id
             where e.event_id = g.event_id and f.server = g.source limit 1) is null
    on conflict (source, event_id) do nothing
    returning id
  ), ${parts('r.event in (select id from begun)')}
  select id from begun`;

const WRITE = `
  with changed as (
    update event e set document = g.document, time_changed = now()
      from jsonb_to_recordset($1) g (id uuid, document jsonb) where e.id = g.id
  ), ${parts('true')}
  select`;
