import {
  EVENT_ADAPTER,
  MisconfiguredError,
  parseSettings,
  secretFields,
  supportedForwardingType,
} from '@opr-connect/adapter-kit';
import { ServiceNowAdapterFactory, ServiceNowSettings } from '.';
import {
  anEvent,
  delivery,
  forwardedAs,
  HOOK_SECRET,
  openBench,
  PASSWORD,
  settingsFor,
  thrownBy,
  USER,
  version,
  type Bench,
} from './servicenow.fixture';

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.fake.close());
const signal = () => AbortSignal.timeout(5_000);

describe('the record as it is now', () => {
  it('tells fields, version, and the annotations of both journals, oldest first', async () => {
    const { ref } = await bench.adapter.forwardEvent(anEvent(), delivery());
    const person = bench.fake.asPerson('itil.user');
    person.workNote(ref.id, 'internal');
    person.comment(ref.id, 'to the caller\r\nin two lines');
    for (const [index, entry] of bench.fake.tables.table('sys_journal_field').entries())
      entry['sys_created_on'] = `2024-03-29 20:40:1${index}`;
    const seen = await bench.adapter.getExternalEvent(forwardedAs({ ref }), delivery());
    expect(seen).toMatchObject({ id: ref.id, snapshot: { version: version(2), fields: { state: '1' } } });
    expect(seen.annotations).toMatchObject([
      { text: 'internal', author: 'itil.user', time: '2024-03-29T20:40:10Z', own: false },
      { text: 'to the caller\nin two lines', own: false },
    ]);
    expect(bench.fake.journal(ref.id).map((entry) => entry['sys_id'])).toEqual(seen.annotations.map(({ id }) => id));
  });

  it('tells all entries of a journal that has many', async () => {
    const { ref } = await bench.adapter.forwardEvent(anEvent(), delivery());
    for (let each = 0; each < 450; each += 1) bench.fake.asPerson('itil.user').workNote(ref.id, `note ${each}`);
    expect((await bench.adapter.getExternalEvent(forwardedAs({ ref }), delivery())).annotations).toHaveLength(450);
  });

  it('says once that the journal cannot be read', async () => {
    const { ref } = await bench.adapter.forwardEvent(anEvent(), delivery());
    bench.fake.faults.add({ kind: 'hidden', path: 'sys_journal_field', times: 0 });
    await bench.adapter.getExternalEvent(forwardedAs({ ref }), delivery());
    expect(bench.logged).toEqual([]);
    bench.fake.asPerson('itil.user').workNote(ref.id, 'x');
    await bench.adapter.getExternalEvent(forwardedAs({ ref }), delivery());
    expect((await bench.adapter.getExternalEvent(forwardedAs({ ref }), delivery())).annotations).toEqual([]);
    expect(bench.logged).toEqual([
      {
        level: 'warn',
        message: 'the user may not read sys_journal_field, so annotations come with hooks only',
      },
    ]);
  });
});

describe('test connection', () => {
  it('succeeds with one row', async () => {
    await bench.adapter.ping(signal());
    expect(bench.fake.requests[0]?.path).toContain('/api/now/table/incident?');
    expect(bench.fake.requests[0]?.path).toContain('sysparm_limit=1');
  });

  it('fails on a wrong password, a wrong table and a log-in page, saying why', async () => {
    await expect(bench.another({ password: 'wrong' }).ping(signal())).rejects.toThrow('check user and password');
    await expect(bench.another({ table: 'incidentt' }).ping(signal())).rejects.toThrow('Invalid table incidentt');
    bench.fake.faults.add({ kind: 'html' });
    await expect(bench.adapter.ping(signal())).rejects.toThrow('log-in page');
  });

  it('names every setting that the instance does not know, and with what it does', async () => {
    const wrong = bench.another({
      ...{ closeCode: 'Solved', assignmentGroup: 'Nobody at all', callerId: 'service.desk' },
      mapping: {
        fields: { contact_type: 'carrier pigeon', category: 'anything' },
        state: { out: { in_progress: '20' } },
        severity: { out: { critical: '1/0' } },
      },
    });
    const error = await thrownBy(wrong.ping(signal()));
    expect(error).toBeInstanceOf(MisconfiguredError);
    expect(error.message.split('; ')).toEqual([
      'mapping.state.out.in_progress: must be one that incident defines: 1, 2, 3, 6, 7, 8',
      'mapping.severity.out.critical: must be one that incident defines: 1, 2, 3',
      'mapping.fields.contact_type: must be one that incident defines: email, monitoring, phone',
      'assignmentGroup: must be the sys_id or the name of exactly one group',
      expect.stringMatching(/^closeCode: must be one that incident defines: Duplicate, /),
    ]);
  });

  it('asks the instance anew each time', async () => {
    const adapter = bench.another({ assignmentGroup: 'Linux' });
    await expect(adapter.ping(signal())).rejects.toThrow('assignmentGroup');
    bench.fake.tables.addGroup('Linux');
    await adapter.ping(signal());
  });

  it('takes lists that the user may not read for no proof', async () => {
    bench.fake.faults.add({ kind: 'hidden', path: 'sys_choice', times: 0 });
    await bench.another({ closeCode: 'Solved', mapping: { state: { out: { closed: '99' } } } }).ping(signal());
  });

  it('goes through the proxy that the settings name, and takes no longer answer than they allow', async () => {
    await expect(bench.another({ proxy: 'http://127.0.0.1:1' }).ping(signal())).rejects.toThrow('no connection');
    bench.fake.faults.add({ kind: 'status', status: 500, error: { message: 'x'.repeat(2_000), detail: null } });
    await expect(bench.another({ maxAnswerBytes: 1_024 }).ping(signal())).rejects.toThrow('the answer was lost');
  });
});

