import { randomUUID } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { errorCode } from './errors';
import { assertOnlyRootChanges } from './shared-folder';

const COMPLETE = 'complete.json';
const OPEN_FILE = 0o644;
const OPEN_PROGRAM = 0o755;

/** Only a server is run from the copy: nothing is compiled or linked against it. */
const needed = (file: string) => !file.endsWith('.a') && !file.includes(`${sep}pkgconfig${sep}`);

/** npm packages hold no links; the package lists them in a file and makes them in its install script. */
export async function addLibraryLinks(native: string, into: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    await symlink(basename(source), join(into, relative('native', target))).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error;
    });
  }
}

/**
 * Copies the programs to a folder that everyone may read. It appears by a rename when it is complete, and a list of
 * files and sizes tells a copy that lost some of them (a power cut, a cleaner of temporary files) from a whole one.
 */
export async function copyBinaries(native: string, copy: string, asRoot: boolean): Promise<void> {
  if (await isComplete(copy, asRoot)) return;
  const staging = `${copy}.${randomUUID()}`;
  try {
    const sizes = await copyTree(native, staging);
    await addLibraryLinks(native, staging);
    await writeFile(join(staging, COMPLETE), JSON.stringify(sizes), { mode: OPEN_FILE });
    await rename(staging, copy).catch(async (error: unknown) => {
      if (errorCode(error) !== 'ENOTEMPTY' && errorCode(error) !== 'EEXIST') throw error;
      if (await isComplete(copy, asRoot)) return;
      const broken = `${copy}.${randomUUID()}`;
      await rename(copy, broken);
      await rename(staging, copy);
      await rm(broken, { recursive: true, force: true });
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function isComplete(copy: string, asRoot: boolean): Promise<boolean> {
  const found = await stat(copy).catch(() => undefined);
  if (!found) return false;
  if (asRoot) await assertOnlyRootChanges(copy);
  try {
    const sizes = JSON.parse(await readFile(join(copy, COMPLETE), 'utf8')) as Record<string, number>;
    const same = await Promise.all(
      Object.entries(sizes).map(async ([file, size]) => (await stat(join(copy, file))).size === size),
    );
    return same.every(Boolean);
  } catch {
    return false;
  }
}

async function copyTree(native: string, staging: string): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  await mkdir(staging, { mode: OPEN_PROGRAM });
  await chmod(staging, OPEN_PROGRAM);
  for (const entry of await readdir(native, { recursive: true, withFileTypes: true })) {
    const file = relative(native, join(entry.parentPath, entry.name));
    if (!needed(file)) continue;
    if (entry.isDirectory()) {
      await mkdir(join(staging, file), { recursive: true });
      await chmod(join(staging, file), OPEN_PROGRAM);
    } else if (entry.isFile()) {
      await copyFile(join(native, file), join(staging, file));
      await chmod(join(staging, file), file.startsWith(`bin${sep}`) ? OPEN_PROGRAM : OPEN_FILE);
      sizes[file] = (await stat(join(staging, file))).size;
    }
  }
  return sizes;
}
