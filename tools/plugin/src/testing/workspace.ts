import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { execFile } from 'node:child_process';
import type { AdapterOptions } from '../generators/adapter/options';

const HERE = join(__dirname, '../../../..');
const GENERATE = join(HERE, 'tools/plugin/dist/testing/generate.js');
const COPIED = [
  ...[
    'package.json',
    'package-lock.json',
    'nx.json',
    'tsconfig.base.json',
    'tsconfig.json',
    'eslint.config.mjs',
    'jest.preset.js',
  ],
  ...[
    '.prettierrc.json',
    '.prettierignore',
    '.gitignore',
    'docs',
    'libs',
    'apps/core',
    'apps/core-e2e',
    'tools/plugin',
    'tools/sandbox',
  ],
];

/** A copy of this workspace, built as far as this one is. Packages are those of this one, but for its own. */
export class Workspace {
  private constructor(readonly root: string) {}

  static create(): Workspace {
    const root = mkdtempSync(join(tmpdir(), 'opr-connect-plugin-'));
    // With their times, by which tsc tells that they are built.
    const options = {
      recursive: true,
      preserveTimestamps: true,
      filter: (path: string) => basename(path) !== 'node_modules',
    };
    for (const path of COPIED) cpSync(join(HERE, path), join(root, path), options);
    for (const folder of ['.', 'apps/core', 'libs/adapters/jira']) link(root, join(folder, 'node_modules'));
    const workspace = new Workspace(root);
    for (const path of ['libs/opr', 'libs/adapter-kit', 'apps/core', 'apps/core-e2e', 'tools/plugin', 'tools/sandbox'])
      workspace.install(path);
    for (const name of readdirSync(join(root, 'libs/adapters'))) workspace.install(`libs/adapters/${name}`);
    return workspace;
  }

  /** Generates adapters, one after the other; for each the paths of the files that were written, sorted. */
  async generate(shapes: readonly AdapterOptions[]): Promise<string[][]> {
    const { code, said } = await run(process.execPath, [GENERATE, this.root, JSON.stringify(shapes)], this.root);
    if (code !== 0) throw new Error(said);
    for (const { name } of shapes) this.install(`libs/adapters/${name}`);
    return JSON.parse(said) as string[][];
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.root, path), text);
  }

  /** Runs a command of `node_modules/.bin`; answers its exit code and what it said. */
  run(command: string, args: readonly string[]): Promise<Ended> {
    return run(join(this.root, 'node_modules/.bin', command), args, this.root);
  }

  /** Runs a program of this workspace as `node` does. */
  node(file: string, args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
    return run(process.execPath, [join(this.root, file), ...args], this.root, environment);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  /** As npm does it with a workspace. */
  private install(path: string): void {
    const { name } = JSON.parse(this.read(join(path, 'package.json'))) as { name: string };
    const target = join(this.root, 'node_modules', name);
    mkdirSync(dirname(target), { recursive: true });
    symlinkSync(join(this.root, path), target);
  }
}

interface Ended {
  code: number;
  said: string;
}

function run(
  file: string,
  args: readonly string[],
  cwd: string,
  environment: Record<string, string> = {},
): Promise<Ended> {
  const env = { ...process.env, NX_DAEMON: 'false', FORCE_COLOR: '0', ...environment };
  return new Promise((resolve) => {
    execFile(file, args, { cwd, env, maxBuffer: 2 ** 26 }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), said: out + err }),
    );
  });
}

/** Each package of a `node_modules` of this workspace, as a link to it. */
function link(root: string, folder: string): void {
  mkdirSync(join(root, folder), { recursive: true });
  for (const name of readdirSync(join(HERE, folder)))
    if (name !== '@opr-connect') symlinkSync(join(HERE, folder, name), join(root, folder, name));
}
