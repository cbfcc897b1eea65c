import { Injectable } from '@nestjs/common';
import type { EventChange, OprEvent } from '@opr-connect/opr';
import { randomUUID } from 'node:crypto';
import { storable } from '../database/json';
import { Statements, type Sql } from '../database/statements';

/** A promise to carry one thing to one server, as claimed by this core. */
export type OutboxMessage = {
  id: string;
  server: string;
  row: string;
  event: string;
  /** How its source calls the event. */
  eventId: string;
  /** How long it had waited when it was claimed, in milliseconds. */
  age: number;
  /** Fences: whoever lost the lease can no longer write. */
  claim: string;
  attempts: number;
  /** It was tried before, whether that counted as an attempt or not. */
  isRepeat: boolean;
} & (
  { kind: 'forward'; payload: OprEvent } | { kind: 'change'; payload: EventChange } | { kind: 'read'; payload: null }
);

/** What one server takes at a time. */
export interface Room {
  server: string;
  /** Calls under way at once, of all cores together. */
  concurrency: number;
  /** Calls in a minute, of all cores together. */
  ratePerMinute?: number;
}

/**
 * The outbox is a table. Invariants:
 * - a message is claimed by one core at a time, until the lease ends; the claim fences every later write;
 * - of the messages of one ForwardedEvent only the first is ever claimed, and a rejected forward holds up what comes after it;
 * - whether a server is paused, held or tried out, and how much of its rate is left, is read and written by the claim itself,
 *   under the lock of the server's row, so all cores share it;
 * - what is urgent goes first;
 * - nothing leaves the table but in the transaction that writes what follows from it.
 */
@Injectable()
export class OutboxRepository {
  constructor(private readonly database: Statements) {}

  /** Claims what is due, for each server no more than it has room for. A server that another core looks at now is left to it. */
  async claim(rooms: readonly Room[], leaseMs: number): Promise<OutboxMessage[]> {
    const [rows] = await this.database.query<[OutboxMessage[]]>(CLAIM, [
      rooms.map(({ server }) => server),
      rooms.map(({ concurrency }) => concurrency),
      rooms.map(({ ratePerMinute }) => ratePerMinute ?? null),
      randomUUID(),
      leaseMs,
    ]);
    return rows;
  }

  /** Keeps the leases of messages that are still under way. Answers the ids of those that were kept. */
  async renew(messages: readonly OutboxMessage[], leaseMs: number): Promise<Set<string>> {
    const [rows] = await this.database.query<[{ id: string }[]]>(
      `update outbox_message m set due_at = now() + $3 * interval '1 millisecond'
         from unnest($1::uuid[], $2::uuid[]) as held (id, claim)
        where m.id = held.id and m.claim = held.claim returning m.id`,
      [messages.map(({ id }) => id), messages.map(({ claim }) => claim), leaseMs],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Removes messages whose consequences are written in the same transaction. Answers the ids of those whose lease was not lost. */
  async complete(messages: readonly Claimed[], sql: Sql): Promise<Set<string>> {
    const [rows]: [{ id: string }[]] = await sql.query(
      `delete from outbox_message m using unnest($1::uuid[], $2::uuid[]) as held (id, claim)
        where m.id = held.id and m.claim = held.claim returning m.id`,
      [messages.map(({ id }) => id), messages.map(({ claim }) => claim)],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** Gives a message back, to be due after so long. */
  async release(message: Claimed, after: { ms: number; countsAttempt: boolean; error: string }): Promise<void> {
    await this.database.query(
      `update outbox_message
          set claim = null, due_at = now() + $3 * interval '1 millisecond', attempts = attempts - $4, error = $5, reasons = ${reasons('$5')}
        where id = $1 and claim = $2`,
      [message.id, message.claim, after.ms, after.countsAttempt ? 0 : 1, storable(after.error)],
    );
  }

  /** Makes a message a dead letter. False: the lease was lost. */
  async bury(message: Claimed, error: string, sql: Sql): Promise<boolean> {
    const [, count] = await sql.query(
      `update outbox_message set state = 'dead', claim = null, time_died = now(), error = $3, reasons = ${reasons('$3')}
        where id = $1 and claim = $2`,
      [message.id, message.claim, storable(error)],
    );
    return count === 1;
  }
}

type Claimed = Pick<OutboxMessage, 'id' | 'claim'>;

/** The last ten reasons, the newest last. */
export const reasons = (error: string): string => `(
  select coalesce(jsonb_agg(one.value order by one.ordinality), '[]') from (
    select * from jsonb_array_elements(reasons || jsonb_build_object('at', now(), 'attempt', attempts, 'reason', ${error}::text)) with ordinality
     order by ordinality desc limit 10) one)`;

const CLAIM = `
  with free as (
    select s.server, s.failures, s.resumed_at, c.concurrency,
           case when c.rate is not null then
             least(greatest(1, c.rate / 6), coalesce(s.budget, c.rate / 6) + extract(epoch from now() - coalesce(s.budget_at, now())) * c.rate / 60) end as budget
      from unnest($1::uuid[], $2::int[], $3::float8[]) as c (server, concurrency, rate)
      join server_state s on s.server = c.server
     where s.held_at is null and (s.paused_until is null or s.paused_until <= now())
       for update of s skip locked
  ), room as (
    select server, budget,
           case when failures > 0 then 1
                else least(concurrency, coalesce(1 + extract(epoch from now() - resumed_at) * 4, concurrency)) end
           - (select count(*) from outbox_message m where m.server = free.server and m.claim is not null and m.due_at > now()) as places
      from free
  ), picked as (
    select due.seq, room.server
      from room
     cross join lateral (
       select m.seq
         from outbox_message m
        where m.server = room.server and m.state = 'pending' and m.kind <> 'hook' and m.due_at <= now()
          and not exists (select from outbox_message e
                           where e.forwarded_event = m.forwarded_event and e.seq < m.seq
                             and (e.state = 'pending' or e.kind = 'forward'))
        order by m.priority, m.due_at
        limit greatest(0, floor(least(room.places, coalesce(room.budget, room.places))))::int
          for update of m skip locked
     ) due
  ), spent as (
    update server_state s
       set budget = room.budget - (select count(*) from picked where picked.server = s.server), budget_at = now()
      from room where room.server = s.server and room.budget is not null
  )
  update outbox_message m
     set claim = $4, attempts = attempts + 1, due_at = now() + $5 * interval '1 millisecond'
    from picked
   where m.seq = picked.seq
  returning m.id, m.server, m.kind, m.payload, m.claim, m.attempts, m.forwarded_event as row,
            extract(epoch from now() - m.time_created)::float8 * 1000 as age, m.error is not null as "isRepeat",
            (select f.event from forwarded_event f where f.id = m.forwarded_event) as event,
            (select e.event_id from forwarded_event f join event e on e.id = f.event where f.id = m.forwarded_event) as "eventId"`;
