import { CoreEnded, type CoreProcess } from '@opr-connect/core/testing';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startCore } from '../start-core';

const CLOCK = join(__dirname, '../../preload/clock.js');

/** One of several cores on a database, under a supervisor that starts it again. */
export class Replica {
  private core: CoreProcess | undefined;

  constructor(
    private readonly name: string,
    private readonly database: string,
    private readonly folder: string,
  ) {}

  /** Where it listens, if it runs. */
  get url(): string | undefined {
    return this.core?.url;
  }

  /** It ended, and nobody told it to. */
  get hasFailed(): boolean {
    return this.core?.hasEnded ?? false;
  }

  /** A core that finds no database ends, and its supervisor starts it again. */
  async start(): Promise<void> {
    await writeFile(this.clock, '0');
    while (!this.core) {
      this.core = await startCore(this.database, this.folder, ['--require', CLOCK], {
        TORTURE_CLOCK: this.clock,
      }).catch((error: unknown) => {
        if (error instanceof CoreEnded) return undefined;
        throw error;
      });
    }
  }

  async kill(): Promise<void> {
    const core = this.core;
    this.core = undefined;
    await core?.kill();
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.core?.signal(signal);
  }

  /** Its clock goes wrong by so much, until it is started again. */
  async jump(byMs: number): Promise<void> {
    await writeFile(this.clock, String(byMs));
    this.core?.signal('SIGUSR2');
  }

  private get clock(): string {
    return join(this.folder, `clock-${this.name}`);
  }
}
