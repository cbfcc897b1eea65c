import {
  GoneError,
  MisconfiguredError,
  OutcomeUnknownError,
  RejectedError,
  TransientError,
} from '@opr-connect/adapter-kit';
import { ANSWERS } from './servicenow.answers';
import { ServiceNowClient } from './servicenow.client';
import { openBench, PASSWORD, settingsFor, thrownBy, USER, type Bench } from './servicenow.fixture';

let bench: Bench;
let client: ServiceNowClient;
const signal = () => AbortSignal.timeout(5_000);
beforeAll(async () => {
  bench = await openBench();
  client = clientWith(PASSWORD);
});
afterAll(() => bench.fake.close());
afterEach(() => bench.fake.faults.clear());

const clientWith = (password: string) =>
  new ServiceNowClient(settingsFor(`${bench.fake.url}/`, { password, timeoutMs: 3_000, settleMs: 77 }));

const id = 'f'.repeat(32);
const calls = {
  read: () => client.read('incident', id, ['state'], signal()),
  write: () => client.update('incident', id, { state: '2' }, ['state'], signal()),
  list: () => client.list('incident', [], ['state'], { limit: 1 }, signal()),
  create: () => client.create('incident', {}, ['state'], signal()),
};

const T = TransientError;
const U = OutcomeUnknownError;
const R = RejectedError;
const M = MisconfiguredError;
const G = GoneError;

/** Each row: status, the tool's message, what a read of a record and a write to it become, and what a list and a create become. */
const table: [
  number,
  string,
  string,
  typeof T | typeof U | typeof R | typeof M | typeof G,
  typeof T | typeof U | typeof R | typeof M | typeof G,
  typeof T | typeof R | typeof M,
  typeof T | typeof U | typeof R | typeof M,
][] = [
  [301, '', '', M, M, M, M],
  [302, '', '', M, M, M, M],
  [307, '', '', M, M, M, M],
  [400, 'Invalid table incidentt', '', M, M, M, M],
  [400, 'Requested URI does not represent any resource', '', M, M, M, M],
  [400, 'Exception while reading request', 'bad', R, R, R, R],
  [401, 'User Not Authenticated', 'Required to provide Auth information', M, M, M, M],
  [403, 'User Not Authorized', 'Access to unscoped api is not allowed', M, M, M, M],
  [403, 'User Not Authorized', 'Insufficient rights to query records', M, M, M, M],
  [403, 'Operation Failed', 'ACL Exception Update Failed due to security constraints', R, R, R, R],
  [403, 'Operation Failed', "Operation against file 'incident' was aborted by Business Rule 'x'", R, R, R, R],
  [410, 'Gone', '', G, G, M, M],
  [404, 'No Record found', "Record doesn't exist or ACL restricts the record retrieval", G, G, M, M],
  [405, 'Method not supported', '', M, M, M, M],
  [406, 'Not acceptable', '', M, M, M, M],
  [408, 'Request timeout', '', T, U, T, U],
  [409, 'Conflict', '', R, R, R, R],
  [413, 'Too large', '', R, R, R, R],
  [415, 'Unsupported media type', '', M, M, M, M],
  [429, 'Rate limit exceeded', 'Rate limit of 100 requests per hour for Table API exceeded', T, T, T, T],
  [500, 'Transaction cancelled', 'maximum execution time exceeded', T, U, T, U],
  [502, 'Bad gateway', '', T, U, T, U],
  [503, 'Unavailable', '', T, U, T, U],
  [504, 'Gateway timeout', '', T, U, T, U],
];

