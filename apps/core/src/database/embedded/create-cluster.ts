import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, open, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canEnter, type Account } from './account';
import type { Binaries } from './binaries';
import { clusterAt, clusterLink, DATABASE_USER, findCluster, type Cluster } from './cluster';
import { EmbeddedPostgresError, errorCode } from './errors';
import { runCommand } from './run-command';
import { makeSharedFolder } from './shared-folder';

const INITDB_MS = 120_000;
/** Longer than initdb may take: an unfinished cluster of this age is nobody's any more. */
const ABANDONED_MS = 600_000;
const STAGING = '.init-';
const IN_PLACE = 'postgres';

interface Creation {
  dataDir: string;
  account: Account | undefined;
  binaries: Binaries;
  durable: boolean;
  onProgress: (line: string) => void;
}

/**
 * Makes the cluster beside its place and moves it there in one step, so that an interrupted initdb leaves nothing that
 * looks like a cluster, and of two cores that start at once the second finds the first one's and drops its own.
 */
export async function createCluster(creation: Creation): Promise<Cluster> {
  const { dataDir, account, onProgress } = creation;
  const elsewhere = account !== undefined && !(await canEnter(account, dataDir));
  const parent = elsewhere ? await makeSharedFolder() : dataDir;
  const prefix = elsewhere ? createHash('sha256').update(dataDir).digest('hex').slice(0, 16) : IN_PLACE;
  if (elsewhere) {
    if (!(await canEnter(account, parent))) throw unreachable(parent, account);
    onProgress(
      `the account ${account.name} cannot reach ${dataDir}; the database goes to ${parent}, with a link to it`,
    );
  }
  if (elsewhere) await sweepAbandoned(parent, prefix);

  const staging = await mkdtemp(join(parent, prefix + STAGING));
  try {
    await initialise(clusterAt(staging), creation);
    await (elsewhere
      ? claimByLink(staging, join(parent, `${prefix}-${randomUUID()}`), dataDir)
      : claim(staging, dataDir));
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  const cluster = await findCluster(dataDir);
  if (!cluster) throw new EmbeddedPostgresError(`${clusterLink(dataDir)} disappeared while it was made.`);
  return cluster;
}

const unreachable = (folder: string, account: Account) =>
  new EmbeddedPostgresError(
    `The account ${account.name} cannot reach ${folder}. Set DATABASE_URL to a PostgreSQL of your own.`,
  );

async function initialise(cluster: Cluster, { account, binaries, durable, onProgress }: Creation): Promise<void> {
  onProgress(`creating the database cluster (PostgreSQL ${binaries.major})`);
  const give = async (path: string) => account && (await chown(path, account.uid, account.gid));
  if (account) await chmod(cluster.home, 0o755);
  await mkdir(cluster.data, { mode: 0o700 });
  await give(cluster.data);
  await writeFile(cluster.password, randomBytes(32).toString('base64url'), { mode: 0o600, flush: true });
  await give(cluster.password);

  const { code, output } = await runCommand(
    binaries.initdb,
    [
      `--pgdata=${cluster.data}`,
      `--username=${DATABASE_USER}`,
      `--pwfile=${cluster.password}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
      ...(durable ? [] : ['--no-sync']),
    ],
    { account, timeoutMs: INITDB_MS },
  );
  if (code !== 0) throw new EmbeddedPostgresError(`The database cluster could not be created.\n${output}`);
}

async function claim(staging: string, dataDir: string): Promise<void> {
  try {
    await rename(staging, clusterLink(dataDir));
  } catch (error) {
    if (errorCode(error) === 'ENOTEMPTY' || errorCode(error) === 'EEXIST' || (await findCluster(dataDir))) return;
    throw error;
  }
  await syncFolder(dataDir);
}

/** The link is the claim: it is made or it exists. A name that never repeats keeps a removed data folder removed. */
async function claimByLink(staging: string, home: string, dataDir: string): Promise<void> {
  await rename(staging, home);
  try {
    await symlink(home, clusterLink(dataDir));
  } catch (error) {
    await rm(home, { recursive: true, force: true });
    if (errorCode(error) !== 'EEXIST') throw error;
  }
  await syncFolder(dataDir);
}

/** A new name survives a power cut only when its folder is on the disk. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

/** Removes what an interrupted initdb left behind. */
export async function sweepAbandoned(parent: string, prefix = IN_PLACE): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix + STAGING)) continue;
    const path = join(parent, name);
    const found = await stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > ABANDONED_MS) await rm(path, { recursive: true, force: true });
  }
}
