import { formatFiles, generateFiles, installPackagesTask, readJson, type Tree } from '@nx/devkit';
import { join } from 'node:path';
import { addToPage, LACKS_LAG, LACKS_TIES } from './foreseen';
import { shapeOf, type AdapterOptions, type Shape } from './options';
import { wire } from './wiring';

/** The sources, from `dist` as well: templates are not built. */
const FILES = join(__dirname, '../../../src/generators/adapter/files');

/** Writes a new adapter, and what npm must be told of it. Nothing outside the tree is touched before its changes are written. */
export async function adapterGenerator(tree: Tree, options: AdapterOptions): Promise<() => void> {
  const shape = shapeOf(tree, options);
  const folder = `libs/adapters/${shape.name}`;
  const words = { ...shape, ...wordsFor(tree, shape) };
  generateFiles(tree, join(FILES, 'lib'), folder, words);
  if (shape.push) generateFiles(tree, join(FILES, 'push'), folder, words);
  if (shape.poll) generateFiles(tree, join(FILES, 'poll'), folder, words);
  generateFiles(tree, join(FILES, 'docs'), 'docs', words);
  wire(tree, shape, words.version);
  addToPage(tree, shape);
  await formatFiles(tree);
  return () => installPackagesTask(tree, true);
}

/** What only templates need to know. */
function wordsFor(tree: Tree, { constant, level, auth }: Shape) {
  // Versions are those of another adapter, so that npm has them already.
  const { dependencies, version } = readJson<{ dependencies: Record<string, string>; version: string }>(
    tree,
    'libs/adapters/jira/package.json',
  );
  const title = constant
    .split('_')
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join(' ');
  return {
    ...LOGINS[auth](constant),
    ...{ title, version, dependencies: JSON.stringify(dependencies), lacksLag: LACKS_LAG, lacksTies: LACKS_TIES },
    description: `Opens${level === 'notify' ? '' : ' and updates'} tickets for events in ${title}`,
    update: level !== 'notify',
    synchronize: level === 'synchronize',
    /** The most that a property can do. */
    direction: { notify: 'once', notify_and_update: 'out', synchronize: 'both' }[level],
    headerName: title.replaceAll(' ', '-'),
  };
}

interface LoginWords {
  loginFields: string;
  loginLines: string[];
  /** Which of them is the secret. */
  secretField: string;
}

const LOGINS: Readonly<Record<Shape['auth'], (constant: string) => LoginWords>> = {
  basic: (constant) => ({
    loginFields: 'user and password',
    secretField: 'password',
    loginLines: ['user: opr.connect', `password: \${${constant}_PASSWORD}`],
  }),
  bearer: (constant) => ({
    loginFields: 'token',
    secretField: 'token',
    loginLines: [`token: \${${constant}_TOKEN}`],
  }),
  'api-key': (constant) => ({
    loginFields: 'apiKey',
    secretField: 'apiKey',
    loginLines: [`apiKey: \${${constant}_API_KEY}`],
  }),
};