describe('what we make of an answer', () => {
  it.each(table)('%i %s %s', async (status, message, detail, read, write, list, create) => {
    const fault = { kind: 'status', status, error: { message, detail }, times: 0 } as const;
    bench.fake.faults.add({ ...fault, headers: { Location: `${bench.fake.url}/login.do`, 'Retry-After': '9' } });
    const before = bench.fake.requests.length;
    const errors = {
      ...{ read: await thrownBy(calls.read()), write: await thrownBy(calls.write()) },
      ...{ list: await thrownBy(calls.list()), create: await thrownBy(calls.create()) },
    };
    expect(errors.read).toBeInstanceOf(read);
    expect(errors.write).toBeInstanceOf(write);
    expect(errors.list).toBeInstanceOf(list);
    expect(errors.create).toBeInstanceOf(create);
    // One request for each call: nothing was followed and nothing tried again.
    expect(bench.fake.requests.length - before).toBe(4);
    for (const error of Object.values(errors)) {
      expect(error.message).toContain(String(status));
      expect(error.message).toContain(message);
      expect(error.message).toContain(detail);
      expect(error.message).not.toContain(PASSWORD);
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(
        Buffer.from(`${USER}:${PASSWORD}`).toString('base64'),
      );
    }
    // Not before the instance wants to be asked again, which is later than what a write may take.
    if (errors.write instanceof OutcomeUnknownError) expect(errors.write.settleMs).toBe(9_000);
    if (status === 429) expect(errors.write).toMatchObject({ scope: 'server', retryAfterMs: 9_000 });
  });

  it('a rate limit lasts as its headers say, by the clock of the instance, or as long as we like', async () => {
    const limited = (headers: Record<string, string>) => {
      bench.fake.faults.add({ kind: 'status', status: 429, headers });
      return thrownBy(calls.create());
    };
    const date = new Date(Date.now() - 7_200_000);
    const reset = String(Math.floor(date.getTime() / 1000) + 40);
    const waits = [
      await limited({ 'Retry-After': '7', 'X-RateLimit-Reset': reset }),
      await limited({ 'X-RateLimit-Reset': reset, 'X-RateLimit-Limit': '100', Date: date.toUTCString() }),
      await limited({ 'X-RateLimit-Reset': 'soon' }),
      await limited({}),
    ];
    expect(waits.map((error) => (error as TransientError).retryAfterMs)).toEqual([7_000, 40_000, undefined, undefined]);
    for (const error of waits) expect(error).toMatchObject({ scope: 'server' });
  });

  it('has a row in this spec for every rule', () => {
    const statuses = table.map(([status]) => status);
    for (const {
      status: [from, to],
      says,
    } of ANSWERS)
      expect(
        table.some(
          ([status, message, detail]) => status >= from && status <= to && (!says || says.test(`${message} ${detail}`)),
        ),
      ).toBe(true);
    expect(statuses.length).toBeGreaterThan(ANSWERS.length);
  });

  it('shows a status without a readable body as it is', async () => {
    bench.fake.faults.add({ kind: 'status', status: 502, error: { message: '', detail: null } });
    expect((await thrownBy(calls.list())).message).toMatch(/table\/incident: 502$/);
  });
});

describe('answers that are none', () => {
  it('a page in HTML with 200 is a matter of configuration, for every call', async () => {
    for (const call of Object.values(calls)) {
      bench.fake.faults.add({ kind: 'html' });
      const error = await thrownBy(call());
      expect(error).toBeInstanceOf(MisconfiguredError);
      expect(error.message).toContain('no result of the API (a log-in page');
    }
  });

  it('a wrong password is named as such, without being told', async () => {
    const error = await thrownBy(clientWith('wr0ng-secret').list('incident', [], [], { limit: 1 }, signal()));
    expect(error).toBeInstanceOf(MisconfiguredError);
    expect(error.message).toContain('401 – User Not Authenticated');
    expect(error.message).toContain('check user and password');
    expect(error.message).not.toContain('wr0ng-secret');
  });
});

describe('rows', () => {
  it('come as texts, whatever shape a reference has', async () => {
    const group = bench.fake.tables.addGroup('Linux');
    const row = bench.fake.tables.insert({ assignment_group: group['sys_id'] ?? '' }, 'itil.user');
    const address = row['sys_id'] ?? '';
    const plain = await client.read('incident', address, ['assignment_group', 'caller_id', 'nonsense'], signal());
    expect(plain).toEqual({ assignment_group: group['sys_id'], caller_id: '' });
    const shown = await client.display('incident', address, ['assignment_group', 'state'], signal());
    expect(shown).toEqual({ assignment_group: 'Linux', state: 'New' });
    const linked = await fetch(`${bench.fake.url}/api/now/table/incident/${address}?sysparm_fields=assignment_group`, {
      headers: { authorization: `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}` },
    });
    expect(await linked.json()).toEqual({
      result: {
        assignment_group: {
          link: `${bench.fake.url}/api/now/table/sys_user_group/${group['sys_id']}`,
          value: group['sys_id'],
        },
      },
    });
  });

  it('are asked for with JSON on both sides and Basic authentication', async () => {
    await calls.create();
    expect(bench.fake.requests.at(-1)?.headers).toMatchObject({
      ...{ accept: 'application/json', 'content-type': 'application/json' },
      authorization: expect.stringMatching(/^Basic /),
    });
  });
});
