import type { Client } from 'pg';
import type { Account } from './account';
import type { Binaries } from './binaries';
import type { Cluster } from './cluster';
import { tryLock } from './data-dir-lock';
import { DataDirInUseError, EmbeddedPostgresError } from './errors';
import {
  isServerOf,
  logSize,
  logTail,
  readPidFile,
  removeStalePidFile,
  startServer,
  type StartedServer,
} from './postmaster';
import { openSession } from './session';
import { freePort, pause } from './wait';

/** Recovery after a power cut reads the whole write-ahead log; it is left running if this is not enough. */
const READY_MS = 180_000;
/** How long a server that cannot start for a passing reason is tried again. */
const RESTART_MS = 30_000;
const POLL_MS = 50;
const REPORT_MS = 5_000;

/** Another core started its server first; a dead server's last processes are still going; the port was taken. */
const PASSING =
  /lock file "postmaster\.pid"|pre-existing shared memory|could not bind|could not create any TCP\/IP sockets/;

export interface Reach {
  dataDir: string;
  cluster: Cluster;
  binaries: Binaries;
  account: Account | undefined;
  password: string;
  settings: Readonly<Record<string, string>>;
  onProgress: (line: string) => void;
}

export interface Reached {
  port: number;
  /** Holds the lock of the data folder. */
  client: Client;
  adopted: boolean;
}

/**
 * Comes to a running server whose lock is ours, whatever is found: nothing, a server that outlived its core, one that
 * is starting, recovering or stopping, or the file of a dead one. Each round looks again, because another core may do
 * the same at this moment. The lock decides between them, not who started the server.
 */
export async function reachServer(reach: Reach): Promise<Reached> {
  const { cluster, dataDir, onProgress } = reach;
  const begun = Date.now();
  let attempt: Attempt | undefined;
  let adopting: number | undefined;
  let waitingFor = 'PostgreSQL has not opened its port yet';
  let reported = begun;

  for (; Date.now() < begun + READY_MS; await pause(POLL_MS)) {
    const found = await readPidFile(cluster);
    if (found && (await isServerOf(cluster, found.pid))) {
      if (found.pid !== attempt?.server.pid && found.pid !== adopting) {
        adopting = found.pid;
        onProgress(`PostgreSQL is already running (process ${found.pid})`);
      }
      const outcome = found.port === undefined ? { notReady: waitingFor } : await lockedSession(reach, found.port);
      if ('client' in outcome) return { ...outcome, port: found.port ?? 0, adopted: found.pid !== attempt?.server.pid };
      waitingFor = outcome.notReady;
    } else if (!attempt || attempt.server.ended) {
      if (attempt) await assertPassing(cluster, attempt, begun + RESTART_MS);
      if (found) {
        if (!attempt) onProgress('recovering: PostgreSQL was not shut down the last time');
        await removeStalePidFile(cluster, found);
      }
      attempt = await start(reach);
    }
    if (Date.now() - reported > REPORT_MS) {
      reported = Date.now();
      onProgress(`waiting for PostgreSQL for ${Math.round((reported - begun) / 1000)} s: ${waitingFor}`);
    }
  }
  throw new EmbeddedPostgresError(
    `PostgreSQL in ${dataDir} was not ready within ${READY_MS / 1000} s (${waitingFor}). It is left running: start again to wait on.\n` +
      (await logTail(cluster)),
  );
}

interface Attempt {
  server: StartedServer;
  logStart: number;
}

async function start(reach: Reach): Promise<Attempt> {
  const port = await freePort();
  reach.onProgress(`starting PostgreSQL ${reach.binaries.major} on 127.0.0.1:${port}`);
  const logStart = await logSize(reach.cluster);
  return { server: await startServer({ ...reach, port }), logStart };
}

async function assertPassing(cluster: Cluster, attempt: Attempt, until: number): Promise<void> {
  const log = await logTail(cluster, attempt.logStart);
  if (!PASSING.test(log) || Date.now() > until) {
    throw new EmbeddedPostgresError(`PostgreSQL did not start. The end of ${cluster.log}:\n${log}`);
  }
  await pause(POLL_MS * 4);
}

async function lockedSession(reach: Reach, port: number): Promise<{ client: Client } | { notReady: string }> {
  const session = await openSession(reach.cluster, port, reach.password);
  if ('notReady' in session) return session;
  const { client } = session;
  const lock = await tryLock(client).catch((error: unknown) => ({ broken: String(error) }));
  if ('locked' in lock && lock.locked) return { client };
  await client.end().catch(() => undefined);
  if ('broken' in lock) return { notReady: lock.broken };
  throw new DataDirInUseError(reach.dataDir, lock.holder);
}
