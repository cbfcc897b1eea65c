import { updateJson, type Tree } from '@nx/devkit';
import * as ts from 'typescript';
import type { Shape } from './options';
import { withElement, withImport } from './syntax';

/** Names the new project wherever the core, npm and TypeScript want to know of it. */
export function wire(tree: Tree, { name, className, packageName }: Shape, version: string): void {
  const module = `${className}AdapterModule`;
  edit(tree, 'apps/core/src/adapters.ts', (file) => withElement(file, isListOf('ADAPTER_MODULES'), module));
  edit(tree, 'apps/core/src/adapters.ts', (file) => withImport(file, `import { ${module} } from '${packageName}';`));
  for (const [path, project] of [
    ['apps/core/tsconfig.json', `../../libs/adapters/${name}`],
    ['tsconfig.json', `libs/adapters/${name}`],
  ] as const)
    edit(tree, path, (file) =>
      withElement(file, isListOf('references'), `{ "path": "${project}" }`, (each) => each.includes('libs/adapters/')),
    );
  updateJson<{ dependencies: Record<string, string> }>(tree, 'apps/core/package.json', (core) => ({
    ...core,
    dependencies: Object.fromEntries(
      Object.entries({ ...core.dependencies, [packageName]: version }).sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
  }));
}

function edit(tree: Tree, path: string, change: (file: ts.SourceFile) => string): void {
  const text = tree.read(path, 'utf8');
  if (text === null) throw new Error(`${path} is not there`);
  // The kind of the file, TypeScript or JSON, follows from its name.
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  tree.write(path, change(file));
}

/** Whether an array is the value of a variable, or of a JSON field, of this name. */
const isListOf =
  (name: string) =>
  ({ parent }: ts.ArrayLiteralExpression): boolean =>
    (ts.isVariableDeclaration(parent) && ts.isIdentifier(parent.name) && parent.name.text === name) ||
    (ts.isPropertyAssignment(parent) && ts.isStringLiteral(parent.name) && parent.name.text === name);
