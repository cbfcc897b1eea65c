import type { Bench } from './bench';
import { filledDatabase, targetsOf } from './filled-database';
import { median, medianRatio } from './numbers';
import type { Measured } from './report';
import { LOGIN } from './secrets';

/** `GET /opr/obm/event/<external id>` with few and with many events in the store. */
export async function lookUp(bench: Bench): Promise<Measured> {
  const sizes = bench.quick ? ([10_000, 100_000] as const) : ([10_000, 1_000_000] as const);
  const [rounds, reads] = bench.quick ? [5, 200] : [9, 500];
  const stores = [];
  for (const size of sizes) {
    bench.say(`filling a database with ${size} events`);
    const database = await bench.filled(size, () => filledDatabase(bench, size));
    const core = await bench.core(targetsOf(bench), database.url);
    const oneOfThem = () => `${core.url}/opr/obm/event/${database.externalId(1 + Math.floor(Math.random() * size))}`;
    const look = async () =>
      median(await bench.load.call('read', { urls: Array.from({ length: reads }, oneOfThem), login: LOGIN }));
    stores.push({ look, took: [] as number[] });
  }
  for (const { look } of stores) await look();
  for (let round = 1; round <= rounds; round += 1) {
    bench.say(`round ${round} of ${rounds}`);
    for (const { look, took } of stores) took.push(await look());
  }
  const [few = [], many = []] = stores.map(({ took }) => took);
  return {
    ratios: [
      {
        what: `time of a look-up among ${sizes[1]} events, of one among ${sizes[0]}`,
        value: medianRatio(many, few),
        atMost: 1.2,
      },
    ],
    notes: {
      [`among ${sizes[0]}`]: `${median(few).toFixed(2)} ms`,
      [`among ${sizes[1]}`]: `${median(many).toFixed(2)} ms`,
    },
  };
}
