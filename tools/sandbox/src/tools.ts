import type { StartStory } from '@opr-connect/adapter-kit/testing';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ADAPTER = '@opr-connect/adapter-';

/**
 * The tools that the demo can be told with, by the word of `adapter:` in a configuration: of each adapter that the core is built
 * with, what its `testing` exports as `startStory`. So an adapter brings its tool along, and nothing here names it.
 */
export async function tools(): Promise<ReadonlyMap<string, StartStory>> {
  const found = new Map<string, StartStory>();
  for (const adapter of adaptersOfCore()) {
    const { startStory } = (await import(`${adapter}/testing`)) as { startStory?: StartStory };
    if (startStory) found.set(adapter.slice(ADAPTER.length), startStory);
  }
  return found;
}

function adaptersOfCore(): string[] {
  const file = join(dirname(require.resolve('@opr-connect/core')), '../package.json');
  const { dependencies } = JSON.parse(readFileSync(file, 'utf8')) as { dependencies: Record<string, string> };
  return Object.keys(dependencies).filter((name) => name.startsWith(ADAPTER));
}
