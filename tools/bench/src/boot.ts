import type { Bench } from './bench';
import { filledDatabase, targetsOf } from './filled-database';
import { median, medianRatio } from './numbers';
import type { Measured } from './report';

/** From the start of the process until it listens, with an empty database and with a full one. */
export async function boot(bench: Bench): Promise<Measured> {
  const events = bench.quick ? 100_000 : 1_000_000;
  const rounds = bench.quick ? 3 : 7;
  bench.say(`filling a database with ${events} events`);
  const full = (await bench.filled(events, () => filledDatabase(bench, events))).url;
  const empty = await bench.newDatabase();
  const start = async (url: string): Promise<number> => {
    const core = await bench.core(targetsOf(bench), url);
    await core.stop();
    return core.bootMs;
  };
  for (const url of [empty, full]) await start(url);
  const [without, withEvents]: [number[], number[]] = [[], []];
  for (let round = 1; round <= rounds; round += 1) {
    bench.say(`round ${round} of ${rounds}`);
    without.push(await start(empty));
    withEvents.push(await start(full));
  }
  return {
    ratios: [
      {
        what: `time to listen with ${events} events, of the time with none`,
        value: medianRatio(withEvents, without),
        atMost: 1.5,
      },
    ],
    notes: {
      'with none': `${Math.round(median(without))} ms`,
      [`with ${events}`]: `${Math.round(median(withEvents))} ms`,
    },
  };
}
