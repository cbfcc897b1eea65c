import { spawn } from 'node:child_process';
import { constants, open, readFile, readlink, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Account } from './account';
import type { Binaries } from './binaries';
import type { Cluster } from './cluster';
import { EmbeddedPostgresError, errorCode, errorText } from './errors';
import { childOptions, runCommand } from './run-command';
import { pause } from './wait';

const SIGNAL_MS = 10_000;
const STOP_MS = 60_000;
const LOG_LIMIT = 1_000_000;
const LOG_TAIL = 3_000;

export interface PidFile {
  pid: number;
  /** Not there yet in the first moments of a start. */
  port: number | undefined;
}

const pidFile = (cluster: Cluster) => join(cluster.data, 'postmaster.pid');

export async function readPidFile(cluster: Cluster): Promise<PidFile | undefined> {
  const lines = (await readFile(pidFile(cluster), 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  return Number.isInteger(pid) && pid > 0
    ? { pid, port: Number.isInteger(port) && port > 0 ? port : undefined }
    : undefined;
}

/**
 * Whether this process is the server of this cluster, and not one that got the number of a dead server. A server works
 * in its data directory and names it in its command line; a container may hide the first from us.
 */
export async function isServerOf(cluster: Cluster, pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  if (process.platform === 'win32') return true;
  if (process.platform !== 'linux') {
    const { output } = await runCommand('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { timeoutMs: 5_000 });
    return output.includes(cluster.data);
  }
  const folder = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
  if (folder !== undefined) return folder === cluster.data;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return command.split('\0').includes(cluster.data);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/**
 * PostgreSQL takes over the file of a dead server by itself, but waits for ever for a living process of the same user
 * that has its number. Two cores may both come here: the second re-reads and finds the first one's server, and in the
 * gap that is left PostgreSQL's shared memory key, made from the folder's inode, lets only one server live.
 */
export async function removeStalePidFile(cluster: Cluster, stale: PidFile): Promise<void> {
  if (!isAlive(stale.pid)) return;
  if ((await readPidFile(cluster))?.pid === stale.pid) await unlink(pidFile(cluster)).catch(() => undefined);
}

/** A server that was told to start: it lives in a session of its own and outlives the core. */
export interface StartedServer {
  pid: number | undefined;
  ended: boolean;
}

export async function startServer(options: {
  cluster: Cluster;
  binaries: Binaries;
  account: Account | undefined;
  port: number;
  settings: Readonly<Record<string, string>>;
}): Promise<StartedServer> {
  const { cluster, binaries, account, port, settings } = options;
  const fixed = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    port: String(port),
    cluster_name: 'opr-connect',
    timezone: 'UTC',
    log_timezone: 'UTC',
  };
  const args = Object.entries({ ...settings, ...fixed }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = await openLog(cluster, account);
  try {
    const child = spawn(binaries.postgres, ['-D', cluster.data, ...args], {
      ...childOptions(account),
      stdio: ['ignore', log.fd, log.fd],
    });
    const server: StartedServer = { pid: child.pid, ended: false };
    child.once('exit', () => (server.ended = true));
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) =>
        reject(new EmbeddedPostgresError(`${binaries.postgres} cannot be run: ${errorText(error)}`)),
      );
    });
    child.unref();
    return server;
  } finally {
    await log.close();
  }
}

/**
 * Fast: clients are cut off, what is committed is on the disk, and the process is gone. `pg_ctl stop` would wait for
 * whichever server the file names: in the moment between the end of ours and the end of its wait, another core may
 * start one. So the signal goes to this process, and this process is waited for.
 */
export async function stopServer(cluster: Cluster, binaries: Binaries, account: Account | undefined): Promise<void> {
  const running = await readPidFile(cluster);
  if (!running || !(await isServerOf(cluster, running.pid))) return;
  const { output } = await runCommand(binaries.pgCtl, ['kill', 'INT', String(running.pid)], {
    account,
    timeoutMs: SIGNAL_MS,
  });
  for (const deadline = Date.now() + STOP_MS; await isServerOf(cluster, running.pid); await pause(20)) {
    if (Date.now() > deadline)
      throw new EmbeddedPostgresError(`PostgreSQL did not stop.\n${output}\n${await logTail(cluster)}`);
  }
}

async function openLog(cluster: Cluster, account: Account | undefined) {
  const size = await logSize(cluster);
  if (size > LOG_LIMIT) await rename(cluster.log, `${cluster.log}.1`).catch(() => undefined);
  // Root may write into a folder of another user here: never through a link that this user has put there.
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);
  const log = await open(cluster.log, flags, 0o600);
  const { nlink } = await log.stat();
  if (account && nlink === 1) await log.chown(account.uid, account.gid);
  return log;
}

export const logSize = async (cluster: Cluster): Promise<number> =>
  (await stat(cluster.log).catch(() => undefined))?.size ?? 0;

/** The end of the server's log, from `since` on if that is nearer. */
export async function logTail(cluster: Cluster, since = 0): Promise<string> {
  const log = await open(cluster.log, 'r').catch(() => undefined);
  if (!log) return '(there is no PostgreSQL log)';
  try {
    const { size } = await log.stat();
    const from = Math.max(size - LOG_TAIL, since <= size ? since : 0, 0);
    const { buffer, bytesRead } = await log.read(Buffer.alloc(size - from), 0, size - from, from);
    return buffer.subarray(0, bytesRead).toString().trim();
  } finally {
    await log.close();
  }
}
