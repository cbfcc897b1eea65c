import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Adapter, Cursor, Seen } from '../../adapter';
import type { Bench } from '../bench';
import { cases } from '../case';
import { told } from '../told';

/** More pages than any walk of these cases has. */
const MOST_PAGES = 20;

/** Polls until there is no more; the cursor as it is stored. */
async function poll(
  bench: Bench,
  adapter: Required<Adapter>,
  from?: Cursor,
): Promise<{ seen: Seen[]; cursor: Cursor }> {
  const all: Seen[] = [];
  let cursor = from;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const polled = await adapter.pollChanges(cursor, bench.delivery().signal);
    all.push(...polled.seen);
    cursor = JSON.parse(JSON.stringify(polled.cursor)) as Cursor;
    if (!polled.more) return { seen: all, cursor };
  }
  assert.fail('the poll never ends');
}

const titles = (adapter: Adapter, seen: readonly Seen[]): (string | undefined)[] =>
  seen.map((each) => told(adapter, each).properties['title']);

export const POLLS = cases('synchronize', [
  {
    id: 'poll.once',
    title: 'a poll tells what changed since the last one, and the next poll does not tell it again',
    needs: ['pollChanges'],
    async run(bench) {
      const adapter = bench.connect();
      const { ref } = await bench.forward(adapter);
      const before = await poll(bench, adapter);
      bench.tool.edit(ref.id, { title: 'Edited by a person' });
      const first = await poll(bench, adapter, before.cursor);
      assert.deepEqual(titles(adapter, first.seen), ['Edited by a person']);
      assert.deepEqual((await poll(bench, adapter, first.cursor)).seen, []);
    },
  },
  {
    id: 'poll.pages',
    title: 'a poll of more changed records than fit on a page tells all of them, page by page',
    needs: ['pollChanges'],
    async run(bench) {
      const adapter = bench.connect();
      const ids: string[] = [];
      for (let index = 0; index < bench.morePerPage; index += 1) {
        const event = { ...bench.event, id: randomUUID(), title: `event ${index}` };
        ids.push((await bench.forward(adapter, event, { key: randomUUID() })).ref.id);
      }
      const before = await poll(bench, adapter);
      for (const [index, id] of ids.entries()) bench.tool.edit(id, { title: `edit ${index}` });
      const { seen } = await poll(bench, adapter, before.cursor);
      assert.deepEqual(titles(adapter, seen).sort(), ids.map((_, index) => `edit ${index}`).sort());
    },
  },
  {
    id: 'poll.same-moment',
    title: 'an edit right after a poll, within the same tick of the clock of the tool, is told by the next poll',
    needs: ['pollChanges'],
    async run(bench) {
      const adapter = bench.connect();
      const { ref } = await bench.forward(adapter);
      let { cursor } = await poll(bench, adapter);
      for (const title of ['one', 'two', 'three']) {
        bench.tool.edit(ref.id, { title });
        const polled = await poll(bench, adapter, cursor);
        assert.deepEqual(titles(adapter, polled.seen), [title]);
        cursor = polled.cursor;
      }
    },
  },
]);
