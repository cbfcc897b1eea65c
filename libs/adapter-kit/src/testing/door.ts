import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HookRequest } from '../adapter';

/** Where hooks of a fake come in: keeps them as the core does. */
export class Door {
  readonly received: HookRequest[] = [];
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const headers = Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
        );
        this.received.push({ headers, body: Buffer.concat(chunks), receivedAt: new Date().toISOString() });
        response.writeHead(202).end();
      });
    });
  }

  static async open(): Promise<Door> {
    const door = new Door();
    await new Promise<void>((resolve, reject) => {
      door.server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return door;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hooks`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}
