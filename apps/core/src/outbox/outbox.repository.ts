import { Injectable } from '@nestjs/common';
import type { EventChange, OprEvent } from '@opr-connect/opr';
import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { storable, toJson } from '../database/json';
import type { Sql } from '../conversation/conversation.repository';

/** A promise to carry one thing to one server, or to translate one hook of it, as claimed by this core. */
export type OutboxMessage = {
  id: string;
  server: string;
  /** Fences: whoever lost the lease can no longer write. */
  claim: string;
  attempts: number;
} & (
  | { kind: 'forward'; row: string; event: string; payload: OprEvent }
  | { kind: 'change'; row: string; event: string; payload: EventChange }
  | { kind: 'read'; row: string; event: string }
  | { kind: 'hook'; payload: StoredHook }
);

/** A web hook as it came, kept before anybody understands it. */
export interface StoredHook {
  headers: Record<string, string>;
  /** Base64 of the raw bytes. */
  body: string;
  receivedAt: string;
}

/**
 * The outbox is a table. Invariants:
 * - a message is claimed by one core at a time, until the lease ends; the claim fences every later write;
 * - of the messages of one ForwardedEvent only the first is ever claimed, and a rejected forward holds up what comes after it;
 * - hooks of one server are claimed one by one, in the order in which they came;
 * - nothing leaves the table but in the transaction that writes what follows from it.
 */
@Injectable()
export class OutboxRepository {
  constructor(private readonly database: DataSource) {}

  /** Claims what is due, for each server no more than it has room for. */
  async claim(room: ReadonlyMap<string, number>, leaseMs: number): Promise<OutboxMessage[]> {
    const [rows] = await this.database.query(CLAIM, [[...room.keys()], [...room.values()], randomUUID(), leaseMs]);
    return rows;
  }

  /** Keeps the leases of messages that are still under way. */
  async renew(messages: readonly OutboxMessage[], leaseMs: number): Promise<void> {
    await this.database.query(
      `update outbox_message m set due_at = now() + $3 * interval '1 millisecond'
         from unnest($1::uuid[], $2::uuid[]) as held (id, claim)
        where m.id = held.id and m.claim = held.claim`,
      [messages.map(({ id }) => id), messages.map(({ claim }) => claim), leaseMs],
    );
  }

  /** Removes a message whose consequences are written in the same transaction. False: the lease was lost, so write nothing. */
  async complete(message: OutboxMessage, sql: Sql): Promise<boolean> {
    const [, count] = await sql.query('delete from outbox_message where id = $1 and claim = $2', [
      message.id,
      message.claim,
    ]);
    return count === 1;
  }

  /** Gives a message back, to be due after so long. */
  async release(message: OutboxMessage, after: { ms: number; countsAttempt: boolean; error: string }): Promise<void> {
    await this.database.query(
      `update outbox_message
          set claim = null, due_at = now() + $3 * interval '1 millisecond', attempts = attempts - $4, error = $5
        where id = $1 and claim = $2`,
      [message.id, message.claim, after.ms, after.countsAttempt ? 0 : 1, storable(after.error)],
    );
  }

  /** Makes a message a dead letter. False: the lease was lost. */
  async bury(message: OutboxMessage, error: string, sql: Sql): Promise<boolean> {
    const [, count] = await sql.query(
      `update outbox_message set state = 'dead', claim = null, error = $3 where id = $1 and claim = $2`,
      [message.id, message.claim, storable(error)],
    );
    return count === 1;
  }

  async keepHook(server: string, hook: StoredHook): Promise<void> {
    await this.database.query(`insert into outbox_message (id, server, kind, payload) values ($1, $2, 'hook', $3)`, [
      randomUUID(),
      server,
      toJson(hook),
    ]);
  }
}

const CLAIM = `
  with picked as (
    select due.seq
      from unnest($1::uuid[], $2::int[]) as free (server, slots)
     cross join lateral (
       select m.seq
         from outbox_message m
        where m.server = free.server and m.state = 'pending' and m.due_at <= now()
          and case when m.kind = 'hook'
                   then not exists (select from outbox_message e
                                     where e.server = m.server and e.kind = 'hook' and e.state = 'pending' and e.seq < m.seq)
                   else not exists (select from outbox_message e
                                     where e.forwarded_event = m.forwarded_event and e.seq < m.seq
                                       and (e.state = 'pending' or e.kind = 'forward'))
              end
        order by m.seq
        limit free.slots
          for update of m skip locked
     ) due
  )
  update outbox_message m
     set claim = $3, attempts = attempts + 1, due_at = now() + $4 * interval '1 millisecond'
    from picked
   where m.seq = picked.seq
  returning m.id, m.server, m.kind, m.payload, m.claim, m.attempts, m.forwarded_event as row,
            (select f.event from forwarded_event f where f.id = m.forwarded_event) as event`;
