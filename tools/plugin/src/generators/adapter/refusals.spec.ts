import { join } from 'node:path';
import { FsTree } from 'nx/src/generators/tree';
import { adapterGenerator } from './generator';
import type { AdapterOptions } from './options';

const ROOT = join(__dirname, '../../../../..');

/** Why the options are refused, and what was written until then. */
async function refusal(options: AdapterOptions): Promise<{ reason: string; written: string[] }> {
  const tree = new FsTree(ROOT, false);
  const reason = await adapterGenerator(tree, options).then(
    () => 'they are taken',
    (error: Error) => error.message,
  );
  return { reason, written: tree.listChanges().map(({ path }) => path) };
}

describe('the generator', () => {
  it.each([
    ...['', 'Acme', 'acme_desk', '-acme', 'acme-', 'a--b', '1st', '../acme', 'acme desk', 'größe', 'a'.repeat(41)],
  ])('refuses the name "%s" by its rule, and writes nothing', async (name) => {
    const { reason, written } = await refusal({ name });
    expect(reason).toMatch(/^name: must be words of small letters and digits/);
    expect(written).toEqual([]);
  });

  it.each([
    ['jira', 'there is libs/adapters/jira'],
    ['configuration', 'there is docs/configuration.md'],
    ['kit', 'libs/adapter-kit/package.json has the name @opr-connect/adapter-kit'],
    ['service-now', 'apps/core/src/adapters.ts has ServiceNowAdapterModule'],
  ])('refuses the name %s, which is taken, says by what, and writes nothing', async (name, by) => {
    expect(await refusal({ name })).toEqual({ reason: `name: "${name}" is taken: ${by}`, written: [] });
  });

  it.each([
    [{ level: 'notify', push: true }, 'push: is of no use below level synchronize: changes are not told back'],
    [
      { level: 'notify_and_update', poll: true },
      'poll: is of no use below level synchronize: changes are not told back',
    ],
    [{ push: false }, 'push: at level synchronize changes come by push, by poll, or both'],
  ] as const)('refuses %j with a reason, and writes nothing', async (options, reason) => {
    expect(await refusal({ name: 'acme', ...options })).toEqual({ reason, written: [] });
  });
});
