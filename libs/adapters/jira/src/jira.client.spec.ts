import { MisconfiguredError, OutcomeUnknownError, RejectedError, TransientError } from '@opr-connect/adapter-kit';
import { waitOf } from './jira.answers';
import { anEvent, delivery, FLAVOURS, forwardedAs, openBench, thrownBy, TOKEN, type Bench } from './jira.fixture';
import type { Fault } from './testing';

describe.each(FLAVOURS)('on %s', (flavour) => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench(flavour);
  });
  afterEach(() => bench.fake.close());

  const ping = (adapter = bench.adapter) => adapter.ping(AbortSignal.timeout(5_000));
  const forward = () => bench.adapter.forwardEvent(anEvent(), delivery());

  it('the version of the API follows from what the site is', async () => {
    await forward();
    const version = flavour === 'cloud' ? 3 : 2;
    const paths = bench.fake.requests.map(({ path }) => path);
    expect(paths[0]).toBe('/rest/api/2/serverInfo');
    expect(paths.slice(1).every((path) => path.startsWith(`/rest/api/${version}/`))).toBe(true);
    expect(paths.filter((path) => path.includes('/search'))).toEqual([
      ...Array<string>(2).fill(flavour === 'cloud' ? '/rest/api/3/search/jql' : '/rest/api/2/search'),
    ]);
  });

  it('the API may have another address than the pages', async () => {
    const adapter = bench.another({ url: 'https://example.atlassian.net', apiUrl: `${bench.fake.url}/` });
    const { ref } = await adapter.forwardEvent(anEvent(), delivery());
    expect(ref.url).toBe('https://example.atlassian.net/browse/OPS-1');
  });

  it('a wrong token is for a person to correct, and stands in no message', async () => {
    const error = await thrownBy(ping(bench.another({ token: 'wr0ng-secret' })));
    expect(error).toBeInstanceOf(MisconfiguredError);
    expect(error.message).toMatch(/401 – Client must be authenticated.* – check user and token$/);
    expect(error.message).not.toContain('wr0ng');
    expect(JSON.stringify(bench.logged)).not.toContain(TOKEN);
  });

  const status = (code: number, more: object = {}): Fault => ({ kind: 'status', status: code, ...more });
  it.each([
    [status(302), MisconfiguredError, MisconfiguredError],
    [status(401), MisconfiguredError, MisconfiguredError],
    [status(403), RejectedError, MisconfiguredError],
    [status(408), TransientError, OutcomeUnknownError],
    [status(409), TransientError, TransientError],
    [status(410), MisconfiguredError, MisconfiguredError],
    [status(413), RejectedError, RejectedError],
    [status(422), RejectedError, RejectedError],
    [status(500), TransientError, OutcomeUnknownError],
    [status(502), TransientError, OutcomeUnknownError],
    [status(503), TransientError, OutcomeUnknownError],
    [{ kind: 'html' }, MisconfiguredError, MisconfiguredError],
    [{ kind: 'html', status: 503 }, TransientError, OutcomeUnknownError],
    [{ kind: 'limit', limit: 'bare' }, TransientError, TransientError],
  ] as [Fault, typeof Error, typeof Error][])(
    '%j is understood, on a read and on a create',
    async (fault, onRead, onCreate) => {
      const written = await forward();
      bench.fake.faults.add({ ...fault, method: 'GET', path: `/issue/${written.ref.id}` });
      expect(await thrownBy(bench.adapter.getExternalEvent(forwardedAs(written), delivery()))).toBeInstanceOf(onRead);
      bench.fake.faults.add({ ...fault, method: 'POST', path: '/issue' });
      const other = delivery({ key: '00000000-0000-4000-8000-000000000003' });
      expect(await thrownBy(bench.adapter.forwardEvent(anEvent(), other))).toBeInstanceOf(onCreate);
    },
  );

  it('a search whose answer was lost has done nothing', async () => {
    bench.fake.faults.add({ kind: 'lost', path: '/search' });
    expect(await thrownBy(forward())).toBeInstanceOf(TransientError);
  });

  it('a user that may not be looked for costs the issue its assignee only', async () => {
    bench.fake.faults.add({ kind: 'status', status: 403, path: '/user/' });
    await bench.adapter.forwardEvent(anEvent({ assignedUser: { id: '7', loginName: 'ann' } }), delivery());
    expect(bench.fake.all()).toMatchObject([{ assignee: null, comments: [{}] }]);
  });

  it('a refusal that is no JSON is understood by its words', async () => {
    const { ref } = await forward();
    bench.fake.faults.add({ kind: 'text', status: 403, body: 'XSRF check failed', path: `/issue/${ref.id}` });
    const error = await thrownBy(bench.adapter.getExternalEvent(forwardedAs({ ref }), delivery()));
    expect(error).toBeInstanceOf(MisconfiguredError);
    expect(error.message).toContain('403 – XSRF check failed – log in once as the user in a browser');
  });

  it('a hidden project is a matter of the settings', async () => {
    const error = await thrownBy(ping(bench.another({ project: 'NONE' })));
    expect(error).toBeInstanceOf(MisconfiguredError);
    expect(error.message).toContain("No project could be found with key 'NONE'.");
  });

  it.each([
    ['jira-quota-global-based', 'server', 7_000],
    ['jira-quota-tenant-based', 'server', 7_000],
    ['jira-burst-based', 'server', 7_000],
    ['jira-per-issue-on-write', 'delivery', 7_000],
    ['data-center', 'server', 7_000],
    ['reset-only', 'server', 7_000],
    ['bare', 'server', undefined],
  ] as const)('the limit %s holds up the %s for %d ms', async (limit, scope, wait) => {
    bench.fake.faults.add({ kind: 'limit', limit, wait: 7, method: 'POST', path: '/issue' });
    const error = await thrownBy(forward());
    expect(error).toMatchObject({ name: 'TransientError', scope });
    const { retryAfterMs } = error as TransientError;
    if (wait === undefined) expect(retryAfterMs).toBeUndefined();
    else expect(Math.abs((retryAfterMs ?? 0) - wait)).toBeLessThan(1_000);
  });

  it('a limit that says when it ends says so by the clock of the site', async () => {
    bench.fake.issues.skewMs = 240_000;
    bench.fake.faults.add({ kind: 'limit', limit: 'reset-only', wait: 5 });
    const { retryAfterMs = 0 } = (await thrownBy(ping(bench.adapter))) as TransientError;
    expect(Math.abs(retryAfterMs - 5_000)).toBeLessThan(1_500);
  });

  it('a slow answer, drop by drop, ends at the deadline of the call', async () => {
    bench.fake.faults.add({ kind: 'drip', everyMs: 20, path: '/serverInfo' });
    const error = await thrownBy(ping(bench.another({ timeoutMs: 150 })));
    expect(error).toBeInstanceOf(TransientError);
    const aborted = AbortSignal.timeout(100);
    bench.fake.faults.add({ kind: 'slow', beforeMs: 3_000 });
    expect(await thrownBy(bench.adapter.forwardEvent(anEvent(), delivery({ signal: aborted })))).toBeInstanceOf(
      TransientError,
    );
  });
});

