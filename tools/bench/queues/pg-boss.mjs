import pg from 'pg';
import { PgBoss } from 'pg-boss';
import { CONCURRENCY, inTransaction, PRODUCERS } from './job.mjs';

const QUEUE = 'jobs';
const open = async (connectionString, options) => {
  const boss = new PgBoss({ connectionString, ...options });
  boss.on('error', (error) => console.error(String(error)));
  await boss.start();
  return boss;
};

export const name = 'pg-boss 12, policy key_strict_fifo';
export const sharesTransaction = true;

export async function prepare(url) {
  const boss = await open(url, { max: 4 });
  // The heartbeat may not be shorter.
  await boss.createQueue(QUEUE, {
    policy: 'key_strict_fifo',
    retryLimit: 10,
    retryDelay: 1,
    heartbeatSeconds: 10,
  });
  await boss.stop();
}

export async function producer(url) {
  const boss = await open(url, { max: 2, supervise: false, schedule: false });
  const pool = new pg.Pool({ connectionString: url, max: PRODUCERS });
  return {
    add: (job) =>
      inTransaction(pool, job, (client) =>
        boss.send(QUEUE, job, {
          singletonKey: String(job.key),
          db: { executeSql: (text, values) => client.query(text, values) },
        }),
      ),
    close: async () => {
      await boss.stop();
      await pool.end();
    },
  };
}

export async function work(url, call) {
  const boss = await open(url, { max: 20, monitorIntervalSeconds: 1 });
  const options = {
    localConcurrency: 2,
    batchSize: CONCURRENCY / 2,
    perJobResults: true,
    includeMetadata: true,
    burstWhenBatchFull: true,
    // The shortest. LISTEN/NOTIFY would make it poll seldom, and tells it nothing of a successor that may go now.
    pollingIntervalSeconds: 0.5,
  };
  await boss.work(QUEUE, options, (jobs) =>
    Promise.all(
      jobs.map(({ id, data, retryCount }) =>
        call(data, retryCount + 1).then(
          () => ({ id, status: 'completed' }),
          (error) => ({ id, status: 'failed', output: { reason: String(error) } }),
        ),
      ),
    ),
  );
}
