import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MisconfiguredError, parseSettings, secretFields, TransientError } from '@opr-connect/adapter-kit';
import {
  anEvent,
  API_KEY,
  CLIENT,
  delivery,
  HOOK_SECRET,
  openBench,
  PASSWORD,
  thrownBy,
  USER,
  type Bench,
} from './servicenow.fixture';
import { ServiceNowSettings } from './servicenow.settings';

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.fake.close());
const signal = () => AbortSignal.timeout(5_000);
const byKey = () => bench.another({ auth: 'api-key', apiKey: API_KEY, password: undefined });
const byClient = (own = {}) =>
  bench.another({ auth: 'oauth-client-credentials', ...CLIENT, password: undefined, ...own });
const byPassword = (own = {}) => bench.another({ auth: 'oauth-password', ...CLIENT, ...own });
const grants = () => bench.fake.logins.grants;
const sent = (header: string) => new Set(bench.fake.requests.map(({ headers }) => headers[header]));

describe('a call is ours', () => {
  it('by API key', async () => {
    await byKey().forwardEvent(anEvent(), delivery());
    expect([...sent('x-sn-apikey')]).toEqual([API_KEY]);
    expect([...sent('authorization')]).toEqual([undefined]);
    const wrong = bench.another({ auth: 'api-key', apiKey: 'wr0ng-key', password: undefined });
    const error = await thrownBy(wrong.ping(signal()));
    expect(error).toBeInstanceOf(MisconfiguredError);
    expect(error.message).toContain('check the API key');
    expect(error.message).not.toContain('wr0ng-key');
  });

  it('by the token of a client, which is asked for once', async () => {
    const adapter = byClient();
    await adapter.forwardEvent(anEvent(), delivery());
    await adapter.ping(signal());
    expect(grants()).toEqual(['client_credentials']);
    expect(bench.fake.incidents()).toMatchObject([{ sys_created_by: USER }]);
  });

  it('by the token of a user, and of a refresh token after that', async () => {
    const adapter = byPassword();
    await adapter.ping(signal());
    bench.fake.logins.expire();
    await adapter.ping(signal());
    expect(grants()).toEqual(['password', 'refresh_token']);
    bench.fake.logins.revoke();
    await adapter.ping(signal());
    expect(grants().slice(2)).toEqual(['refresh_token', 'password']);
    await adapter.ping(signal());
    expect(grants()).toHaveLength(4);
  });
});