describe('how long Jira asks to wait', () => {
  const now = Date.parse('2026-03-02T12:00:00Z');
  it.each([
    [{ 'retry-after': '3' }, 3_000],
    [{ 'retry-after': '0', 'x-ratelimit-interval-seconds': '5' }, 5_000],
    [{ 'x-ratelimit-reset': '2026-03-02T12:00:30Z' }, 30_000],
    [{ 'retry-after': 'Mon, 02 Mar 2026 12:00:10 GMT' }, 10_000],
    [{ 'retry-after': '86400' }, 3_600_000],
    [{ 'retry-after': '0' }, undefined],
    [{ 'x-ratelimit-reset': 'soon' }, undefined],
    [{}, undefined],
  ])('%j: %s ms', (headers, wait) => {
    expect(waitOf(headers as Record<string, string>, now)).toBe(wait);
  });
});

it('writes to one issue have a limit of their own, which holds up that issue only', async () => {
  const bench = await openBench('cloud');
  try {
    bench.fake.limits.limits = [{ writes: 1, withinMs: 60_000 }];
    const error = await thrownBy(
      bench.adapter.forwardEvent(anEvent({ annotationList: { annotation: [{ text: 'one' }] } }), delivery()),
    );
    expect(error).toMatchObject({ name: 'TransientError', scope: 'delivery' });
    bench.fake.limits.limits = [];
    await bench.adapter.forwardEvent(anEvent({ annotationList: { annotation: [{ text: 'one' }] } }), delivery());
    expect(bench.fake.all()).toMatchObject([{ comments: [{}] }]);
  } finally {
    await bench.fake.close();
  }
});
