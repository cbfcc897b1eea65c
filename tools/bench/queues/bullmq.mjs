import { createPostgresBackend, Queue, runMigrations, Worker } from 'bullmq';
import pg from 'pg';
import { CONCURRENCY, inTransaction, PRODUCERS } from './job.mjs';

const QUEUE = 'jobs';

export const name = 'BullMQ 6 on PostgreSQL, one queue';
/** `add` has no parameter for a connection or a transaction: the business row commits first, and the job after it. */
export const sharesTransaction = false;

export async function prepare(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await runMigrations(client);
  await client.end();
}

export async function producer(url) {
  const pool = new pg.Pool({ connectionString: url, max: PRODUCERS });
  const queue = new Queue(QUEUE, { connection: { connectionString: url, max: PRODUCERS } }, createPostgresBackend);
  return {
    add: async (job) => {
      await inTransaction(pool, job, () => undefined);
      await queue.add('job', job, { attempts: 10, backoff: { type: 'fixed', delay: 1_000 }, removeOnComplete: true });
    },
    close: async () => {
      await queue.close();
      await pool.end();
    },
  };
}

export async function work(url, call) {
  const options = {
    connection: { connectionString: url, max: 20 },
    concurrency: CONCURRENCY,
    lockDuration: 15_000,
    stalledInterval: 5_000,
  };
  const worker = new Worker(QUEUE, (job) => call(job.data, job.attemptsMade + 1), options, createPostgresBackend);
  worker.on('error', (error) => console.error(String(error)));
  await worker.waitUntilReady();
}
