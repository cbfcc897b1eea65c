import { startEmbeddedPostgres, type EmbeddedPostgres } from '@opr-connect/core';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './child';
import { configOf, Core, type Target } from './core';
import type { FakeCalls, FakeUrls } from './fakes';
import type { FilledDatabase } from './filled-database';
import type { LoadCalls } from './load';

/** What every part measures with: one durable PostgreSQL, a process for the load, and a process for the fakes. */
export class Bench {
  private closers: (() => Promise<unknown>)[] = [];
  private readonly fills = new Map<number, Promise<FilledDatabase>>();
  private made = 0;

  private constructor(
    readonly quick: boolean,
    readonly say: (line: string) => void,
    readonly load: Child<LoadCalls>,
    readonly fakes: Child<FakeCalls>,
    readonly urls: FakeUrls,
    readonly folder: string,
    private readonly postgres: EmbeddedPostgres,
    private readonly profiles: string | undefined,
  ) {}

  /** @param options.profiles folder for CPU profiles of the cores; statements are counted too then */
  static async start(options: {
    quick: boolean;
    profiles: string | undefined;
    say: (line: string) => void;
  }): Promise<Bench> {
    const folder = await mkdtemp(join(tmpdir(), 'opr-connect-bench-'));
    // PostgreSQL may run as another user than we do.
    await chmod(folder, 0o711);
    const postgres = await startEmbeddedPostgres({
      dataDir: join(folder, 'data'),
      onProgress: options.say,
      settings: {
        max_connections: '200',
        ...(options.profiles ? { shared_preload_libraries: 'pg_stat_statements' } : {}),
      },
    });
    const load = Child.start<LoadCalls>(require.resolve('./load'));
    const fakes = Child.start<FakeCalls>(require.resolve('./fakes'));
    const urls = await fakes.call('start', undefined);
    return new Bench(options.quick, options.say, load, fakes, urls, folder, postgres, options.profiles);
  }

  /** The URL of a database whose content nobody needs. */
  get anyDatabase(): string {
    return this.postgres.url;
  }

  async close(): Promise<void> {
    await this.endPart();
    await Promise.all([this.load.close(), this.fakes.close()]);
    await this.postgres.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Stops what the part started. */
  async endPart(): Promise<void> {
    const closers = this.closers;
    this.closers = [];
    await Promise.all(closers.map((close) => close()));
  }

  closeWithPart(close: () => Promise<unknown>): void {
    this.closers.push(close);
  }

  /** A database of this size: filled once for all parts. */
  filled(events: number, fill: () => Promise<FilledDatabase>): Promise<FilledDatabase> {
    const database = this.fills.get(events) ?? fill();
    this.fills.set(events, database);
    return database;
  }

  newDatabase(): Promise<string> {
    return this.postgres.ensureDatabase(`bench_${++this.made}`);
  }

  /** A core between OBM and these targets; without a database of its own, on a new one. It is stopped with the part, if not before. */
  async core(targets: readonly Target[], databaseUrl?: string): Promise<Core> {
    const core = await Core.start({
      databaseUrl: databaseUrl ?? (await this.newDatabase()),
      config: configOf(this.urls.obm, targets),
      folder: join(this.folder, `core-${++this.made}`),
      profiles: this.profiles,
    });
    this.closeWithPart(() => core.stop());
    return core;
  }
}
