import { Injectable } from '@nestjs/common';
import type { EventChange, OprEvent } from '@opr-connect/opr';
import { DataSource } from 'typeorm';
import type { Sql } from '../database/statements';
import type { StoredHook } from '../hooks/inbox.repository';
import type { DeadKind } from './inputs';

/** A message that will not be carried unless a person says so. */
export type DeadLetter = {
  /** Its place in the outbox. */
  seq: number;
  id: string;
  /** uuid of the connected server. */
  server: string;
} & DeadContent;

type DeadContent =
  | { kind: 'forward'; payload: OprEvent; row: string; event: string }
  | { kind: 'change'; payload: EventChange; row: string; event: string }
  | { kind: 'hook'; payload: StoredHook; row: null; event: null };

/** What people want to know of it besides. */
export interface DeadLetterFacts {
  /** How its source calls the event; null for a hook. */
  eventId: string | null;
  attempts: number;
  /** The last failures, the newest last. */
  reasons: { at: string; attempt: number; reason: string }[];
  created: Date;
  died: Date;
}

/** Conditions with everything looked up. */
export interface DeadLetterQuery {
  /** uuid of the connected server. */
  server?: string;
  kind?: DeadKind;
  /** The hub's own ids of events. */
  events?: readonly string[];
}

/** Dead letters where they lie: in the outbox. */
@Injectable()
export class DeadLetterRepository {
  constructor(private readonly database: DataSource) {}

  /** The newest first. */
  async newest(
    query: DeadLetterQuery,
    limit: number,
    before: number | undefined,
  ): Promise<(DeadLetter & DeadLetterFacts)[]> {
    return this.database.query(
      `select ${CONTENT}, e.event_id as "eventId", m.attempts, m.reasons, m.time_created as created, m.time_died as died
         from ${JOINED} left join event e on e.id = f.event
        where ${MATCHES} and ($4::bigint is null or m.seq < $4) order by m.seq desc limit $5`,
      [...conditions(query), before ?? null, limit],
    );
  }

  async count(query: DeadLetterQuery): Promise<number> {
    const [{ count }] = await this.database.query(
      `select count(*)::int as count from ${JOINED} where ${MATCHES}`,
      conditions(query),
    );
    return count;
  }

  /** The oldest first, beyond `after` and up to `last`. */
  async idsAfter(
    query: DeadLetterQuery,
    after: number,
    last: number,
    limit: number,
  ): Promise<{ seq: number; id: string }[]> {
    return this.database.query(
      `select m.seq::float8 as seq, m.id from ${JOINED} where ${MATCHES} and m.seq > $4 and m.seq <= $5 order by m.seq limit $6`,
      [...conditions(query), after, last, limit],
    );
  }

  /** The number of the newest that matches; 0 if none does. */
  async last(query: DeadLetterQuery): Promise<number> {
    const [{ last }] = await this.database.query(
      `select coalesce(max(m.seq), 0)::float8 as last from ${JOINED} where ${MATCHES}`,
      conditions(query),
    );
    return last;
  }

  /** Takes a dead letter until the transaction ends. Who comes second waits, and then finds none. */
  async take(id: string, sql: Sql): Promise<DeadLetter | undefined> {
    const [found] = await sql.query(
      `select ${CONTENT} from ${JOINED} where m.id = $1 and m.state = 'dead' for update of m`,
      [id],
    );
    return found;
  }

  /** Whether there is a message by this id that is no dead letter. */
  async isAlive(id: string): Promise<boolean> {
    const [found] = await this.database.query(`select 1 from outbox_message where id = $1 and state <> 'dead'`, [id]);
    return found !== undefined;
  }

  /** A dead letter waits again, as if it had never been tried, in the place that it always had. */
  async revive(letter: DeadLetter, sql: Sql): Promise<void> {
    await sql.query(
      `update outbox_message set state = 'pending', attempts = 0, claim = null, due_at = now(), time_died = null where seq = $1`,
      [letter.seq],
    );
  }

  async remove(letter: DeadLetter, sql: Sql): Promise<void> {
    await sql.query(`delete from outbox_message where seq = $1`, [letter.seq]);
  }
}

const CONTENT = `m.seq::float8 as seq, m.id, m.server, m.kind, m.payload, m.forwarded_event as row, f.event`;
const JOINED = `outbox_message m left join forwarded_event f on f.id = m.forwarded_event`;
const MATCHES = `m.state = 'dead' and ($1::uuid is null or m.server = $1) and ($2::text is null or m.kind = $2)
          and ($3::uuid[] is null or f.event = any($3))`;

const conditions = ({ server, kind, events }: DeadLetterQuery): unknown[] => [
  server ?? null,
  kind ?? null,
  events ?? null,
];
