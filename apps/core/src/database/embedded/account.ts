import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EmbeddedPostgresError } from './errors';

/** The unprivileged account that PostgreSQL runs as when the core runs as root. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

const PREFERRED = ['postgres', '_postgres', 'nobody'];

export const isRoot = (): boolean => process.getuid?.() === 0;

/**
 * Whom PostgreSQL, which refuses to run as root, runs as: the owner of a cluster that exists, else a system account.
 * `undefined` when the core itself is unprivileged. initdb needs an entry in the account database, so none is made up.
 */
export async function postgresAccount(clusterOwner: number | undefined): Promise<Account | undefined> {
  if (!isRoot()) return undefined;
  const accounts = await readAccounts();
  if (clusterOwner !== undefined) {
    if (clusterOwner === 0) {
      throw new EmbeddedPostgresError('The PostgreSQL cluster belongs to root, as which PostgreSQL refuses to run.');
    }
    const owner = accounts.find(({ uid }) => uid === clusterOwner);
    return owner ?? { name: `uid ${clusterOwner}`, uid: clusterOwner, gid: clusterOwner };
  }
  for (const name of PREFERRED) {
    const account = accounts.find((candidate) => candidate.name === name && candidate.uid > 0);
    if (account) return account;
  }
  throw new EmbeddedPostgresError(
    `PostgreSQL refuses to run as root, and /etc/passwd has none of the accounts ${PREFERRED.join(', ')}. ` +
      'Run the core as another user, or set DATABASE_URL to a PostgreSQL of your own.',
  );
}

async function readAccounts(): Promise<Account[]> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '');
  return text
    .split('\n')
    .map((line) => line.split(':'))
    .filter((fields) => fields.length >= 4)
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ uid, gid }) => Number.isInteger(uid) && Number.isInteger(gid));
}

/** Whether the account can get to this folder and enter it; every folder above it counts. */
export async function canEnter(account: Account, folder: string): Promise<boolean> {
  for (let path = await realpath(folder); ; path = dirname(path)) {
    const { mode, uid, gid } = await stat(path);
    const enter = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & enter) === 0) return false;
    if (path === dirname(path)) return true;
  }
}
