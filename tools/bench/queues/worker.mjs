// A process that works: worker.mjs <queue> <database URL> <whether some jobs fail at first>. It tells its parent of every call.
import { setTimeout as sleep } from 'node:timers/promises';
import { CALL_MS, failsFirst } from './job.mjs';

const [, , queue, url, failing] = process.argv;
const now = () => Number(process.hrtime.bigint()) / 1e6;

const { work } = await import(`./${queue}.mjs`);
process.once('disconnect', () => process.exit(0));
// From then on its calls never end: what it has in hand when it is killed is known to be in hand.
let hangs = false;
process.on('message', () => (hangs = true));
await work(url, async (job, attempt) => {
  const begun = now();
  if (hangs) {
    process.send({ hanging: true });
    await new Promise(() => undefined);
  }
  await sleep(CALL_MS);
  const ok = !(failing === 'true' && attempt === 1 && failsFirst(job));
  await new Promise((resolve) => process.send({ ...job, begun, ended: now(), ok }, resolve));
  if (!ok) throw new Error('the tool refused this time');
});
process.send({ ready: true });
