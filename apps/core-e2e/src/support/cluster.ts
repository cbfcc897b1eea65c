import { startEmbeddedPostgres, type EmbeddedPostgres } from '@opr-connect/core';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';

/** A PostgreSQL that one suite may ill-treat, behind an address that stays the same, on which it can fall silent too. */
export class Cluster {
  private readonly sockets = new Set<Socket>();
  private silent = false;

  private constructor(
    private readonly folder: string,
    private readonly settings: Record<string, string>,
    private readonly door: Server,
    private postgres: EmbeddedPostgres,
  ) {}

  static async start(settings: Record<string, string> = {}): Promise<Cluster> {
    const folder = await mkdtemp(join(tmpdir(), 'opr-connect-trouble-'));
    // PostgreSQL may run as another user than we do.
    await chmod(folder, 0o711);
    const all = { fsync: 'off', ...settings };
    const door = createServer((socket) => cluster.enter(socket));
    const cluster = new Cluster(folder, all, door, await startEmbeddedPostgres({ dataDir: folder, settings: all }));
    await once(door.listen(0, '127.0.0.1'), 'listening');
    return cluster;
  }

  /** What the core is given. Contains the password. */
  get url(): string {
    const url = new URL(this.postgres.url);
    url.port = String((this.door.address() as AddressInfo).port);
    return url.href;
  }

  /** Stops it as an administrator does: every connection is cut, new ones are refused. */
  async shutDown(): Promise<void> {
    await this.postgres.stop();
    for (const socket of this.sockets) socket.destroy();
  }

  async startAgain(): Promise<void> {
    this.postgres = await startEmbeddedPostgres({ dataDir: this.folder, settings: this.settings });
  }

  /** From now on nothing that is sent arrives, and nobody is told: as if the machine were gone. */
  fallSilent(): void {
    this.silent = true;
    for (const socket of this.sockets) socket.pause();
  }

  speakAgain(): void {
    this.silent = false;
    for (const socket of this.sockets) socket.resume();
  }

  /** A session of an administrator, who is not held up by what holds up the core. */
  async session(): Promise<Client> {
    const client = new Client({ connectionString: this.postgres.url });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  async sql<Row>(text: string): Promise<Row[]> {
    const client = await this.session();
    try {
      return (await client.query(text)).rows as Row[];
    } finally {
      await client.end();
    }
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.door.close();
    await this.postgres.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  private enter(client: Socket): void {
    const server = connect(Number(new URL(this.postgres.url).port), '127.0.0.1');
    const pair = [client, server];
    for (const [from, to] of [pair, [server, client]] as [Socket, Socket][]) {
      this.sockets.add(from);
      from.on('data', (bytes) => to.write(bytes));
      from.on('error', () => undefined);
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      if (this.silent) from.pause();
    }
  }
}
