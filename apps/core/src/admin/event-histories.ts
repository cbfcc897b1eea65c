import { Injectable } from '@nestjs/common';
import type { ExternalRef } from '@opr-connect/adapter-kit';
import type { ForwardingState, ForwardingType, OprEvent } from '@opr-connect/opr';
import { DataSource } from 'typeorm';
import type { Sql } from '../database/statements';
import type { HistoryPage } from './inputs';

/** What is known of one event, as of one moment. */
export interface EventFacts {
  /** The hub's own id. */
  id: string;
  /** uuid of the connected server that it came from; null: the hub itself. */
  source: string | null;
  /** How its source calls it. */
  eventId: string;
  document: OprEvent;
  received: Date;
  changed: Date;
  /** Since when only its ids are kept. */
  retired: Date | null;
  rows: RowFacts[];
  /** In the order of the outbox. */
  messages: MessageFacts[];
  /** The oldest first. */
  history: HistoryFacts[];
}

export interface RowFacts {
  event: string;
  id: string;
  /** uuid of the connected server. */
  server: string;
  state: ForwardingState;
  type: ForwardingType;
  rule: string | null;
  ref: ExternalRef | null;
  since: Date;
}

/** Something that is to be carried. */
export interface MessageFacts {
  id: string;
  event: string;
  row: string;
  server: string;
  kind: 'forward' | 'change' | 'read';
  state: 'pending' | 'dead';
  underWay: boolean;
  attempts: number;
  due: Date;
  created: Date;
  died: Date | null;
  /** The last failures, the newest last. */
  reasons: { at: string; attempt: number; reason: string }[];
}

export interface HistoryFacts {
  seq: number;
  event: string;
  at: Date;
  /** The row that it is about, if it is about one. */
  row: string | null;
  what: string;
  detail: string | null;
}

/** What a server's messages compete for. */
export interface ServerLoad {
  server: string;
  underWay: number;
  /** Calls left of its rate, as of `asOf`; null if none was counted yet. */
  budget: number | null;
  asOf: Date | null;
}

/** So many messages of one event are shown. */
const MOST_MESSAGES = 100;

/** Everything that the database knows of events, read as of one moment. */
@Injectable()
export class EventHistories {
  constructor(private readonly database: DataSource) {}

  async of(
    ids: readonly string[],
    { limit, before }: HistoryPage,
  ): Promise<{ events: EventFacts[]; loads: ServerLoad[]; now: Date }> {
    return this.database.transaction('REPEATABLE READ', async (sql) => {
      const events = await query<Omit<EventFacts, 'rows' | 'messages' | 'history'>>(sql, EVENTS, [ids]);
      const rows = await query<RowFacts>(sql, ROWS, [ids]);
      const messages = await query<MessageFacts>(sql, MESSAGES, [ids, MOST_MESSAGES]);
      const history = await query<HistoryFacts>(sql, HISTORY, [ids, limit, before ?? null]);
      const loads = await query<ServerLoad>(sql, LOADS, [[...new Set(messages.map(({ server }) => server))]]);
      const [moment] = await query<{ now: Date }>(sql, 'select now()', []);
      const of = <Part extends { event: string }>(parts: Part[], id: string) =>
        parts.filter(({ event }) => event === id);
      return {
        events: events.map((event) => ({
          ...event,
          ...{ rows: of(rows, event.id), messages: of(messages, event.id), history: of(history, event.id) },
        })),
        loads,
        now: moment?.now ?? new Date(),
      };
    });
  }
}

const query = <Row>(sql: Sql, text: string, values: unknown[]): Promise<Row[]> => sql.query(text, values);

const EVENTS = `
  select id, source, event_id as "eventId", document, time_received as received, time_changed as changed,
         retired_at as retired
    from event where id = any($1) order by time_received, id`;

const ROWS = `
  select event, id, server, state, type, rule, ref, time_created as since
    from forwarded_event where event = any($1) order by state not in ('received', 'originated'), time_created, id`;

const MESSAGES = `
  select m.id, m.event, m.forwarded_event as row, m.server, m.kind, m.state, m.claim is not null and m.due_at > now() as "underWay",
         m.attempts, m.due_at as due, m.time_created as created, m.time_died as died, m.reasons
    from unnest($1::uuid[]) as asked (event)
   cross join lateral (
     select o.*, f.event from forwarded_event f join outbox_message o on o.forwarded_event = f.id
      where f.event = asked.event order by o.seq limit $2) m
   order by m.seq`;

const HISTORY = `
  select line.* from unnest($1::uuid[]) as asked (event)
   cross join lateral (
     select seq::float8 as seq, event, at, forwarded_event as row, what, detail
       from event_history h
      where h.event = asked.event and ($3::bigint is null or h.seq < $3)
      order by h.seq desc limit $2) line
   order by line.seq`;

const LOADS = `
  select s.server, s.budget, s.budget_at as "asOf",
         (select count(*) from outbox_message m where m.server = s.server and m.claim is not null and m.due_at > now())::int as "underWay"
    from server_state s where s.server = any($1)`;
