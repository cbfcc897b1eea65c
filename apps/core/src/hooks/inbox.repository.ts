import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { storable, toJson } from '../database/json';
import { Statements, type Sql } from '../database/statements';
import { reasons } from '../outbox/outbox.repository';

/** A web hook as it came, kept before anybody understands it. */
export interface StoredHook {
  headers: Record<string, string>;
  /** Base64 of the raw bytes. */
  body: string;
  receivedAt: string;
}

export interface InboxMessage {
  id: string;
  server: string;
  attempts: number;
  /** How long it had waited when it was taken, in milliseconds. */
  age: number;
  payload: StoredHook;
}

/** The right to translate the hooks of one server, until it is given up or its lease ends. */
export interface InboxLease {
  server: string;
  claim: string;
}

/**
 * The inbox holds web hooks in the order in which they came. Invariants:
 * - the hooks of one server are translated by one core at a time, which holds the lease of that server's inbox;
 * - the lease fences: who lost it removes nothing any more;
 * - only the first hook may be taken, so one that must wait holds up what came after it.
 */
@Injectable()
export class InboxRepository {
  constructor(private readonly database: Statements) {}

  async keep(server: string, hook: StoredHook): Promise<void> {
    await this.database.query(`insert into outbox_message (id, server, kind, payload) values ($1, $2, 'hook', $3)`, [
      randomUUID(),
      server,
      toJson(hook),
    ]);
  }

  /** Takes the inboxes of those servers whose first hook is due and that no other core translates for. */
  async lease(servers: readonly string[], leaseMs: number): Promise<InboxLease[]> {
    const [rows] = await this.database.query<[InboxLease[]]>(
      `update server_state s set inbox_claim = $2, inbox_until = now() + $3 * interval '1 millisecond'
        where s.server = any($1) and (s.inbox_until is null or s.inbox_until < now())
          and (select m.due_at from outbox_message m
                where m.server = s.server and m.kind = 'hook' and m.state = 'pending' order by m.seq limit 1) <= now()
        returning s.server, s.inbox_claim as claim`,
      [servers, randomUUID(), leaseMs],
    );
    return rows;
  }

  async renew(leases: readonly InboxLease[], leaseMs: number): Promise<void> {
    await this.database.query(
      `update server_state s set inbox_until = now() + $3 * interval '1 millisecond'
         from unnest($1::uuid[], $2::uuid[]) as held (server, claim)
        where s.server = held.server and s.inbox_claim = held.claim`,
      [leases.map(({ server }) => server), leases.map(({ claim }) => claim), leaseMs],
    );
  }

  /** Hooks that wait for their server are due now. */
  async hurry(server: string, sql: Sql): Promise<void> {
    await sql.query(
      `update outbox_message set due_at = now()
        where server = $1 and kind = 'hook' and state = 'pending' and due_at > now()`,
      [server],
    );
  }

  /** Lets another core translate, or the same one when more comes. */
  async giveUp({ server, claim }: InboxLease): Promise<void> {
    await this.database.query(
      `update server_state set inbox_claim = null, inbox_until = null where server = $1 and inbox_claim = $2`,
      [server, claim],
    );
  }

  /** The first hooks of the server, up to the first that must wait. */
  async first({ server }: InboxLease, limit: number): Promise<InboxMessage[]> {
    const rows: (InboxMessage & { due: boolean })[] = await this.database.query(
      `select id, server, attempts, payload, due_at <= now() as due, extract(epoch from now() - time_created)::float8 * 1000 as age
         from outbox_message
        where server = $1 and kind = 'hook' and state = 'pending' order by seq limit $2`,
      [server, limit],
    );
    const waits = rows.findIndex(({ due }) => !due);
    return waits < 0 ? rows : rows.slice(0, waits);
  }

  /** Removes a hook in the transaction that writes what follows from it. False: the lease was lost, so write nothing. */
  async complete(message: InboxMessage, { claim }: InboxLease, sql: Sql): Promise<boolean> {
    const [, count] = await sql.query(
      `delete from outbox_message m using server_state s where m.id = $1 and s.server = m.server and s.inbox_claim = $2`,
      [message.id, claim],
    );
    return count === 1;
  }

  /** The hook must wait, and what came after it too. */
  async postpone(message: InboxMessage, { claim }: InboxLease, ms: number, error: string): Promise<void> {
    await this.database.query(
      `update outbox_message m set attempts = attempts + 1, due_at = now() + $3 * interval '1 millisecond', error = $4, reasons = ${reasons('$4')}
         from server_state s where m.id = $1 and s.server = m.server and s.inbox_claim = $2`,
      [message.id, claim, ms, storable(error)],
    );
  }

  /** The hook cannot be understood: a dead letter, until the mapping is put right. */
  async bury(message: InboxMessage, { claim }: InboxLease, error: string): Promise<void> {
    await this.database.query(
      `update outbox_message m set state = 'dead', time_died = now(), attempts = attempts + 1, error = $3, reasons = ${reasons('$3')}
         from server_state s where m.id = $1 and s.server = m.server and s.inbox_claim = $2`,
      [message.id, claim, storable(error)],
    );
  }
}
