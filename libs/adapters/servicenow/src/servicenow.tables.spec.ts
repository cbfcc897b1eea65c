import { MisconfiguredError, OutcomeUnknownError, RejectedError } from '@opr-connect/adapter-kit';
import {
  aChange,
  anEvent,
  annotation,
  delivery,
  forwardedAs,
  KEY,
  openBench,
  stateChange,
  thrownBy,
  type Bench,
} from './servicenow.fixture';

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.fake.close());

/** As in the manual. */
const PROBLEM = {
  ...{ table: 'problem', closeCode: 'fix_applied', closeCodeField: 'resolution_code' },
  closedStates: ['107'],
  mapping: {
    state: {
      out: { open: '101', in_progress: '104', resolved: '106', closed: '106' },
      back: { 101: 'open', 102: 'in_progress', 103: 'in_progress', 104: 'in_progress', 106: 'closed', 107: 'closed' },
    },
  },
};
const TASK = {
  ...{ table: 'u_monitoring_task', closeCodeField: '' },
  closedStates: [],
  mapping: {
    state: {
      out: { resolved: '3', closed: '3' },
      back: { 1: 'open', 2: 'in_progress', '-5': 'in_progress', 3: 'closed', 4: 'closed', 7: 'closed' },
    },
  },
};

describe.each([
  ['problem', PROBLEM, '101', '104', '106'],
  ['u_monitoring_task', TASK, '1', '2', '3'],
] as const)('events as records of %s', (table, settings, open, inProgress, closed) => {
  it('are created, changed, resolved and reopened in its own words', async () => {
    const adapter = bench.another(settings);
    await adapter.ping(AbortSignal.timeout(5_000));
    const written = await adapter.forwardEvent(anEvent(), delivery());
    const state = () => bench.fake.records(table)[0]?.['state'];
    expect(state()).toBe(open);
    expect(written.ref.url).toContain(`uri=${table}.do`);
    expect(bench.fake.incidents()).toEqual([]);
    const carry = (...changes: Parameters<typeof aChange>) =>
      adapter.forwardChange(aChange(...changes), forwardedAs(written), delivery());
    const started = await carry(stateChange('in_progress'), annotation('On it', 'a1'));
    expect(state()).toBe(inProgress);
    const ended = await carry(stateChange('closed'));
    expect(state()).toBe(closed);
    expect(adapter.changes(started.snapshot, ended.snapshot ?? { fields: {} })).toMatchObject([
      { previousValue: 'in_progress', currentValue: 'closed' },
    ]);
    await carry(stateChange('open'));
    expect(state()).toBe(inProgress);
    expect(bench.fake.records(table)).toHaveLength(1);
    const seen = await adapter.getExternalEvent(forwardedAs(written), delivery());
    expect(seen.annotations).toMatchObject([{ text: 'On it', own: true }]);
  });

  it('are found again, and one too many is resolved as a duplicate', async () => {
    const adapter = bench.another(settings);
    const { ref } = await adapter.forwardEvent(anEvent(), delivery());
    const twin = { correlation_id: KEY, correlation_display: 'OPR Connect' };
    bench.fake.tables.insert(twin, 'opr.connect', table);
    expect((await adapter.forwardEvent(anEvent(), delivery({ attempt: 2 }))).ref.id).toBe(ref.id);
    expect(bench.fake.records(table).map((row) => row['state'])).toEqual([open, closed]);
  });
});

describe('through an import set', () => {
  const importing = () => bench.another({ importTable: 'u_opr_connect' });
  const map = () => {
    const { u_opr_connect: found } = bench.fake.imports.maps;
    if (!found) throw new Error('no transform map');
    return found;
  };
  const posted = () => bench.fake.requests.filter(({ method }) => method === 'POST').map(({ path }) => path);

  it('an event becomes a record that the transform map made', async () => {
    const annotationList = { annotation: [{ id: 'a1', author: 'admin', text: 'Cable checked.' }] };
    const adapter = bench.another({ importTable: 'u_opr_connect', mapping: { fields: { u_customer: 'ACME' } } });
    const written = await adapter.forwardEvent(anEvent({ annotationList }), delivery());
    expect(posted()).toEqual([expect.stringContaining('/api/now/import/u_opr_connect?')]);
    expect(bench.fake.incidents()).toMatchObject([
      {
        sys_id: written.ref.id,
        short_description: anEvent().title,
        correlation_id: KEY,
        u_customer: 'ACME',
        impact: '2',
      },
    ]);
    expect(bench.fake.journal(written.ref.id)).toHaveLength(1);
    // It is read once more: people may have changed it before we saw it.
    expect(written.found).toBe(true);
  });

  it('ten creates at once make one record, ever', async () => {
    bench.fake.faults.add({ kind: 'slow', path: 'import', beforeMs: 300, times: 0 });
    const all = await Promise.all(Array.from({ length: 10 }, () => importing().forwardEvent(anEvent(), delivery())));
    expect(posted().length).toBeGreaterThan(1);
    expect(bench.fake.incidents()).toHaveLength(1);
    expect(new Set(all.map(({ ref }) => ref.id)).size).toBe(1);
    expect(bench.fake.incidents()[0]?.['sys_mod_count']).toBe('0');
  });

  it('a create whose answer was lost makes no second record', async () => {
    bench.fake.faults.add({ kind: 'lost', path: 'import' });
    expect(await thrownBy(importing().forwardEvent(anEvent(), delivery()))).toBeInstanceOf(OutcomeUnknownError);
    await importing().forwardEvent(anEvent(), delivery({ attempt: 2 }));
    expect(bench.fake.incidents()).toHaveLength(1);
  });

  it('what the transform map says of an error is the reason', async () => {
    bench.fake.tables.setCloseCodes(['Fixed']);
    const adapter = bench.another({ importTable: 'u_opr_connect', closeCode: 'Fixed' });
    bench.fake.faults.add({ kind: 'hidden', path: 'sys_choice' });
    bench.fake.tables.setCloseCodes(['Other']);
    const error = await thrownBy(adapter.forwardEvent(anEvent({ state: 'closed' }), delivery()));
    expect(error).toBeInstanceOf(RejectedError);
    expect(error.message).toMatch(/^import into u_opr_connect: Operation Failed: Data Policy Exception: The following/);
  });

  it('a map that leaves the key out, and a table that is not there, are matters of configuration', async () => {
    map().omits = ['correlation_id'];
    const error = await thrownBy(importing().forwardEvent(anEvent(), delivery()));
    expect(error).toBeInstanceOf(MisconfiguredError);
    expect(error.message).toContain('made no record with our correlation_id (inserted): check its transform map');
    const missing = await thrownBy(bench.another({ importTable: 'u_none' }).forwardEvent(anEvent(), delivery()));
    expect(missing).toBeInstanceOf(MisconfiguredError);
    expect(missing.message).toContain('Invalid staging table u_none');
  });
});
