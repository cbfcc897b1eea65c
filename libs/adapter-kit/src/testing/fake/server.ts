import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a fake tool answers to a call. */
export interface FakeAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

/** A call as it came in. */
export interface ReceivedCall {
  method: string;
  /** As it was sent: still encoded. */
  path: string;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: string;
}

/** A fault as far as the wire is concerned (`WireFault`); those of other kinds leave it alone. */
interface OnTheWire {
  kind: string;
  beforeMs?: number;
  afterMs?: number;
  everyMs?: number;
}

/** A fake tool is an HTTP server on loopback that can go away and come back on the same port. Its waits end when it closes. */
export abstract class FakeServer {
  protected readonly stop = new AbortController();
  private server: Server | undefined;
  private port = 0;

  /** What the tool does with a call. */
  protected abstract serve(call: IncomingMessage, response: ServerResponse): Promise<void>;

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** @param port 0 takes a free one */
  protected async listen(port = 0): Promise<void> {
    const server = createServer((call, response) => {
      this.serve(call, response).catch((error: unknown) => {
        // The caller may have gone while we waited; anything else is a bug of the fake and must be seen.
        if (!response.headersSent && !response.destroyed) response.writeHead(500).end(String(error));
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.stop.abort();
    await this.down();
  }

  /** Refuses connections until `up`. */
  async down(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  /** Listens again, on the port it had. */
  async up(): Promise<void> {
    if (!this.server && !this.stop.signal.aborted) await this.listen(this.port);
  }

  /** Refuses connections for so long, then listens again. */
  async downFor(ms: number): Promise<void> {
    await this.down();
    await this.pause(ms);
    await this.up();
  }

  /**
   * Answers a call, and does to the wire what the fault says. `act` is what the tool does: it is done although the caller has
   * gone.
   */
  protected async answerCall(
    call: IncomingMessage,
    response: ServerResponse,
    { fault, act }: { fault: OnTheWire | undefined; act: () => FakeAnswer },
  ): Promise<void> {
    if (fault?.kind === 'slow') await this.pause(fault.beforeMs);
    const { status, headers, body = '' } = act();
    if (fault?.kind === 'slow') await this.pause(fault.afterMs);
    if (fault?.kind === 'lost') return void call.socket.destroy();
    const bytes = Buffer.from(body);
    response.writeHead(status, { ...(bytes.length > 0 && { 'Content-Length': String(bytes.length) }), ...headers });
    if (fault?.kind === 'cut')
      return void response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => call.socket.destroy());
    if (fault?.kind !== 'drip') return void response.end(call.method === 'HEAD' ? undefined : bytes);
    for (const byte of bytes) {
      if (response.destroyed || this.stop.signal.aborted) return;
      response.write(Buffer.from([byte]));
      await this.pause(fault.everyMs);
    }
    response.end();
  }

  protected async pause(ms = 0): Promise<void> {
    await sleep(ms, undefined, { signal: this.stop.signal }).catch(() => undefined);
  }
}

export async function received(call: IncomingMessage): Promise<ReceivedCall> {
  const chunks: Buffer[] = [];
  for await (const chunk of call) chunks.push(chunk as Buffer);
  return {
    method: call.method ?? '',
    path: call.url ?? '/',
    headers: Object.fromEntries(Object.entries(call.headers).map(([name, value]) => [name, String(value)])),
    body: Buffer.concat(chunks).toString('utf8'),
  };
}
