import type { Client } from 'pg';
import { DataDirInUseError, EmbeddedPostgresError } from './errors';
import type { Session } from './session';
import { pause } from './wait';

/** "OPRC", "core": advisory locks are numbers, and this cluster knows no others. */
const LOCK = [0x4f505243, 0x636f7265];
/** How long the server may take to notice that the core before us was killed. */
const GRACE_MS = 1_000;
const REACQUIRE_MS = 30_000;
const RETRY_MS = 100;

/** Takes the lock with this session, or tells which process has it. */
export async function tryLock(
  client: Client,
): Promise<{ locked: true } | { locked: false; holder: number | undefined }> {
  for (const deadline = Date.now() + GRACE_MS; ; await pause(RETRY_MS)) {
    const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1, $2) as locked', LOCK);
    if (rows[0]?.locked) return { locked: true };
    if (Date.now() < deadline) continue;
    const holders = await client.query<{ name: string }>(
      `select application_name as name from pg_locks join pg_stat_activity using (pid)
       where locktype = 'advisory' and granted and classid::bigint = $1 and objid::bigint = $2`,
      LOCK,
    );
    const pid = Number(/\d+$/.exec(holders.rows[0]?.name ?? '')?.[0]);
    return { locked: false, holder: pid > 0 ? pid : undefined };
  }
}

/**
 * The right to a data folder: a session advisory lock, held on a connection that does nothing else.
 *
 * - Only the holder may stop the server.
 * - PostgreSQL drops the lock with the connection, so a core that was killed holds it no longer.
 * - A broken connection (a server process crashed, and PostgreSQL started all of them anew) is made anew and the lock
 *   taken again. Until then `held` is false. If that fails, or another core was faster, `onLost` is told once: whoever
 *   hears it must stop working on this database.
 */
export class DataDirLock {
  held = true;
  private closing = false;

  constructor(
    private client: Client,
    private readonly dataDir: string,
    private readonly reconnect: () => Promise<Session>,
    private readonly onLost: (error: Error) => void,
  ) {
    this.watch();
  }

  /** From now on the end of the connection is wanted. */
  closeExpected(): void {
    this.closing = true;
  }

  async close(): Promise<void> {
    this.closing = true;
    this.held = false;
    await this.client.end().catch(() => undefined);
  }

  private watch(): void {
    this.client.once('end', () => {
      this.held = false;
      if (!this.closing) void this.reacquire();
    });
  }

  private async reacquire(): Promise<void> {
    let reason = 'the connection to PostgreSQL was lost';
    for (const deadline = Date.now() + REACQUIRE_MS; Date.now() < deadline && !this.closing; await pause(RETRY_MS)) {
      const outcome = await this.attempt().catch((error: unknown) => (error instanceof Error ? error : undefined));
      if (outcome === 'held' || this.closing) return;
      if (outcome instanceof DataDirInUseError) return this.onLost(outcome);
      if (outcome instanceof Error) reason = outcome.message;
    }
    if (!this.closing) {
      this.onLost(new EmbeddedPostgresError(`The data folder ${this.dataDir} is no longer ours: ${reason}`));
    }
  }

  private async attempt(): Promise<'held' | Error> {
    const session = await this.reconnect();
    if ('notReady' in session) return new EmbeddedPostgresError(session.notReady);
    const lock = await tryLock(session.client).catch(async (error: unknown) => {
      await session.client.end().catch(() => undefined);
      throw error;
    });
    if (!lock.locked || this.closing) await session.client.end().catch(() => undefined);
    if (!lock.locked) return new DataDirInUseError(this.dataDir, lock.holder);
    this.client = session.client;
    this.held = true;
    this.watch();
    return 'held';
  }
}
