import { once, setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { patiently } from '../patience';

/** What befalls one hook on its way. */
export interface Mishap {
  delayMs: number;
  copies: number;
}

/**
 * Carries hooks from the tool to the hub, each by itself, and tries again until the hub has taken it, as a MID server or a
 * queue in between does. (A business rule alone never tries again, so what it tells nobody is lost before the hub has promised
 * anything.)
 */
export class HookRelay {
  /** Hooks that the hub has not taken yet. */
  open = 0;
  private readonly stop = new AbortController();

  private constructor(
    private readonly server: Server,
    private readonly target: () => string,
    private readonly mishap: () => Mishap,
  ) {
    // Every hook on its way listens.
    setMaxListeners(0, this.stop.signal);
  }

  static async start(
    target: () => string,
    mishap: () => Mishap = () => ({ delayMs: 0, copies: 1 }),
  ): Promise<HookRelay> {
    const server = createServer((request, response) => {
      relay.open += 1;
      relay
        .take(request, () => response.writeHead(202).end())
        .catch(() => response.destroy())
        .finally(() => (relay.open -= 1));
    });
    const relay = new HookRelay(server, target, mishap);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return relay;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  /** Posts a hook that was sent before once more. */
  async replay(body: string, signature: string): Promise<void> {
    await this.post(Buffer.from(body), signature);
  }

  async close(): Promise<void> {
    this.stop.abort();
    const closed = once(this.server.close(), 'close');
    this.server.closeAllConnections();
    await closed;
  }

  private async take(request: IncomingMessage, taken: () => void): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { delayMs, copies } = this.mishap();
    taken();
    await sleep(delayMs, undefined, { signal: this.stop.signal });
    for (let copy = 0; copy < copies; copy += 1)
      await this.post(Buffer.concat(chunks), String(request.headers['x-opr-connect-signature']));
  }

  private async post(body: Buffer, signature: string): Promise<void> {
    const headers = { 'content-type': 'application/json', 'x-opr-connect-signature': signature };
    await patiently(async (signal) => {
      const { status } = await fetch(`${this.target()}/hooks/servicenow`, { method: 'POST', headers, body, signal });
      return status === 202 ? true : undefined;
    }, this.stop.signal);
  }
}
