import { readFile, stat } from 'node:fs/promises';
import { Client } from 'pg';
import { DATABASE_USER, type Cluster } from './cluster';
import { EmbeddedPostgresError, errorCode, errorText } from './errors';

const CONNECT_MS = 5_000;
const QUERY_MS = 30_000;
/** SQLSTATE: wrong password, wrong user. */
const NOT_OURS = new Set(['28P01', '28000']);

export type Session = { client: Client } | { notReady: string };

export async function readPassword(cluster: Cluster): Promise<string> {
  try {
    return (await readFile(cluster.password, 'utf8')).trim();
  } catch (error) {
    throw new EmbeddedPostgresError(
      `The database password in ${cluster.password} cannot be read (${errorCode(error)}).`,
    );
  }
}

export const databaseUrl = (port: number, password: string, database: string): string =>
  `postgresql://${DATABASE_USER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;

/**
 * Connects to the maintenance database. A server that does not answer yet (or no more) is an expected outcome; one that
 * answers for another cluster, as after the data folder was copied with a server running, is an error.
 */
export async function openSession(cluster: Cluster, port: number, password: string): Promise<Session> {
  const client = new Client({
    connectionString: databaseUrl(port, password, 'postgres'),
    application_name: `opr-connect core ${process.pid}`,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: QUERY_MS,
    keepAlive: true,
  });
  // A connection that breaks says so by 'end' as well; without a listener its 'error' would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await assertSameCluster(client, cluster, port);
    return { client };
  } catch (error) {
    await client.end().catch(() => undefined);
    if (error instanceof EmbeddedPostgresError) throw error;
    const code = errorCode(error);
    if (code !== undefined && NOT_OURS.has(code)) {
      throw new EmbeddedPostgresError(`PostgreSQL on 127.0.0.1:${port} refuses the password in ${cluster.password}.`);
    }
    return { notReady: errorText(error) };
  }
}

async function assertSameCluster(client: Client, cluster: Cluster, port: number): Promise<void> {
  const { rows } = await client.query<{ folder: string }>(`select current_setting('data_directory') as folder`);
  const [theirs, ours] = await Promise.all([stat(rows[0]?.folder ?? '').catch(() => undefined), stat(cluster.data)]);
  if (theirs?.ino !== ours.ino || theirs.dev !== ours.dev) {
    throw new EmbeddedPostgresError(`PostgreSQL on 127.0.0.1:${port} serves another folder than ${cluster.data}.`);
  }
}
