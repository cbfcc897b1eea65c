import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Client } from 'pg';
import { postgresAccount } from './account';
import { prepareBinaries } from './binaries';
import { assertUsable, clusterOwner, findCluster } from './cluster';
import { createCluster, sweepAbandoned } from './create-cluster';
import { DataDirLock } from './data-dir-lock';
import { EmbeddedPostgresError, errorCode } from './errors';
import { stopServer } from './postmaster';
import { reachServer } from './reach-server';
import { databaseUrl, openSession, readPassword } from './session';

export { DataDirInUseError, EmbeddedPostgresError } from './errors';

export interface EmbeddedPostgresOptions {
  /** The cluster lies in its subfolder `postgres`. Made when it does not exist. */
  dataDir: string;
  /** Lines for a person who waits. */
  onProgress?: (line: string) => void;
  /** Server settings on top of PostgreSQL's own, for this start; tests pass `{ fsync: 'off' }`. */
  settings?: Readonly<Record<string, string>>;
  /** The data folder is no longer ours (see DataDirLock): stop working on this database. By default nothing is done. */
  onLost?: (error: Error) => void;
}

export interface EmbeddedPostgres {
  /** The database `opr_connect`. Contains the password. */
  readonly url: string;
  /** A server that outlived an earlier core was found, not started. */
  readonly adopted: boolean;
  /** The URL of another database of this cluster. */
  databaseUrl(name: string): string;
  /** Makes the database if there is none, and answers its URL. */
  ensureDatabase(name: string): Promise<string>;
  /** Stops the server and gives up the data folder. Does nothing the second time, or when the folder was lost. */
  stop(): Promise<void>;
}

const DATABASE = 'opr_connect';
const DATABASE_NAME = /^[a-z_][a-z0-9_]{0,62}$/;
/** SQLSTATE: it exists, or is being made by someone else at this moment. */
const EXISTS = new Set(['42P04', '23505']);

/**
 * Starts the PostgreSQL that lives in a data folder, or adopts it if it survived the core that started it. One core at a
 * time: a second one gets a DataDirInUseError. The server runs in a session of its own, so neither Ctrl-C nor a kill of
 * the core stops it half-way; only `stop()` does.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { onProgress = () => undefined, settings = {}, onLost = () => undefined } = options;
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true });

  await sweepAbandoned(dataDir);
  const existing = await findCluster(dataDir);
  const account = await postgresAccount(existing && (await clusterOwner(existing)));
  const binaries = await prepareBinaries({ account, dataDir, onProgress });
  const durable = settings.fsync !== 'off';
  const cluster = existing ?? (await createCluster({ dataDir, account, binaries, durable, onProgress }));
  await assertUsable(cluster, account, binaries);
  const password = await readPassword(cluster);

  const { port, client, adopted } = await reachServer({
    dataDir,
    cluster,
    binaries,
    account,
    password,
    settings,
    onProgress,
  });
  const lock = new DataDirLock(client, dataDir, () => openSession(cluster, port, password), onLost);
  const urlOf = (name: string) => databaseUrl(port, password, checkedName(name));

  let stopped: Promise<void> | undefined;
  const stop = async () => {
    if (lock.held) {
      // The lock is held until the server ends it: a core that starts now must not adopt a server that is going.
      lock.closeExpected();
      await stopServer(cluster, binaries, account);
    }
    await lock.close();
  };
  const postgres: EmbeddedPostgres = {
    url: urlOf(DATABASE),
    adopted,
    databaseUrl: urlOf,
    ensureDatabase: async (name) => {
      await createDatabase(databaseUrl(port, password, 'postgres'), checkedName(name));
      return urlOf(name);
    },
    stop: () => (stopped ??= stop()),
  };
  try {
    await postgres.ensureDatabase(DATABASE);
  } catch (error) {
    await postgres.stop().catch(() => undefined);
    throw error;
  }
  onProgress(`PostgreSQL is ready on 127.0.0.1:${port}${adopted ? ' (adopted)' : ''}`);
  return postgres;
}

function checkedName(name: string): string {
  if (DATABASE_NAME.test(name)) return name;
  throw new EmbeddedPostgresError(
    `A database name is made of lower-case letters, digits and _: ${JSON.stringify(name)}`,
  );
}

async function createDatabase(maintenanceUrl: string, name: string): Promise<void> {
  const client = new Client({
    connectionString: maintenanceUrl,
    connectionTimeoutMillis: 10_000,
    query_timeout: 60_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
    if (rowCount === 0) await client.query(`create database ${name}`);
  } catch (error) {
    if (!EXISTS.has(errorCode(error) ?? '')) throw error;
  } finally {
    await client.end();
  }
}
