import { chmod, lstat, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EmbeddedPostgresError } from './errors';

/** Where root keeps what an unprivileged account must reach when the clone or the data folder is closed to it. */
export const SHARED_FOLDER = '/var/lib/opr-connect';

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/** Makes the shared folder, root's own, that everyone may enter. */
export async function makeSharedFolder(): Promise<string> {
  await mkdir(SHARED_FOLDER, { recursive: true });
  await assertOnlyRootChanges(SHARED_FOLDER);
  await chmod(SHARED_FOLDER, 0o755);
  return SHARED_FOLDER;
}

/** Refuses a link, and a folder that another user made, may write to or can replace: what lies in it is run by us. */
export async function assertOnlyRootChanges(folder: string): Promise<void> {
  const found = await lstat(folder);
  if (!found.isDirectory() || found.uid !== 0 || (found.mode & WRITABLE_BY_OTHERS) !== 0) {
    throw new EmbeddedPostgresError(`${folder} is not a folder that only root can change. Remove it.`);
  }
  const parent = await lstat(dirname(folder));
  if (parent.uid !== 0 || ((parent.mode & WRITABLE_BY_OTHERS) !== 0 && (parent.mode & STICKY) === 0)) {
    throw new EmbeddedPostgresError(`${dirname(folder)} can be changed by others than root, so ${folder} is not used.`);
  }
}
