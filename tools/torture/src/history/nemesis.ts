import { setTimeout as sleep } from 'node:timers/promises';
import type { Trouble } from './plan';
import type { World } from './world';

/** How long a supervisor takes to see that a core is gone. */
const SUPERVISOR_MS = 500;

/** Makes all the trouble of a plan, and resolves when everything is whole again. */
export async function trouble(
  world: World,
  troubles: readonly Trouble[],
  onTrouble: (what: string) => void,
): Promise<void> {
  // What befalls one thing waits until that is whole again; different things break at the same time.
  const busy = new Map<string, Promise<void>>();
  const begun = Date.now();
  for (const one of troubles) {
    await sleep(Math.max(0, begun + one.at - Date.now()));
    onTrouble(inWords(one));
    const victim = 'replica' in one ? `replica ${one.replica}` : 'side' in one ? one.side : 'postgres';
    busy.set(
      victim,
      (busy.get(victim) ?? Promise.resolve()).then(() => make(world, one)),
    );
  }
  await Promise.all(busy.values());
}

async function make(world: World, one: Trouble): Promise<void> {
  switch (one.kind) {
    case 'kill':
      await world.replicas[one.replica]?.kill();
      await sleep(SUPERVISOR_MS);
      await world.replicas[one.replica]?.start();
      return;
    case 'stop':
      world.replicas[one.replica]?.signal('SIGSTOP');
      await sleep(one.forMs);
      world.replicas[one.replica]?.signal('SIGCONT');
      return;
    case 'jump':
      await world.replicas[one.replica]?.jump(one.byMs);
      return;
    case 'cut':
      world.ways[one.side].cut();
      await sleep(one.forMs);
      world.ways[one.side].heal();
      return;
    case 'restart postgres':
      await world.cluster.restart();
      return;
  }
}

function inWords(one: Trouble): string {
  switch (one.kind) {
    case 'kill':
      return `kill -9 of replica ${one.replica}`;
    case 'stop':
      return `replica ${one.replica} is stopped for ${one.forMs} ms`;
    case 'jump':
      return `the clock of replica ${one.replica} jumps by ${one.byMs} ms`;
    case 'cut':
      return `the network to ${one.side} is cut for ${one.forMs} ms`;
    case 'restart postgres':
      return 'PostgreSQL is restarted';
  }
}
