import { once } from 'node:events';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { OPEN, type Gate } from './gate';

/** What becomes of a write, as the hub learns of it or does not. `late`: it is done after the hub has looked for it. */
export const FATES = ['answered', 'not received', 'failed', 'answer lost', 'late'] as const;
export type Fate = (typeof FATES)[number];

/** What the requests to one party are called, and which of them would find what another wrote. */
export interface Dialect {
  labelOf(method: string, path: string): string;
  /** Whether a core that sends this looks for what that request may have done. */
  looksFor(label: string, written: string): boolean;
}

interface Call {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

/** Stands between a core and a party that speaks HTTP: asks a gate, cuts the network, and makes the outcome of a write doubtful. */
export class HttpProxy {
  /** Requests that were not answered yet. */
  open = 0;
  private fates: { label: string; fate: Fate }[] = [];
  private late: { label: string; call: Call }[] = [];
  private isCut = false;

  private constructor(
    private readonly server: Server,
    private readonly target: () => string,
  ) {}

  static async start(target: () => string, dialect: Dialect, gate: Gate = OPEN): Promise<HttpProxy> {
    const server = createServer((request, response) => {
      proxy.open += 1;
      proxy
        .serve(request, response, dialect, gate)
        .catch(() => response.destroy())
        .finally(() => (proxy.open -= 1));
    });
    const proxy = new HttpProxy(server, target);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The next request with this label meets this fate. */
  next(label: string, fate: Fate): void {
    if (fate !== 'answered') this.fates.push({ label, fate });
  }

  /** Whether every fate befell a request, and nothing is still to be done late. */
  get isDone(): boolean {
    return this.fates.length === 0 && this.late.length === 0;
  }

  /** What nobody looked for is done now. */
  async doLate(): Promise<void> {
    for (const { call } of this.late.splice(0)) await this.pass(call);
  }

  /** Cuts every connection, and each new one, until `heal`. */
  cut(): void {
    this.isCut = true;
    this.server.closeAllConnections();
  }

  heal(): void {
    this.isCut = false;
  }

  async close(): Promise<void> {
    const closed = once(this.server.close(), 'close');
    this.server.closeAllConnections();
    await closed;
  }

  private async serve(request: IncomingMessage, response: ServerResponse, dialect: Dialect, gate: Gate): Promise<void> {
    const { method = 'GET', url = '/', headers } = request;
    const call: Call = { method, path: url, headers, body: await bodyOf(request) };
    const label = dialect.labelOf(method, url);
    if (this.isCut || (await gate.before({ label })) === 'drop') return void response.destroy();
    const fate = this.fateOf(label);
    if (fate === 'not received') return void response.destroy();
    if (fate === 'late') {
      this.late.push({ label, call });
      return void response.destroy();
    }
    const answer = fate === 'failed' ? FAILED : await this.pass(call);
    for (const waiting of this.late.filter((one) => dialect.looksFor(label, one.label))) {
      this.late = this.late.filter((one) => one !== waiting);
      await this.pass(waiting.call);
    }
    const verdict = await gate.after({ label, lasting: method !== 'GET' && method !== 'HEAD' });
    if (verdict === 'drop' || fate === 'answer lost' || this.isCut) return void response.destroy();
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  private fateOf(label: string): Fate {
    const index = this.fates.findIndex((one) => one.label === label);
    return this.fates.splice(index, index < 0 ? 0 : 1)[0]?.fate ?? 'answered';
  }

  private pass({ method, path, headers, body }: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const call = httpRequest(new URL(path, this.target()), { method, headers, agent: false }, (answer) => {
        bodyOf(answer).then(
          (read) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: read }),
          reject,
        );
      });
      call.on('error', reject).end(body);
    });
  }
}

const FAILED: Answer = { status: 500, headers: { 'content-type': 'text/plain' }, body: Buffer.from('broken') };

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
