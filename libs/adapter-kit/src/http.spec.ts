import { HttpService } from '@nestjs/axios';
import axios from 'axios';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MisconfiguredError, OutcomeUnknownError, TransientError } from './errors';
import { DEFAULT_HTTP_LIMITS, basicAuthorization, callTool, retryAfterMs, type HttpCall } from './http';

const http = new HttpService(axios.create());
let server: Server;
let url: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/records?token=hidden`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const call = (more: Partial<HttpCall> = {}, limits = DEFAULT_HTTP_LIMITS) =>
  callTool(http, { method: 'GET', url, signal: new AbortController().signal, ...more }, limits);

describe('a call to a tool', () => {
  it('answers any status with headers in lower case and the body as it came', async () => {
    answer = (_request, response) => response.writeHead(418, { 'X-Kind': 'Teapot' }).end('{"not":"parsed"}');
    const { status, headers, body } = await call();
    expect([status, headers['x-kind'], body]).toEqual([418, 'Teapot', '{"not":"parsed"}']);
  });

  it('sends what it was given', async () => {
    const received: string[] = [];
    answer = (request, response) => {
      request.on('data', (chunk: Buffer) => received.push(chunk.toString()));
      request.on('end', () => response.end(`${request.method} ${request.headers['x-a']}`));
    };
    expect((await call({ method: 'PATCH', headers: { 'x-a': 'b' }, body: 'päckchen' })).body).toBe('PATCH b');
    expect(received.join('')).toBe('päckchen');
  });

  it('ends with its time-out although garbage is collected while it waits', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    answer = () => setImmediate(collect);
    const error = await call({}, { ...DEFAULT_HTTP_LIMITS, timeoutMs: 200 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TransientError);
  });

  it('follows no redirect', async () => {
    answer = (_request, response) => response.writeHead(302, { location: '/elsewhere' }).end();
    expect((await call()).status).toBe(302);
  });

  it('is transient for the whole server when nobody listens, also for a write', async () => {
    await new Promise((resolve) => server.close(resolve));
    const error = await call({ method: 'POST', body: 'x' }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TransientError);
    expect(error).toMatchObject({ scope: 'server' });
    server = createServer().listen(0);
  });

  it.each([
    ['a read', 'GET', TransientError],
    ['a write', 'POST', OutcomeUnknownError],
  ] as const)('says of %s whose answer was lost whether the tool may have acted', async (_what, method, kind) => {
    answer = (request) => request.socket.destroy();
    await expect(call({ method })).rejects.toBeInstanceOf(kind);
  });

  it.each([
    ['a read', 'GET', TransientError],
    ['a write', 'POST', OutcomeUnknownError],
  ] as const)('ends %s at its time-out', async (_what, method, kind) => {
    answer = () => undefined;
    await expect(call({ method }, { ...DEFAULT_HTTP_LIMITS, timeoutMs: 50 })).rejects.toBeInstanceOf(kind);
  });

  it('ends when its signal aborts', async () => {
    const ending = new AbortController();
    answer = () => ending.abort();
    await expect(call({ signal: ending.signal })).rejects.toBeInstanceOf(TransientError);
  });

  it('takes no answer that is too large', async () => {
    answer = (_request, response) => response.end('x'.repeat(2_000));
    await expect(call({}, { ...DEFAULT_HTTP_LIMITS, maxAnswerBytes: 1_000 })).rejects.toBeInstanceOf(TransientError);
  });

  it('is misconfigured when the URL is none', async () => {
    await expect(call({ url: 'no url' })).rejects.toBeInstanceOf(MisconfiguredError);
  });

  it('tells no secret in an error', async () => {
    answer = (request) => request.socket.destroy();
    const error = await call({ headers: { authorization: basicAuthorization('user', 'pass') } }).catch(
      (reason: unknown) => reason as Error,
    );
    const told = JSON.stringify([String(error), error]);
    for (const secret of ['hidden', 'pass', basicAuthorization('user', 'pass')]) expect(told).not.toContain(secret);
  });
});

it.each([
  ['seconds', '120', 120_000],
  ['a date', 'Thu, 01 Jan 1970 00:01:00 GMT', 60_000],
  ['a date in the past', 'Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['nonsense', 'soon', undefined],
  ['nothing', '', undefined],
])('reads Retry-After as %s', (_what, value, expected) => {
  expect(retryAfterMs({ 'retry-after': value }, 0)).toBe(expected);
});

it('reads a date in Retry-After by the clock of whoever answered, whatever ours says', () => {
  const headers = { date: 'Thu, 01 Jan 1970 00:00:30 GMT', 'retry-after': 'Thu, 01 Jan 1970 00:01:00 GMT' };
  expect(retryAfterMs(headers)).toBe(30_000);
});
