import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from './bench';
import { oprTarget, type Core } from './core';
import { CLIENTS } from './ingest';
import { medianRatio, perSecond } from './numbers';
import type { Measured } from './report';
import { LOGIN } from './secrets';

const LONGEST_MS = 120_000;

/** What a healthy server loses while messages to another one, which never answers, are under way and more of them wait. */
export async function deadNeighbour(bench: Bench): Promise<Measured> {
  const [rounds, events] = bench.quick ? [3, 200] : [7, 500];
  const healthy = oprTarget('healthy', bench.urls.healthy);
  const alone = await bench.core([healthy]);
  const beside = await bench.core([healthy, oprTarget('mute', bench.urls.mute)]);
  const post = (core: Core, category: string, count = events) =>
    bench.load.call('post', { url: core.eventUrl, login: LOGIN, events: count, category, clients: CLIENTS });
  const measure = async (core: Core) => {
    const wanted = (await bench.fakes.call('taken', undefined)) + events;
    const begun = performance.now();
    const { perSecond: acks } = await post(core, 'healthy');
    while ((await bench.fakes.call('taken', undefined)) < wanted) {
      if (performance.now() - begun > LONGEST_MS) throw new Error('the healthy server did not get everything in time');
      await sleep(5);
    }
    const carried = (events / (performance.now() - begun)) * 1000;
    await core.carriedAll(core === beside ? events : 0);
    return { acks, carried };
  };
  await post(beside, 'mute');
  for (const core of [alone, beside]) await measure(core);
  const seen = {
    alone: { acks: [] as number[], carried: [] as number[] },
    beside: { acks: [] as number[], carried: [] as number[] },
  };
  for (let round = 1; round <= rounds; round += 1) {
    bench.say(`round ${round} of ${rounds}`);
    for (const [core, into] of [
      [alone, seen.alone],
      [beside, seen.beside],
    ] as const) {
      const { acks, carried } = await measure(core);
      into.acks.push(acks);
      into.carried.push(carried);
    }
  }
  return {
    ratios: [
      {
        what: 'carried to a healthy server beside a dead one, of what is carried without it',
        value: medianRatio(seen.beside.carried, seen.alone.carried),
        atLeast: 0.8,
      },
      {
        what: 'acknowledged beside a dead server, of what is acknowledged without it',
        value: medianRatio(seen.beside.acks, seen.alone.acks),
        atLeast: 0.8,
      },
    ],
    notes: { 'carried alone': perSecond(seen.alone.carried), 'carried beside': perSecond(seen.beside.carried) },
  };
}
