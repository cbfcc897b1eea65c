import { lstat, readFile, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { canEnter, isRoot, type Account } from './account';
import type { Binaries } from './binaries';
import { EmbeddedPostgresError, errorCode } from './errors';

/** The superuser of the cluster, and the only user it has. */
export const DATABASE_USER = 'opr_connect';

/** Everything of one embedded PostgreSQL. The folder appears by one rename, so it is whole or not there. */
export interface Cluster {
  home: string;
  /** PostgreSQL's data directory. */
  data: string;
  password: string;
  log: string;
}

export const clusterLink = (dataDir: string): string => join(dataDir, 'postgres');

export const clusterAt = (home: string): Cluster => ({
  home,
  data: join(home, 'cluster'),
  password: join(home, 'password'),
  log: join(home, 'postgres.log'),
});

/** The cluster of this data folder, where the link leads if there is one; `undefined` when none was made yet. */
export async function findCluster(dataDir: string): Promise<Cluster | undefined> {
  const link = clusterLink(dataDir);
  if (!(await lstat(link).catch(() => undefined))) return undefined;
  const home = await realpath(link).catch((error: unknown) => {
    throw new EmbeddedPostgresError(
      `${link} leads to a folder that is not there or not accessible (${errorCode(error)}). ` +
        'Bring it back, or remove the link to start with an empty database.',
    );
  });
  const cluster = clusterAt(home);
  if (await stat(cluster.data).catch(() => undefined)) return cluster;
  if ((await readdir(home)).length === 0) return undefined;
  throw new EmbeddedPostgresError(`${home} is not an embedded PostgreSQL of OPR Connect; it is left alone.`);
}

/** The user that a cluster belongs to is the only one that PostgreSQL lets run it. */
export const clusterOwner = async (cluster: Cluster): Promise<number> => (await stat(cluster.data)).uid;

/** Says in words what would else be a riddle in PostgreSQL's log. */
export async function assertUsable(cluster: Cluster, account: Account | undefined, binaries: Binaries): Promise<void> {
  if (account && !(await canEnter(account, cluster.home))) {
    throw new EmbeddedPostgresError(
      `PostgreSQL runs as the account ${account.name}, which cannot reach ${cluster.home}. ` +
        'Let it pass through the folders above (chmod o+x), or move the data folder.',
    );
  }
  const owner = await clusterOwner(cluster);
  if (!isRoot() && process.getuid && owner !== process.getuid()) {
    throw new EmbeddedPostgresError(
      `${cluster.data} belongs to another user (uid ${owner}). Run the core as that user or as root, or change the owner.`,
    );
  }
  const major = (await readFile(join(cluster.data, 'PG_VERSION'), 'utf8')).trim();
  if (major !== binaries.major) {
    throw new EmbeddedPostgresError(
      `${cluster.data} was made by PostgreSQL ${major}, and this version of OPR Connect brings PostgreSQL ${binaries.major}. ` +
        'Dump it with the old version and restore it with the new one.',
    );
  }
}
