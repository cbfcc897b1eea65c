import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import { CONCURRENCY, inTransaction, PRODUCERS } from './job.mjs';

const logger = new Logger(() => () => undefined);

export const name = 'graphile-worker 0.18, a named queue for each key';
export const sharesTransaction = true;

export async function prepare(url) {
  const utils = await makeWorkerUtils({ connectionString: url, logger });
  await utils.migrate();
  await utils.release();
}

export async function producer(url) {
  const pool = new pg.Pool({ connectionString: url, max: PRODUCERS });
  return {
    add: (job) =>
      inTransaction(pool, job, (client) =>
        client.query(`select graphile_worker.add_job('job', $1::json, queue_name => $2)`, [
          JSON.stringify(job),
          `key ${job.key}`,
        ]),
      ),
    close: () => pool.end(),
  };
}

export async function work(url, call) {
  await run({
    connectionString: url,
    concurrency: CONCURRENCY,
    maxPoolSize: 20,
    pollInterval: 500,
    noHandleSignals: true,
    logger,
    taskList: { job: (payload, { job }) => call(payload, job.attempts) },
  });
}