describe('settings', () => {
  const plain = { url: 'https://example.service-now.com', user: USER, password: PASSWORD, hookSecret: HOOK_SECRET };
  const problems = (overrides: Record<string, unknown>) => {
    const parsed = parseSettings(ServiceNowSettings, { ...plain, ...overrides });
    return parsed.ok ? [] : parsed.problems;
  };

  it('need an address, a login and two secrets, and nothing else', () => {
    expect(problems({})).toEqual([]);
    for (const field of Object.keys(plain)) expect(problems({ [field]: undefined }).join()).toContain(field);
    expect([...secretFields(ServiceNowSettings)]).toEqual(expect.arrayContaining(['password', 'hookSecret']));
  });

  it.each([
    ['url', 'http://example.service-now.com'],
    ['url', 'https://user:pw@example.service-now.com'],
    ['url', 'https://example.service-now.com/?x=1'],
    ['url', 'not a url'],
    ['hookSecret', 'short'],
    ['table', 'Incident;'],
    ['correlationDisplay', 'a^b'],
    ['journal', 'diary'],
    ['closeCodeField', 'a b'],
    ['users', ['anna']],
    ['groups', { net: 7 }],
    ['ciFields', ['na me']],
    ['closedStates', [7]],
    ['descriptionLimit', 10],
    ['mapping', { directions: { title: 'sideways' } }],
    ['mapping', { severity: { out: { critical: 'high' } } }],
    ['mapping', { fields: { impact: '1' } }],
    ['linkTemplate', 'https://x/'],
    ['timeoutMs', 0],
    ['settleMs', 1.5],
    ['closeCode', ''],
    ['pasword', 'hunter2'],
  ])('refuse %s = %s by name of the field, never telling the value', (field, value) => {
    const found = problems({ [field]: value });
    expect(found).not.toEqual([]);
    expect(found.every((problem) => problem.startsWith(field))).toBe(true);
    if (typeof value === 'string' && value !== '') expect(found.join()).not.toContain(value);
  });

  it.each(['http://127.0.0.1:8080', 'http://localhost:8080', 'http://[::1]:8080', 'https://itsm.example.com/sn/'])(
    'accept %s',
    (url) => {
      expect(problems({ url })).toEqual([]);
    },
  );
});

describe('the adapter', () => {
  it('is found by its key, and supports every forwarding type', () => {
    const options: unknown = Reflect.getMetadata(EVENT_ADAPTER, ServiceNowAdapterFactory);
    expect(options).toEqual({ key: 'servicenow', settings: ServiceNowSettings });
    const context = { server: 's', hubId: 'h', log: { info: () => undefined, warn: () => undefined } };
    const adapter = new ServiceNowAdapterFactory().connect(settingsFor(bench.fake.url), context);
    expect(supportedForwardingType(adapter)).toBe('synchronize_and_transfer_control');
    expect(bench.fake.requests).toEqual([]);
  });

  it('links to records as the settings say', async () => {
    const adapter = bench.another({ linkTemplate: '{url}/now/sow/record/{table}/{sys_id}?n={number}&{other}' });
    const { ref } = await adapter.forwardEvent(anEvent(), delivery());
    expect(ref.url).toBe(`${bench.fake.url}/now/sow/record/incident/${ref.id}?n=INC0010001&{other}`);
  });
});
