import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import pg from 'pg';
import { CONCURRENCY, inTransaction, PRODUCERS } from './job.mjs';

const require = createRequire(import.meta.url);
const core = new URL('../../../apps/core/dist/', import.meta.url).pathname;
const LEASE_MS = 15_000;
const SERVER = '00000000-0000-4000-8000-000000000001';
const rowOf = (key) => `00000000-0000-4000-9000-${String(key).padStart(12, '0')}`;

export const name = 'the outbox of OPR Connect';
/** A new message of a key is enqueued with the business row. */
export const sharesTransaction = true;

export async function prepare(url, keys) {
  const { migrate } = require(`${core}database/migrate.js`);
  await migrate(url);
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  await pool.query(
    `insert into event (id, event_id, document) select gen_random_uuid(), 'e' || n, '{}' from generate_series(0, $1 - 1) n`,
    [keys],
  );
  await pool.query(
    `insert into forwarded_event (id, event, server, state, type, view)
     select ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, e.id, $2, 'forwarded', 'synchronize', '{}'
       from generate_series(0, $1 - 1) n join event e on e.event_id = 'e' || n`,
    [keys, SERVER],
  );
  await pool.query('insert into server_state (server) values ($1) on conflict do nothing', [SERVER]);
  await pool.end();
}

export async function producer(url) {
  const pool = new pg.Pool({ connectionString: url, max: PRODUCERS });
  return {
    add: (job) =>
      inTransaction(pool, job, (client) =>
        client.query(
          `insert into outbox_message (id, server, forwarded_event, kind, payload) values ($1, $2, $3, 'change', $4)`,
          [randomUUID(), SERVER, rowOf(job.key), JSON.stringify(job)],
        ),
      ),
    close: () => pool.end(),
  };
}

/** The core's own statements, driven as its dispatcher drives them: claim, call, complete what ended meanwhile, claim again. */
export async function work(url, call) {
  const { OutboxRepository } = require(`${core}outbox/outbox.repository.js`);
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  const { Statements } = require(`${core}database/statements.js`);
  const statements = new Statements({ driver: { master: pool } });
  const outbox = new OutboxRepository(statements);
  const held = new Set();
  let looking = false;
  let again = false;
  let ended = [];
  let completing = false;
  const look = async () => {
    again = true;
    if (looking) return;
    looking = true;
    while (again) {
      again = false;
      const room = { server: SERVER, concurrency: CONCURRENCY };
      for (const message of await outbox.claim([room], LEASE_MS)) void start(message);
    }
    looking = false;
  };
  const start = async (message) => {
    held.add(message);
    try {
      await call(message.payload, message.attempts);
      ended.push(message);
      await complete();
    } catch (error) {
      held.delete(message);
      await outbox.release(message, { ms: 1_000, countsAttempt: true, error: String(error) });
    }
  };
  const complete = async () => {
    if (completing) return;
    completing = true;
    while (ended.length > 0) {
      const batch = ended;
      ended = [];
      await outbox.complete(batch, statements);
      batch.forEach((message) => held.delete(message));
      void look();
    }
    completing = false;
  };
  setInterval(() => void look(), 1_000);
  setInterval(() => held.size > 0 && void outbox.renew([...held], LEASE_MS), 5_000);
  await look();
}
