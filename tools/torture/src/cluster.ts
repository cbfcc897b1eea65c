import { startEmbeddedPostgres, type EmbeddedPostgres } from '@opr-connect/core';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A PostgreSQL of our own. Not durable against a power cut, since nothing here outlives the run. */
export class Cluster {
  private constructor(
    private readonly folder: string,
    private postgres: EmbeddedPostgres,
  ) {}

  static async start(): Promise<Cluster> {
    const folder = await mkdtemp(join(tmpdir(), 'opr-connect-torture-'));
    // PostgreSQL may run as another user than we do.
    await chmod(folder, 0o711);
    return new Cluster(folder, await startIn(folder));
  }

  /** Contains the password. After a restart the port is another one. */
  get url(): string {
    return this.postgres.url;
  }

  /** Stops it as an administrator does, cutting every connection, and starts it again. */
  async restart(): Promise<void> {
    await this.postgres.stop();
    this.postgres = await startIn(this.folder);
  }

  async stop(): Promise<void> {
    await this.postgres.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

const startIn = (folder: string): Promise<EmbeddedPostgres> =>
  startEmbeddedPostgres({
    dataDir: join(folder, 'data'),
    settings: { fsync: 'off', synchronous_commit: 'off', max_connections: '500' },
  });
