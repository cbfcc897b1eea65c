import { Injectable } from '@nestjs/common';
import type { Sql } from '../database/statements';

/** A place in the events in the order in which they came. */
export interface Place {
  received: string;
  id: string;
}

/** What may be removed, and what is left of it. */
@Injectable()
export class RetentionRepository {
  /** The next events that are old enough, whatever else holds them. */
  async look(from: Place | null, days: number, limit: number, sql: Sql): Promise<Place[]> {
    return sql.query(
      `select time_received::text as received, id from event
        where retired_at is null and time_received < now() - $1 * interval '1 day'
          and ($2::timestamptz is null or (time_received, id) > ($2, $3::uuid))
        order by time_received, id limit $4`,
      [days, from?.received ?? null, from?.id ?? null, limit],
    );
  }

  /** Retires those of these events that are over. Answers how many. One that somebody is deciding about is left for another time. */
  async retire(events: readonly string[], days: number, sql: Sql): Promise<number> {
    if (events.length === 0) return 0;
    // What is asked about them is asked once they are locked: a message may have been made while we came.
    const locked: { id: string }[] = await sql.query(
      `select id from event where id = any($1) order by id for update skip locked`,
      [events],
    );
    const [done]: { count: number }[] = await sql.query(RETIRE, [locked.map(({ id }) => id), days]);
    return done?.count ?? 0;
  }

  /** Removes old lines of history, old notes of what operators did, and old reconciliations: the oldest first. */
  async forget(days: number, limit: number, sql: Sql): Promise<number> {
    const [done]: { count: number }[] = await sql.query(FORGET, [days, limit]);
    return done?.count ?? 0;
  }
}

/** What a party is that shares nothing any more. */
const NOTHING = JSON.stringify({
  ...{ known: {}, said: {}, unsettled: {}, sent: {}, sends: 0, readOwed: false, unreadable: false, expected: [] },
});

const RETIRE = `
  with over as (
    select e.id from event e
     where e.id = any($1) and e.retired_at is null and e.document->>'state' = 'closed'
       and e.time_changed < now() - $2 * interval '1 day'
       and not exists (
         select from forwarded_event f
          where f.event = e.id and (
            f.view->'unsettled' <> '{}' or (f.view->>'readOwed')::boolean or f.view ? 'reading'
            -- It is known to hold the event in another state, and is one that is told of its end, or tells it.
            or ((f.type <> 'notify' or f.state = 'received') and f.state not in ('cancelled', 'expired') and f.view->'known' ? 'state')))
       and not exists (
         select from outbox_message m join forwarded_event f on f.id = m.forwarded_event where f.event = e.id)
  ), rows as (
    update forwarded_event f set state = 'expired', view = '${NOTHING}' from over where f.event = over.id returning f.id
  ), seen as (
    delete from seen_id s using rows where s.forwarded_event = rows.id
  ), history as (
    delete from event_history h using over where h.event = over.id
  ), told as (
    insert into event_history (event, at, what) select id, now(), 'retired' from over
  ), events as (
    update event e set retired_at = now(), document = jsonb_build_object('id', e.document->'id', 'state', 'closed')
      from over where e.id = over.id returning e.id
  )
  select count(*)::int as count from events`;

/** Lines have their numbers in the order of time, so the oldest are found by number. */
const FORGET = `
  with lines as (
    delete from event_history where seq in (
      select seq from (select seq, at from event_history order by seq limit $2) oldest where at < now() - $1 * interval '1 day')
    returning 1
  ), actions as (
    delete from operator_action where seq in (
      select seq from (select seq, at from operator_action order by seq limit $2) oldest where at < now() - $1 * interval '1 day')
    returning 1
  ), reconciliations as (
    delete from reconciliation where seq in (
      select seq from (select seq, time_ended from reconciliation order by seq limit $2) oldest where time_ended < now() - $1 * interval '1 day')
    returning 1
  )
  select (select count(*) from lines)::int + (select count(*) from actions)::int + (select count(*) from reconciliations)::int as count`;