describe('a token', () => {
  it('is asked for by one request, however many calls wait for it', async () => {
    bench.fake.faults.add({ kind: 'slow', path: 'oauth_token', beforeMs: 100 });
    const adapter = byClient();
    await Promise.all(Array.from({ length: 20 }, () => adapter.ping(signal())));
    expect(grants()).toEqual(['client_credentials']);
    bench.fake.faults.add({ kind: 'slow', path: 'oauth_token', beforeMs: 100 });
    bench.fake.logins.expire();
    await Promise.all(Array.from({ length: 20 }, () => adapter.ping(signal())));
    expect(grants()).toHaveLength(2);
  });

  it('that is awaited by a call which gives up serves the others', async () => {
    bench.fake.faults.add({ kind: 'slow', path: 'oauth_token', beforeMs: 200 });
    const adapter = byClient();
    const hasty = adapter.ping(AbortSignal.timeout(20));
    const patient = adapter.ping(signal());
    expect(await thrownBy(hasty)).toBeInstanceOf(TransientError);
    await patient;
    expect(grants()).toHaveLength(1);
  });

  it('is renewed before its end, in what is left of its life', async () => {
    bench.fake.logins.lifetime = 1;
    const adapter = byPassword();
    await adapter.ping(signal());
    const made = bench.fake.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 920));
    await adapter.ping(signal());
    expect(grants()).toEqual(['password', 'refresh_token']);
    // No call was made with a token that had ended.
    expect(bench.fake.requests).toHaveLength(2 * made);
  });

  it('that ends in the middle of a delivery costs one call and nothing else', async () => {
    bench.fake.faults.add({ kind: 'token_expiry', method: 'POST', path: 'table' });
    const adapter = byClient();
    await adapter.forwardEvent(anEvent(), delivery());
    expect(bench.fake.incidents()).toHaveLength(1);
    expect(bench.fake.requests.filter(({ method }) => method === 'POST')).toHaveLength(2);
    expect(grants()).toHaveLength(2);
  });

  it('that is refused again is no reason to go on', async () => {
    bench.fake.faults.add({ kind: 'status', status: 401, path: 'table', times: 0 });
    const error = await thrownBy(byClient().ping(signal()));
    expect(error).toBeInstanceOf(MisconfiguredError);
    expect(error.message).toContain('check the OAuth client');
    expect(bench.fake.requests).toHaveLength(2);
  });

  it.each([
    [
      'a wrong client',
      { clientSecret: 'wr0ng-secret' },
      undefined,
      MisconfiguredError,
      '401 – server_error: access_denied – check clientId',
    ],
    ['a page', {}, { kind: 'html' }, MisconfiguredError, 'the answer is no token (a log-in page'],
    ['a rate limit', {}, { kind: 'status', status: 429 }, TransientError, '429'],
    ['an instance in trouble', {}, { kind: 'status', status: 503 }, TransientError, '503'],
    ['a lost answer', {}, { kind: 'lost' }, TransientError, 'the answer was lost'],
  ] as const)('that is not given is told with its reason: %s', async (_, own, fault, type, text) => {
    if (fault) bench.fake.faults.add({ ...fault, path: 'oauth_token' });
    const adapter = byPassword(own);
    const error = await thrownBy(adapter.ping(signal()));
    expect(error).toBeInstanceOf(type);
    expect(error.message).toContain(text);
    if (error instanceof TransientError) expect(error.scope).toBe('server');
    for (const secret of [PASSWORD, CLIENT.clientSecret, 'wr0ng-secret'])
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(secret);
    if (fault) await adapter.ping(signal());
  });
});

it('a refusal that quotes the form is told without its secrets', async () => {
  const quoting = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const error_description = `refused: ${Buffer.concat(chunks).toString()}`;
      response.writeHead(401).end(JSON.stringify({ error: 'invalid_request', error_description }));
    });
  });
  await new Promise<void>((resolve) => quoting.listen(0, '127.0.0.1', resolve));
  const { port } = quoting.address() as AddressInfo;
  const error = await thrownBy(byPassword({ url: `http://127.0.0.1:${port}` }).ping(signal()));
  quoting.closeAllConnections();
  await new Promise((resolve) => quoting.close(resolve));
  expect(error.message).toContain('invalid_request: refused: grant_type=password');
  expect(error.message).not.toContain(PASSWORD);
  expect(error.message).not.toContain(CLIENT.clientSecret);
});

describe('the settings', () => {
  const plain = { url: 'https://example.service-now.com', user: USER, hookSecret: HOOK_SECRET };
  const problems = (own: Record<string, unknown>) => {
    const parsed = parseSettings(ServiceNowSettings, { ...plain, ...own });
    return parsed.ok ? [] : parsed.problems;
  };

  it('need what the way of logging in needs, and nothing that it has no use for', () => {
    expect(problems({ auth: 'api-key', apiKey: 'x' })).toEqual([]);
    expect(problems({ auth: 'oauth-client-credentials', clientId: 'x', clientSecret: 'y' })).toEqual([]);
    expect(problems({ auth: 'oauth-client-credentials', clientId: 'x', password: 'y' })).toEqual([
      'password: must not be given with auth: oauth-client-credentials',
      'clientSecret: must be given with auth: oauth-client-credentials',
    ]);
    expect(problems({ auth: 'kerberos', password: 'x' })).toEqual([expect.stringContaining('auth: must be one of')]);
  });

  it('hold as secret what is one', () => {
    expect(secretFields(ServiceNowSettings)).toEqual(
      expect.arrayContaining(['password', 'clientSecret', 'apiKey', 'hookSecret']),
    );
  });
});
