import { Cluster } from '../cluster';
import { FATES } from '../proxies/http-proxy';
import { Lanes } from './lanes';
import { crashesOf, undisturbed } from './matrix';
import { brokenRows } from './table';

/** The short form of `npm run torture`: every point at which something lasts, once, and every fate of a write without a kill. */
describe('a core that is killed', () => {
  let cluster: Cluster;
  let lanes: Lanes;
  beforeAll(async () => {
    cluster = await Cluster.start();
    lanes = new Lanes(cluster.url, 8);
  }, 60_000);
  afterAll(async () => {
    await lanes.close();
    await cluster.stop();
  }, 60_000);

  it('loses nothing, opens no second ticket and writes no note twice, whatever becomes of the write', async () => {
    const quietWalks = undisturbed(FATES);
    const recorded = await lanes.take(quietWalks);
    expect(brokenRows(recorded)).toEqual([]);

    const points = recorded
      .filter(({ row }) => row.includes('/answered/'))
      .map(({ row, points: passed }) => ({
        walk: quietWalks.find(({ walk }) => row.startsWith(`${walk.name}/`)),
        passed,
      }));
    const crashes = points
      .flatMap(({ walk, passed }) => (walk ? crashesOf(walk, passed).filter(({ crash }) => crash?.point.lasting) : []))
      // Before the one, after the next: the state between two points is the same for both.
      .filter((_, index) => index % 4 === 0 || index % 4 === 3);
    expect(crashes.length).toBeGreaterThan(20);
    expect(brokenRows(await lanes.take(crashes))).toEqual([]);
  }, 240_000);
});
