import { MisconfiguredError, type Cursor, type Polled, type Written } from '@opr-connect/adapter-kit';
import { anEvent, delivery, openBench, thrownBy, type Bench } from './servicenow.fixture';

let bench: Bench;
let records: Written[];
let cursor: Cursor | undefined;

beforeEach(async () => {
  bench = await openBench();
  records = [];
  for (const key of ['k1', 'k2', 'k3']) records.push(await bench.adapter.forwardEvent(anEvent(), delivery({ key })));
  cursor = undefined;
  await poll();
});
afterEach(() => bench.fake.close());

/** Polls to the end, from where the last poll ended, with the cursor as it is stored. */
async function poll(adapter = bench.adapter): Promise<Polled['seen']> {
  const seen: Polled['seen'] = [];
  for (let more = true; more;) {
    const page = await adapter.pollChanges(cursor, AbortSignal.timeout(5_000));
    seen.push(...page.seen);
    ({ more } = page);
    cursor = JSON.parse(JSON.stringify(page.cursor)) as Cursor;
  }
  return seen;
}

const id = (index: number) => records[index]?.ref.id ?? '';
const ids = (seen: Polled['seen']) => seen.map((each) => each.id);
const person = () => bench.fake.asPerson('itil.user');
/** Changes a row behind the back of everything that stamps it. */
const set = (record: string, fields: Record<string, string>) =>
  Object.assign(bench.fake.tables.find(record) ?? {}, fields);

describe('a poll', () => {
  it('tells fields and notes of the records that changed since, once', async () => {
    person().workNote(id(1), 'Looking');
    person().update(id(1), { state: '2' });
    expect(await poll()).toMatchObject([
      {
        id: id(1),
        snapshot: { fields: { state: '2' } },
        annotations: [
          { id: bench.fake.journal(id(1))[0]?.['sys_id'], text: 'Looking', author: 'itil.user', own: false },
        ],
      },
    ]);
    expect(await poll()).toEqual([]);
  });

  it('tells every change of one second, whatever the order of the ids', async () => {
    for (const round of ['a', 'b'])
      for (const index of [2, 0, 1]) {
        person().update(id(index), { short_description: round });
        expect(ids(await poll())).toEqual([id(index)]);
      }
  });

  it('tells a record that becomes visible later than the time that it carries', async () => {
    set(id(0), { sys_updated_on: '2031-05-06 10:00:30', sys_mod_count: '7' });
    expect(ids(await poll())).toEqual([id(0)]);
    set(id(1), { sys_updated_on: '2031-05-06 10:00:01', sys_mod_count: '7' });
    expect(ids(await poll())).toEqual([id(1)]);
    set(id(2), { sys_updated_on: '2031-05-06 09:59:29', sys_mod_count: '7' });
    expect(await poll()).toEqual([]);
  });

  it('goes through more than a page, in order, and does not lose what moves meanwhile', async () => {
    for (let index = 0; index < 120; index += 1)
      bench.fake.tables.insert({ correlation_display: 'OPR Connect', correlation_id: `x${index}` }, 'itil.user');
    const first = await bench.adapter.pollChanges(cursor, AbortSignal.timeout(5_000));
    expect(first).toMatchObject({ more: true });
    const [moved = ''] = ids(first.seen);
    set(moved, { sys_updated_on: '2031-05-06 10:00:00', sys_mod_count: '9' });
    ({ cursor } = first);
    const rest = await poll();
    expect(new Set([...ids(first.seen), ...ids(rest)]).size).toBe(120);
    expect(ids(rest).at(-1)).toBe(moved);
  });

  it('is none of the clock of the hub: what it asks for are times of the instance', async () => {
    for (const index of [0, 1, 2]) set(id(index), { sys_updated_on: '2001-01-01 00:00:00' });
    cursor = undefined;
    await poll();
    set(id(1), { sys_updated_on: '2001-01-01 00:00:05', sys_mod_count: '3' });
    expect(ids(await poll())).toEqual([id(1)]);
  });

  it('leaves other records alone, and says so if the instance answers nothing else', async () => {
    bench.fake.tables.insert({ short_description: 'Not ours' }, 'itil.user');
    expect(await poll()).toEqual([]);
    for (const row of bench.fake.tables.table('incident')) row['correlation_display'] = 'Somebody else';
    bench.fake.faults.add({ kind: 'ignore_query', path: 'incident' });
    const error = await thrownBy(poll());
    expect(error).toBeInstanceOf(MisconfiguredError);
    expect(error.message).toContain('the poll answers other records');
  });

  it('of an instance without records begins at the beginning', async () => {
    bench.fake.tables.rows['incident'] = [];
    cursor = undefined;
    expect(await poll()).toEqual([]);
    const { ref } = await bench.adapter.forwardEvent(anEvent(), delivery());
    expect(ids(await poll())).toEqual([ref.id]);
  });
});
