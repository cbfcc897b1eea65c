import { flushChanges, FsTree } from 'nx/src/generators/tree';
import { adapterGenerator } from '../generators/adapter/generator';
import type { AdapterOptions } from '../generators/adapter/options';

/**
 * `node generate.js <workspace> <list of options as JSON>`: generates and says which files that wrote, as JSON. A process of its own,
 * for the generator loads Prettier by `import()`, which Jest does not offer.
 */
async function main([root = '', options = '[]']: string[]): Promise<void> {
  const written: string[][] = [];
  for (const each of JSON.parse(options) as AdapterOptions[]) {
    const tree = new FsTree(root, false);
    await adapterGenerator(tree, each);
    const changes = tree.listChanges();
    flushChanges(root, changes);
    written.push(changes.map(({ path }) => path).sort());
  }
  process.stdout.write(JSON.stringify(written));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
