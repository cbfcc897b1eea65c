import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { reasonOf } from './config-error';

const FILE = 'file:';

/** The files that references in a configuration may name: whatever text in it begins with `file:`. */
export function filesNamedIn(raw: unknown, baseDir: string): string[] {
  if (typeof raw === 'string') return raw.startsWith(FILE) ? [resolve(baseDir, raw.slice(FILE.length).trim())] : [];
  if (typeof raw !== 'object' || raw === null) return [];
  return Object.values(raw).flatMap((value) => filesNamedIn(value, baseDir));
}

/** Another one after a file was written, replaced or removed, or a link on its path leads elsewhere. */
export async function fingerprint(files: readonly string[]): Promise<string> {
  const marks = await Promise.all(
    files.map((file) =>
      stat(file, { bigint: true }).then(
        ({ dev, ino, size, mtimeNs, ctimeNs }) => [dev, ino, size, mtimeNs, ctimeNs].join(' '),
        reasonOf,
      ),
    ),
  );
  return files.map((file, index) => `${file}: ${marks[index]}`).join('\n');
}
