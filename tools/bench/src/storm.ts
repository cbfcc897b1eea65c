import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Bench } from './bench';
import { oprTarget } from './core';
import { CLIENTS } from './ingest';
import { median } from './numbers';
import type { Measured } from './report';
import { LOGIN } from './secrets';

const SAMPLE_MS = 250;
const WARM_UP = 1_000;

/** Resident memory of a process, in MiB. */
async function residentMiB(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout.trim()) / 1024;
}

/** Everything is acknowledged and nothing can be carried: what piles up must pile up in the database only. */
export async function storm(bench: Bench): Promise<Measured> {
  const events = bench.quick ? 10_000 : 100_000;
  const core = await bench.core([oprTarget('tool', bench.urls.down)]);
  const post = (count: number) =>
    bench.load.call('post', { url: core.eventUrl, login: LOGIN, events: count, category: 'tool', clients: CLIENTS });
  await post(WARM_UP);
  const memory: number[] = [];
  const acks: number[] = [];
  for (let tenth = 1; tenth <= 10; tenth += 1) {
    const samples: Promise<number>[] = [];
    const sampling = setInterval(() => samples.push(residentMiB(core.pid)), SAMPLE_MS);
    try {
      acks.push((await post(events / 10)).perSecond);
    } finally {
      clearInterval(sampling);
    }
    memory.push(median(await Promise.all(samples)));
    bench.say(`${tenth} of 10: ${Math.round(acks.at(-1) ?? 0)}/s, ${Math.round(memory.at(-1) ?? 0)} MiB`);
  }
  const [first = NaN, , , warm = NaN] = [acks[0], acks[1], acks[2], memory[2]];
  return {
    ratios: [
      {
        what: 'memory in the last tenth of the storm, of the third tenth',
        value: (memory[9] ?? NaN) / warm,
        atMost: 1.2,
      },
      { what: 'acknowledged in the last tenth, of the first tenth', value: (acks[9] ?? NaN) / first, atLeast: 0.8 },
    ],
    notes: {
      events: String(events),
      'memory by tenths': `${memory.map(Math.round).join(' ')} MiB`,
      'acknowledged by tenths': `${acks.map(Math.round).join(' ')} /s`,
    },
  };
}
