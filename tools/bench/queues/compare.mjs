// The same ordered job on four queues, on one durable PostgreSQL, in turns. Prints one JSON document.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { PRODUCERS } from './job.mjs';

const QUEUES = ['outbox', 'pg-boss', 'graphile-worker', 'bullmq'];
const quick = process.argv.includes('--quick');
const [KEYS, JOBS, ROUNDS] = quick ? [50, 10, 1] : [100, 10, 3];
/** How long a run may go on without a job being done before it is given up. */
const PATIENCE_MS = 60_000;
const LONGEST_MS = 180_000;
const require = createRequire(import.meta.url);
const { startEmbeddedPostgres } = require('../../../apps/core/dist/index.js');
const say = (line) => console.error(line);
const now = () => Number(process.hrtime.bigint()) / 1e6;
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const folder = await mkdtemp(join(tmpdir(), 'opr-connect-queues-'));
await chmod(folder, 0o711);
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'data'), settings: { max_connections: '200' } });
let databases = 0;
const workers = new Set();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void close().finally(() => process.exit(1)));
try {
  const results = Object.fromEntries(QUEUES.map((queue) => [queue, { enqueued: [], worked: [] }]));
  for (let round = 1; round <= ROUNDS; round += 1)
    for (const queue of QUEUES) {
      const { enqueuedPerSecond, workedPerSecond } = await run(queue, {});
      say(`round ${round}: ${queue} ${Math.round(enqueuedPerSecond)}/s in, ${Math.round(workedPerSecond)}/s worked`);
      results[queue].enqueued.push(enqueuedPerSecond);
      results[queue].worked.push(workedPerSecond);
    }
  for (const queue of QUEUES) {
    results[queue].failing = await run(queue, { failing: true });
    say(`${queue}, some fail at first: ${JSON.stringify(results[queue].failing)}`);
    results[queue].crash = await run(queue, { crash: true });
    say(`${queue}, a worker is killed: ${JSON.stringify(results[queue].crash)}`);
  }
  console.log(JSON.stringify(await report(results), null, 2));
} finally {
  await close();
}

async function close() {
  for (const worker of workers) worker.kill('SIGKILL');
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

async function run(queue, { failing = false, crash = false }) {
  const url = await postgres.ensureDatabase(`queue_${++databases}`);
  const { prepare, producer } = await import(`./${queue}.mjs`);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('create table business (key int, n int, primary key (key, n))');
  await prepare(url, KEYS);
  const enqueuedMs = await enqueueAll(await producer(url));
  // Each begins with the statistics that it would have after a while.
  await client.query('vacuum analyze');
  await client.end();

  const calls = [];
  const isDone = new Set();
  let lastNews = now();
  const begun = now();
  let busy;
  const take = (call, worker) => {
    if (call.ready || call.hanging) return;
    calls.push(call);
    busy = worker;
    if (!call.ok) return;
    isDone.add(`${call.key}/${call.n}`);
    lastNews = now();
  };
  const started = [startWorker(queue, url, failing, take)];
  if (crash) started.push(startWorker(queue, url, failing, take));
  let killedAt;
  let killing = false;
  while (isDone.size < KEYS * JOBS && now() - lastNews < PATIENCE_MS && now() - begun < LONGEST_MS) {
    if (crash && !killing && isDone.size >= (KEYS * JOBS) / 3) {
      killing = true;
      // One that surely works: the other may not have begun yet.
      const victim = busy;
      // It dies with jobs in hand, as a machine does in the middle of a call.
      victim.on('message', ({ hanging }) => {
        if (!hanging || killedAt !== undefined) return;
        killedAt = now();
        victim.kill('SIGKILL');
      });
      victim.send('hang');
    }
    await sleep(5);
  }
  for (const worker of started) await end(worker);
  if (crash && killedAt === undefined) throw new Error(`no worker of ${queue} was killed with a job in hand`);
  const doneMs =
    Math.max(...calls.filter(({ ok }) => ok).map(({ ended }) => ended)) - Math.min(...calls.map((call) => call.begun));
  return {
    enqueuedPerSecond: (KEYS * JOBS * 1_000) / enqueuedMs,
    workedPerSecond: (isDone.size * 1_000) / doneMs,
    notDone: KEYS * JOBS - isDone.size,
    outOfOrder: outOfOrder(calls),
    doneTwice: calls.filter(({ ok }) => ok).length - isDone.size,
    secondsAfterKill: killedAt === undefined ? undefined : (lastNews - killedAt) / 1_000,
    totalSeconds: (lastNews - begun) / 1_000,
  };
}

/** Keys side by side, the jobs of one key in order. */
async function enqueueAll({ add, close }) {
  const begun = now();
  let next = 0;
  const one = async () => {
    while (next < KEYS) {
      const key = next++;
      for (let n = 1; n <= JOBS; n += 1) await add({ key, n });
    }
  };
  await Promise.all(Array.from({ length: PRODUCERS }, one));
  const took = now() - begun;
  await close();
  return took;
}

function startWorker(queue, url, failing, take) {
  const worker = fork(new URL('./worker.mjs', import.meta.url).pathname, [queue, url, String(failing)]);
  workers.add(worker);
  worker.on('message', (call) => take(call, worker));
  return worker;
}

async function end(worker) {
  workers.delete(worker);
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  const exited = once(worker, 'exit');
  worker.kill('SIGKILL');
  await exited;
}

/** Jobs that began before the one before them was done. */
function outOfOrder(calls) {
  const firstDone = new Map();
  for (const { key, n, ended, ok } of calls)
    if (ok) firstDone.set(`${key}/${n}`, Math.min(ended, firstDone.get(`${key}/${n}`) ?? Infinity));
  const early = calls.filter(({ key, n, begun }) => n > 1 && begun < (firstDone.get(`${key}/${n - 1}`) ?? Infinity));
  return new Set(early.map(({ key, n }) => `${key}/${n}`)).size;
}

async function report(results) {
  const ratio = (queue, what) =>
    Number(median(results[queue][what].map((value, round) => value / results.outbox[what][round])).toFixed(2));
  const queues = [];
  for (const queue of QUEUES) {
    const { name, sharesTransaction } = await import(`./${queue}.mjs`);
    const { failing, crash } = results[queue];
    queues.push({
      name,
      sharesTransaction,
      enqueuedOfOurs: ratio(queue, 'enqueued'),
      workedOfOurs: ratio(queue, 'worked'),
      someFail: { outOfOrder: failing.outOfOrder, notDone: failing.notDone },
      crash: {
        secondsUntilAllDone: crash.notDone ? null : Number(crash.secondsAfterKill.toFixed(1)),
        notDone: crash.notDone,
        outOfOrder: crash.outOfOrder,
        doneTwice: crash.doneTwice,
      },
    });
  }
  return {
    keys: KEYS,
    jobs: JOBS,
    rounds: ROUNDS,
    processors: `${cpus().length} × ${cpus()[0]?.model}`,
    node: process.version,
    queues,
  };
}
