import {
  GoneError,
  MisconfiguredError,
  OutcomeUnknownError,
  RejectedError,
  TransientError,
} from '@opr-connect/adapter-kit';
import {
  aChange,
  anEvent,
  closed,
  delivery,
  forwardedAs,
  openBench,
  SECRET,
  thrownBy,
  type Bench,
} from './webhook.fixture';
import { type WebhookSettings } from './webhook.settings';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
beforeEach(() => bench.fake.faults.clear());
afterAll(() => bench.fake.close());

const forward = (settings: Partial<WebhookSettings> = {}, attempt = 1) =>
  bench.another(settings).forwardEvent(anEvent(), delivery({ attempt, key: `key-${Math.random()}` }));
const failing = async (status: number, headers?: Record<string, string>, attempt?: number) => {
  bench.fake.faults.add({ kind: 'status', status, headers });
  return thrownBy(forward({}, attempt));
};

describe('what becomes of an answer', () => {
  test.each([
    ...[301, 302, 307, 308, 401, 403, 404, 405, 407, 410, 415].map((status) => [status, MisconfiguredError] as const),
    ...[400, 413, 422, 451].map((status) => [status, RejectedError] as const),
    ...[409, 425, 429, 502, 503, 504].map((status) => [status, TransientError] as const),
    ...[408, 500, 501].map((status) => [status, OutcomeUnknownError] as const),
  ])('%i', async (status, type) => {
    const error = await failing(status);
    expect(error).toBeInstanceOf(type);
    expect(error.message).toMatch(new RegExp(`^POST http://127.0.0.1:\\d+/tickets: ${status}`));
    expect(error.message).not.toContain(SECRET);
  });

  it('says of 410 that nothing is sent any more, and follows no redirect', async () => {
    expect((await failing(410)).message).toContain('nothing is sent until the URL changes');
    const before = bench.fake.counts.deliveries;
    expect((await failing(302)).message).toContain('redirects are not followed');
    expect(bench.fake.counts.deliveries).toBe(before + 1);
  });

  test.each([
    [429, { 'Retry-After': '7' }, { scope: 'server', retryAfterMs: 7_000 }],
    [429, undefined, { scope: 'server', retryAfterMs: undefined }],
    [503, undefined, { scope: 'server', retryAfterMs: undefined }],
    [502, { 'Retry-After': '7' }, { scope: 'server', retryAfterMs: 7_000 }],
    [504, undefined, { scope: 'delivery', retryAfterMs: undefined }],
    [425, { 'Retry-After': '7' }, { scope: 'delivery', retryAfterMs: 7_000 }],
  ])('%i with %j waits as it is told', async (status, headers, expected) => {
    expect(await failing(status, headers)).toMatchObject(expected);
  });

  it('takes a conflict that stays for an answer', async () => {
    expect(await failing(409, undefined, 5)).toBeInstanceOf(RejectedError);
  });

  it('knows of a 404 whether it is about a record or about the URL', async () => {
    const changeUrl = `${bench.fake.url}/{id}`;
    const forwarded = forwardedAs({ ref: { id: 'T-999' } });
    const error = await thrownBy(bench.another({ changeUrl }).forwardChange(aChange(closed), forwarded, delivery()));
    expect(error).toBeInstanceOf(GoneError);
  });

  it('takes any 2xx for success, with the delivery key as the id if the answer names none', async () => {
    bench.fake.faults.add({ kind: 'html' });
    expect(await bench.adapter.forwardEvent(anEvent(), delivery())).toEqual({ ref: { id: delivery().key } });
  });
});

describe('an answer that does not come', () => {
  test.each([
    ['is lost after the delivery was taken', { kind: 'lost' }],
    ['is cut in the middle', { kind: 'cut' }],
    ['comes too late', { kind: 'slow', afterMs: 5_000 }],
    ['drips', { kind: 'drip', everyMs: 200 }],
  ] as const)('%s: nobody knows, and the repeat is taken once', async (_, fault) => {
    const before = bench.fake.tickets().length;
    const again = delivery({ key: `key of ${fault.kind}` });
    bench.fake.faults.add(fault);
    const error = await thrownBy(bench.another({ timeoutMs: 500 }).forwardEvent(anEvent(), again));
    expect(error).toBeInstanceOf(OutcomeUnknownError);
    expect(error).toMatchObject({ settleMs: 250 });
    const { ref } = await bench.adapter.forwardEvent(anEvent(), { ...again, attempt: 2 });
    expect(ref.id).toBe(`T-${before + 1}`);
    expect(bench.fake.tickets()).toHaveLength(before + 1);
  });

  it('waits for a receiver that is down', async () => {
    await bench.fake.down();
    expect(await thrownBy(forward())).toMatchObject({ name: 'TransientError', scope: 'server' });
    await bench.fake.up();
    expect((await forward()).ref.id).toMatch(/^T-/);
  });

  it('ends with its signal', async () => {
    bench.fake.faults.add({ kind: 'slow', afterMs: 5_000 });
    const signal = AbortSignal.timeout(100);
    expect(await thrownBy(bench.adapter.forwardEvent(anEvent(), delivery({ signal, key: 'ends' })))).toBeInstanceOf(
      OutcomeUnknownError,
    );
  });
});

describe('where a delivery may go', () => {
  const refused = async (settings: Partial<WebhookSettings>) => {
    const before = bench.fake.counts.deliveries;
    const error = await thrownBy(forward(settings));
    expect(bench.fake.counts.deliveries).toBe(before);
    expect(error).toBeInstanceOf(MisconfiguredError);
    return error.message;
  };
  const named = () => bench.fake.url.replace('127.0.0.1', 'localhost');

  it('never to an address that is not listed, whether it is written so or found by its name', async () => {
    const allowedNetworks = ['private'];
    expect(await refused({ allowedNetworks })).toContain('127.0.0.1: is no address that may be called');
    expect(await refused({ allowedNetworks, url: named() })).toContain('localhost is at no address that may be called');
    expect(await refused({ url: 'http://169.254.169.254/latest' })).toContain('no address that may be called');
    expect(await refused({ url: 'http://[::ffff:169.254.169.254]/' })).toContain('no address that may be called');
    expect(await refused({ url: 'http://2852039166/' })).toContain('169.254.169.254: is no address');
  });

  it('only to hosts that are listed, if any are', async () => {
    expect(await refused({ allowedHosts: ['example.com', '*.example.com'] })).toContain('is not among allowedHosts');
    expect((await forward({ url: named(), allowedHosts: ['localhost'] })).ref.id).toMatch(/^T-/);
  });

  it('not with a body that is longer than the limit', async () => {
    const adapter = bench.another({ maxBodyBytes: 1_000 });
    const error = await thrownBy(adapter.forwardEvent(anEvent({ description: 'x'.repeat(1_000) }), delivery()));
    expect(error).toBeInstanceOf(RejectedError);
    expect(error.message).toMatch(/^the body has \d+ bytes, and maxBodyBytes is 1000$/);
  });

  it('verifies that the receiver checks signatures: a wrong secret stops the server', async () => {
    const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
    expect((await thrownBy(forward({ secret }))).message).toContain(
      '401 – {"error":"no signature fits"} – check the secret',
    );
    expect((await forward({ secret, previousSecret: SECRET })).ref.id).toMatch(/^T-/);
  });
});
