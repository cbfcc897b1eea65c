import { Injectable } from '@nestjs/common';
import type { Json } from '@opr-connect/adapter-kit';
import { randomUUID } from 'node:crypto';
import { storable, toJson } from '../database/json';
import { Statements, type Sql } from '../database/statements';

/** Work that comes back: one row for each kind and server, or for each kind that concerns the hub as a whole. */
export interface Recurring {
  kind: string;
  /** uuid of the connected server; none for the hub itself. */
  server?: string;
  /** How long after it was done it is due again, in milliseconds; none: only when somebody asks for it. */
  everyMs?: number;
  /** How long a new row waits before it is due for the first time, in milliseconds. */
  firstMs: number;
}

/** The right to do a piece of work, until it is given up or its lease ends. */
export interface ScheduledWork {
  id: string;
  kind: string;
  /** uuid of the connected server; null for the hub itself. */
  server: string | null;
  /** Fences: whoever lost the lease can no longer write. */
  claim: string;
  /** Failures before this try, one after the other. */
  attempts: number;
  /** How far the work got. */
  cursor: Json;
}

/** Work as people see it. */
export interface WorkFacts extends Pick<ScheduledWork, 'kind' | 'server'> {
  underWay: boolean;
  /** Null while it is under way, or if it waits for somebody to ask. */
  due: Date | null;
  /** When it went well last. */
  done: Date | null;
  /** One after the other. */
  failures: number;
  /** Of the last try; null: it went well. */
  error: string | null;
}

/** How a piece of work ended for now. */
export interface Ended {
  /** When it is due again, in milliseconds from now; `undefined`: when somebody asks for it. */
  dueMs: number | undefined;
  /** Why it failed. */
  error?: string;
  /** A failure of the work itself, and not of the server that it is about. */
  countsAttempt?: boolean;
}

/** It goes on as soon as the server that it is about is paused no more. */
export const PAUSED: Ended = { dueMs: 0, error: 'the server is paused' };

/** Its server is configured no more, inactive, or has bad settings: it goes on when that is put right. */
export const LEFT: Ended = { dueMs: 0, error: 'the server is not in use' };

/** Where work by the clock is kept. What may be relied on is said at `Schedules`. */
@Injectable()
export class ScheduleRepository {
  constructor(private readonly database: Statements) {}

  async all(): Promise<WorkFacts[]> {
    return this.database.query(
      `select kind, server, claim is not null and due_at > now() as "underWay", done_at as done, attempts as failures, error,
              case when due_at < 'infinity' and (claim is null or due_at <= now()) then due_at end as due
         from scheduled_work order by kind, server`,
    );
  }

  /** Makes the rows that are missing. Work that comes more often than it did is due sooner at once. */
  async ensure(recurring: readonly Recurring[]): Promise<void> {
    await this.database.query(
      `insert into scheduled_work as w (kind, server, due_at)
       select r.kind, r.server, coalesce(now() + r.first * interval '1 millisecond', 'infinity')
         from unnest($1::text[], $2::uuid[], $3::float8[], $4::float8[]) as r (kind, server, first, every)
       on conflict (kind, server) do update
          set due_at = least(w.due_at, (select coalesce(now() + r.every * interval '1 millisecond', 'infinity')
                 from unnest($1::text[], $2::uuid[], $4::float8[]) as r (kind, server, every)
                where r.kind = excluded.kind and r.server is not distinct from excluded.server))
        where w.claim is null`,
      [
        recurring.map(({ kind }) => kind),
        recurring.map(({ server }) => server ?? null),
        recurring.map(({ everyMs, firstMs }) => (everyMs === undefined ? null : firstMs)),
        recurring.map(({ everyMs }) => everyMs ?? null),
      ],
    );
  }

  /** Takes what is due, but for servers that are held or paused. What another core looks at now is left to it. */
  async claim(recurring: readonly Recurring[], leaseMs: number): Promise<ScheduledWork[]> {
    const [rows] = await this.database.query<[ScheduledWork[]]>(
      `update scheduled_work w set claim = $3, asked = false, due_at = now() + $4 * interval '1 millisecond'
         from (select w.id from unnest($1::text[], $2::uuid[]) as r (kind, server)
                 join scheduled_work w on w.kind = r.kind and w.server is not distinct from r.server
                 left join server_state s on s.server = w.server
                where w.due_at <= now() and s.held_at is null and (s.paused_until is null or s.paused_until <= now())
                  for update of w skip locked) due
        where w.id = due.id
       returning w.id, w.kind, w.server, w.claim, w.attempts, w.cursor`,
      [recurring.map(({ kind }) => kind), recurring.map(({ server }) => server ?? null), randomUUID(), leaseMs],
    );
    return rows;
  }

  /** Keeps leases. Answers the ids of the work whose lease was kept. */
  async renew(work: readonly ScheduledWork[], leaseMs: number): Promise<Set<string>> {
    const [rows] = await this.database.query<[{ id: string }[]]>(
      `update scheduled_work w set due_at = now() + $3 * interval '1 millisecond'
         from unnest($1::bigint[], $2::uuid[]) as held (id, claim)
        where w.id = held.id and w.claim = held.claim returning w.id`,
      [work.map(({ id }) => id), work.map(({ claim }) => claim), leaseMs],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /**
   * Notes how far the work got, in the transaction that writes what it did: until that ends nobody else can claim it. False:
   * the lease was lost, so write nothing.
   */
  async advance(work: ScheduledWork, cursor: Json, sql: Sql): Promise<boolean> {
    const [, count] = await sql.query(
      `update scheduled_work set cursor = $3, attempts = 0 where id = $1 and claim = $2`,
      [work.id, work.claim, toJson(cursor)],
    );
    return count === 1;
  }

  /** Lets go of work. */
  async end({ id, claim }: ScheduledWork, { dueMs, error, countsAttempt = false }: Ended): Promise<void> {
    await this.database.query(
      `update scheduled_work
          set claim = null, error = $4,
              due_at = case when asked and $4::text is null then now() else coalesce(now() + $3 * interval '1 millisecond', 'infinity') end,
              attempts = case when $4::text is null then 0 else attempts + $5 end,
              done_at = case when $4::text is null then now() else done_at end
        where id = $1 and claim = $2`,
      [id, claim, dueMs ?? null, error === undefined ? null : storable(error), countsAttempt ? 1 : 0],
    );
  }

  /** Somebody asks for it now. Work that is under way is due again as soon as it is done. */
  async ask(kind: string, server: string, sql: Sql): Promise<void> {
    await sql.query(
      `update scheduled_work
          set asked = claim is not null, due_at = case when claim is null then least(due_at, now()) else due_at end
        where kind = $1 and server = $2`,
      [kind, server],
    );
  }
}
