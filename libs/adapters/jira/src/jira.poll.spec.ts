import type { Cursor, Seen } from '@opr-connect/adapter-kit';
import { anEvent, delivery, FLAVOURS, openBench, type Bench } from './jira.fixture';

describe.each(FLAVOURS)('on %s, a poll', (flavour) => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench(flavour);
  });
  afterEach(() => bench.fake.close());

  const keyOf = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
  const forward = (number: number) => bench.adapter.forwardEvent(anEvent(), delivery({ key: keyOf(number) }));
  /** Polls until there is no more, between the pages doing something. */
  const poll = async (cursor: Cursor | undefined, between: (seen: readonly Seen[]) => unknown = () => undefined) => {
    const seen: Seen[] = [];
    for (;;) {
      const polled = await bench.adapter.pollChanges(cursor, AbortSignal.timeout(10_000));
      seen.push(...polled.seen);
      cursor = JSON.parse(JSON.stringify(polled.cursor)) as Cursor;
      if (!polled.more) return { seen, cursor };
      between(seen);
    }
  };

  it('tells each change once, with its comments, and nothing where nothing happened', async () => {
    const { ref } = await forward(1);
    await forward(2);
    const first = await poll(undefined);
    expect(first.seen).toHaveLength(2);
    const second = await poll(first.cursor);
    expect(second.seen).toEqual([]);
    bench.fake.asPerson('ann').comment(ref.id, 'Looking.');
    const third = await poll(second.cursor);
    expect(third.seen).toMatchObject([{ id: ref.id, annotations: [{ text: 'Looking.', own: false }] }]);
    expect((await poll(third.cursor)).seen).toEqual([]);
  });

  it('misses no change within the same minute, nor within the same tick of the clock', async () => {
    bench.fake.issues.wholeSeconds = true;
    const { ref } = await forward(1);
    let { cursor } = await poll(undefined);
    const ann = bench.fake.asPerson('ann');
    for (const summary of ['one', 'two', 'three', 'four']) {
      ann.edit(ref.id, { summary });
      const polled = await poll(cursor);
      expect(polled.seen.map(({ snapshot }) => snapshot?.fields['summary'])).toEqual([summary]);
      cursor = polled.cursor;
    }
  });

  it('walks through many pages and misses nothing that changes meanwhile', async () => {
    const ids: string[] = [];
    for (let number = 0; number < 130; number += 1) {
      const labels = ['opr-connect', `opr-connect-${keyOf(number)}`];
      ids.push(bench.fake.issues.add({ project: 'OPS', issuetype: '10001', summary: 'x', labels }, 'ann', 'To Do').id);
    }
    const ann = bench.fake.asPerson('ann');
    const polled = await poll(undefined, ([first]) => ann.edit(first?.id ?? '', { summary: 'changed meanwhile' }));
    expect(new Set(polled.seen.map(({ id }) => id))).toEqual(new Set(ids));
    const next = await poll(polled.cursor);
    expect(next.seen.map(({ id }) => id)).toEqual([polled.seen[0]?.id]);
  });

  it('finds late what a search knows late', async () => {
    const { ref } = await forward(1);
    const { cursor } = await poll(undefined);
    bench.fake.index.lagMs = 300;
    bench.fake.asPerson('ann').edit(ref.id, { summary: 'late' });
    let polled = await poll(cursor);
    expect(polled.seen).toEqual([]);
    for (const end = Date.now() + 5_000; polled.seen.length === 0 && Date.now() < end;)
      polled = await poll(polled.cursor);
    expect(polled.seen).toMatchObject([{ snapshot: { fields: { summary: 'late' } } }]);
  });

  it('asks for label and minutes only, whatever the time zone of the user', async () => {
    await poll({ since: Date.now() - 3 * 60_000, told: {} });
    const asked = bench.fake.requests.at(-1);
    expect(JSON.parse(asked?.body ?? '')).toMatchObject({
      jql: 'labels = "opr-connect" AND updated >= -9m ORDER BY created ASC',
    });
  });
});
