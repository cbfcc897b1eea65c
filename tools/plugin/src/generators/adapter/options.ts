import { names, type Tree } from '@nx/devkit';
import type { Level } from '@opr-connect/adapter-kit/testing';

/** As they are given on the command line (`schema.json`). */
export interface AdapterOptions {
  name: string;
  level?: Level;
  auth?: Auth;
  push?: boolean;
  poll?: boolean;
}

export type Auth = 'basic' | 'bearer' | 'api-key';

/** What the templates are filled with. */
export interface Shape {
  /** `acme-desk`: the word in configurations, of files and folders. */
  name: string;
  /** `AcmeDesk` */
  className: string;
  /** `ACME_DESK` */
  constant: string;
  packageName: string;
  level: Level;
  auth: Auth;
  push: boolean;
  poll: boolean;
}

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const MAX_LENGTH = 40;

/** @throws Error naming what is wrong, before anything is written */
export function shapeOf(tree: Tree, options: AdapterOptions): Shape {
  const { name, level = 'synchronize', auth = 'basic', poll = false } = options;
  const isSynchronize = level === 'synchronize';
  const push = options.push ?? (isSynchronize && !poll);
  if (!NAME.test(name) || name.length > MAX_LENGTH)
    throw new Error(
      `name: must be words of small letters and digits with "-" between them, at most ${MAX_LENGTH} characters, such as acme-desk`,
    );
  if (!isSynchronize && (push || poll))
    throw new Error(`${push ? 'push' : 'poll'}: is of no use below level synchronize: changes are not told back`);
  if (isSynchronize && !push && !poll)
    throw new Error('push: at level synchronize changes come by push, by poll, or both');
  const { className, constantName: constant } = names(name);
  const packageName = `@opr-connect/adapter-${name}`;
  const taken = takenBy(tree, { name, className, packageName });
  if (taken !== undefined) throw new Error(`name: "${name}" is taken: ${taken}`);
  return { name, className, constant, packageName, level, auth, push, poll };
}

/** What has the name already. */
function takenBy(
  tree: Tree,
  { name, className, packageName }: Pick<Shape, 'name' | 'className' | 'packageName'>,
): string | undefined {
  for (const path of [`libs/adapters/${name}`, `docs/${name}.md`]) if (tree.exists(path)) return `there is ${path}`;
  for (const folder of ['libs', 'libs/adapters', 'apps', 'tools'])
    for (const child of tree.children(folder)) {
      const path = `${folder}/${child}/package.json`;
      const held = tree.exists(path) ? tree.read(path, 'utf8') : null;
      if (held?.includes(`"name": "${packageName}"`)) return `${path} has the name ${packageName}`;
    }
  const modules = tree.read('apps/core/src/adapters.ts', 'utf8') ?? '';
  return new RegExp(`\\b${className}AdapterModule\\b`).test(modules)
    ? `apps/core/src/adapters.ts has ${className}AdapterModule`
    : undefined;
}
