import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import { connect, type AddressInfo, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { testCertificate } from './certificates.fixture';
import { MisconfiguredError, TransientError } from './errors';
import { callTool } from './http';
import { HttpSettings } from './http.settings';
import { fileFields, parseSettings, secretFields } from './settings';
import { toolHttp } from './tool-http';

class Settings extends HttpSettings {}

const authority = testCertificate('Authority of the site');
const stranger = testCertificate('Somebody else');
const tool = testCertificate('127.0.0.1', authority);
const client = testCertificate('opr-connect', authority);

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => void sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** A tool over TLS, which answers with the name in the certificate that it was shown. */
async function startTool(options: ServerOptions = {}): Promise<string> {
  const server = createServer({ cert: tool.certificate, key: tool.key, ...options }, (request, response) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate();
    response.end(`shown ${subject?.CN ?? 'nothing'}`);
  });
  return `https://127.0.0.1:${await listen(server)}/`;
}

interface Proxy {
  url: string;
  /** What it was asked to connect to, and with which login. */
  asked: { target: string; login?: string }[];
}

async function startProxy(status = 200): Promise<Proxy> {
  const asked: Proxy['asked'] = [];
  const server: HttpServer = createHttpServer((_request, response) => response.writeHead(400).end());
  server.on('connect', (request, socket: Socket) => {
    asked.push({ target: request.url ?? '', login: request.headers['proxy-authorization'] });
    if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    const [host, port] = (request.url ?? '').split(':');
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connected\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    closing.push(async () => onward.destroy());
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  return { url: `http://127.0.0.1:${await listen(server)}`, asked };
}

function settingsOf(plain: object): Settings {
  const parsed = parseSettings(Settings, { timeoutMs: 5_000, ...plain });
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.value;
}

async function get(url: string, plain: object = {}): Promise<string> {
  const call = { method: 'GET' as const, url, signal: AbortSignal.timeout(10_000) };
  return (await callTool(toolHttp(settingsOf(plain)), call)).body;
}

const ca = authority.certificate;

describe('a tool over TLS', () => {
  it('is believed if the authority of the settings vouches for it', async () => {
    expect(await get(await startTool(), { ca })).toBe('shown nothing');
  });

  it.each([
    ['no authority is named', {}],
    ['another one is named', { ca: stranger.certificate }],
  ])('is not believed where %s', async (_what, plain) => {
    const url = await startTool();
    await expect(get(url, plain)).rejects.toThrow(MisconfiguredError);
  });

  it('is not believed either where the environment says that nothing is to be verified', async () => {
    const url = await startTool();
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      await expect(get(url)).rejects.toThrow(MisconfiguredError);
      await expect(get(url, { proxy: (await startProxy()).url })).rejects.toThrow(MisconfiguredError);
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
  });

  it('is not believed under a name that is not in its certificate', async () => {
    const other = testCertificate('tool', authority, 'tool.example.com');
    const url = await startTool({ cert: other.certificate, key: other.key });
    await expect(get(url, { ca })).rejects.toThrow(MisconfiguredError);
  });

  it('is shown our certificate', async () => {
    const url = await startTool({ ca, requestCert: true, rejectUnauthorized: true });
    const clientKey = client.key;
    expect(await get(url, { ca, clientCertificate: client.certificate, clientKey })).toBe('shown opr-connect');
  });

  it('is shown one whose key is encrypted', async () => {
    const url = await startTool({ ca, requestCert: true, rejectUnauthorized: true });
    const passphrase = 'open sesame';
    const clientKey = String(
      client.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }),
    );
    const plain = { ca, clientCertificate: client.certificate, clientKey, clientKeyPassphrase: passphrase };
    expect(await get(url, plain)).toBe('shown opr-connect');
  });

  it('that wants a certificate of ours and gets none is a matter of settings', async () => {
    // By TLS 1.3 the refusal comes after the handshake, and may be overtaken by the end of the connection.
    const maxVersion = 'TLSv1.2';
    const url = await startTool({ ca, requestCert: true, rejectUnauthorized: true, maxVersion });
    await expect(get(url, { ca })).rejects.toThrow(/check the client certificate \(alert /);
  });
});

describe('a proxy', () => {
  it('is passed through to the tool, whose own certificate is verified', async () => {
    const url = await startTool();
    const proxy = await startProxy();
    expect(await get(url, { ca, proxy: proxy.url })).toBe('shown nothing');
    expect(proxy.asked).toEqual([{ target: new URL(url).host, login: undefined }]);
    await expect(get(url, { proxy: proxy.url })).rejects.toThrow(MisconfiguredError);
  });

  it('is passed through to a tool without TLS as well', async () => {
    const plain = createHttpServer((_request, response) => response.end('plain'));
    const url = `http://127.0.0.1:${await listen(plain)}/`;
    const proxy = await startProxy();
    expect(await get(url, { proxy: proxy.url })).toBe('plain');
    expect(proxy.asked).toHaveLength(1);
  });

  it('is given the login, whatever characters it is made of', async () => {
    const proxy = await startProxy();
    const login = { proxyUser: 'us%er@site', proxyPassword: 'p:a/s%40s' };
    await get(await startTool(), { ca, proxy: proxy.url, ...login });
    expect(proxy.asked[0]?.login).toBe(`Basic ${Buffer.from('us%er@site:p:a/s%40s').toString('base64')}`);
  });

  it('over TLS is verified by the same authorities', async () => {
    const server = createServer({ cert: tool.certificate, key: tool.key });
    server.on('connect', (_request, socket: Socket, head: Buffer) => {
      socket.write('HTTP/1.1 200 Connected\r\n\r\n');
      const onward = connect(Number(new URL(url).port), '127.0.0.1', () => onward.pipe(socket).pipe(onward));
      onward.write(head);
      closing.push(async () => onward.destroy());
    });
    const url = await startTool();
    const proxy = `https://localhost:${await listen(server)}`;
    expect(await get(url, { ca, proxy })).toBe('shown nothing');
    await expect(get(url, { ca: stranger.certificate, proxy })).rejects.toThrow(MisconfiguredError);
  });

  it.each([
    ['refuses our login', 407, MisconfiguredError],
    ['does not allow the tool', 403, MisconfiguredError],
    ['cannot reach the tool', 502, TransientError],
  ])('that %s says whose matter that is, and that nothing was sent', async (_what, status, kind) => {
    const proxy = (await startProxy(status)).url;
    const http = toolHttp(settingsOf({ proxy, ca }));
    const call = { method: 'POST' as const, url: 'https://127.0.0.1:1/', signal: AbortSignal.timeout(10_000) };
    await expect(callTool(http, call)).rejects.toThrow(kind);
  });

  it('that does not answer is given up', async () => {
    const silent = createHttpServer();
    silent.on('connect', () => undefined);
    const proxy = `http://127.0.0.1:${await listen(silent)}`;
    const started = Date.now();
    await expect(get('https://127.0.0.1:1/', { proxy, timeoutMs: 200 })).rejects.toThrow(TransientError);
    expect(Date.now() - started).toBeLessThan(3_000);
  });
});

describe('settings for HTTP', () => {
  const problemsOf = (plain: object): string[] => {
    const parsed = parseSettings(Settings, plain);
    return parsed.ok ? [] : parsed.problems;
  };

  it('need nothing', () => {
    expect(problemsOf({})).toEqual([]);
  });

  it.each<[string, object, string[]]>([
    ['no PEM', { ca: 'certificate' }, ['ca: must be one or more certificates as PEM']],
    [
      'a PEM with nonsense in it',
      { ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' },
      ['ca: must be one or more certificates as PEM'],
    ],
    [
      'a certificate without its key',
      { clientCertificate: client.certificate },
      ['clientCertificate: must be given together with clientKey'],
    ],
    [
      'a key without certificate',
      { clientKey: client.key },
      ['clientKey: must be given together with clientCertificate'],
    ],
    [
      'the key of another certificate',
      { clientCertificate: client.certificate, clientKey: stranger.key },
      ['clientKey: must be the key of clientCertificate'],
    ],
    [
      'a key that is none',
      { clientCertificate: client.certificate, clientKey: 'key' },
      ['clientKey: must be a private key as PEM that clientKeyPassphrase, if it has one, opens'],
    ],
    ['a login without proxy', { proxyUser: 'u' }, ['proxyUser: must be given together with proxy']],
    ['a password without user', { proxyPassword: 'p' }, ['proxyPassword: must be given together with proxyUser']],
    ...['proxy:3128', 'socks5://proxy', 'http://u:p@proxy', 'http://proxy/path', 'http://proxy?x', 7].map(
      (proxy): [string, object, string[]] => [
        `the proxy ${proxy}`,
        { proxy },
        ['proxy: must be an http or https URL of host and port only; the login is in proxyUser and proxyPassword'],
      ],
    ),
  ])('are refused with %s, by field and rule', (_what, plain, problems) => {
    expect(problemsOf(plain)).toEqual(problems);
  });

  it('say which fields are secret and which may be files, also in a class that extends them', () => {
    expect(secretFields(Settings)).toEqual(['clientKey', 'clientKeyPassphrase', 'proxyPassword']);
    expect(fileFields(Settings)).toEqual(['ca', 'clientCertificate']);
  });
});
