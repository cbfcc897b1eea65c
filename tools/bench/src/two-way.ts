import { randomUUID } from 'node:crypto';
import type { Bench } from './bench';
import { serviceNowTarget } from './core';
import { CLIENTS, startReference } from './ingest';
import { medianRatio, perSecond } from './numbers';
import type { Measured } from './report';
import { LOGIN } from './secrets';

/** The whole way: forwarded → incident → resolved by a person → closed in OBM. */
export async function twoWay(bench: Bench): Promise<Measured> {
  const [rounds, events] = bench.quick ? [3, 50] : [5, 200];
  const reference = await startReference(bench);
  const core = await bench.core([serviceNowTarget(bench.urls.serviceNow)]);
  await bench.fakes.call('hookTo', `${core.url}/hooks/servicenow`);
  const trip = async (): Promise<number> => {
    const ids = Array.from({ length: events }, () => randomUUID());
    await bench.fakes.call('obmForwards', ids);
    const begun = performance.now();
    const closed = bench.fakes.call('resolveAll', ids);
    const load = { url: core.eventUrl, login: LOGIN, events: ids, category: 'servicenow', clients: CLIENTS };
    await Promise.all([closed, bench.load.call('post', load)]);
    return (events / (performance.now() - begun)) * 1000;
  };
  const bare = async (): Promise<number> => {
    const load = { url: reference, login: LOGIN, events: events * 5, category: 'servicenow', clients: CLIENTS };
    return (await bench.load.call('post', load)).perSecond;
  };
  await bare();
  await trip();
  const [trips, bares]: [number[], number[]] = [[], []];
  for (let round = 1; round <= rounds; round += 1) {
    bench.say(`round ${round} of ${rounds}`);
    bares.push(await bare());
    trips.push(await trip());
  }
  return {
    ratios: [{ what: 'two-way trips of the reference’s one insert', value: medianRatio(trips, bares) }],
    notes: { 'two-way trips': perSecond(trips), reference: perSecond(bares) },
  };
}
