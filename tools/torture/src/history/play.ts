import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { descriptionOf, ticketsOf, viewInObm, viewOfEvent } from '../sides';
import { violationsIn, type History } from './checker';
import { act, type Subject } from './clients';
import { trouble } from './nemesis';
import { planOf, type Plan } from './plan';
import { World } from './world';
import { writesIn } from './writes';

/** Nothing may happen for so long. Longer than any hook is late. */
const SILENCE_MS = 3_000;
const QUIET_MS = 240_000;
const LOOK_MS = 100;

/** Plays the history that this seed makes. Answers what did not hold. */
export async function play(seed: number, onProgress: (line: string) => void): Promise<string[]> {
  const plan = planOf(seed);
  const world = await World.start(plan);
  try {
    const history = await historyOf(world, plan, onProgress);
    const edits = history.done.length;
    onProgress(`${plan.events} events, ${edits} edits and notes, ${history.writes.length} values written by the hub`);
    return violationsIn(history);
  } finally {
    await world.close();
  }
}

async function historyOf(world: World, plan: Plan, onProgress: (line: string) => void): Promise<History> {
  const subjects = Array.from({ length: plan.events }, (_, number): Subject => {
    const id = randomUUID();
    return { id, title: `Title ${number}`, description: descriptionOf(id) };
  });
  const [done] = await Promise.all([act(world, subjects, plan.acts), trouble(world, plan.troubles, onProgress)]);
  const unrest = await unrestOf(world);
  const events = await Promise.all(
    subjects.map(async ({ id, title }, number) => ({
      owners: plan.owners[number] ?? { title: 'both' as const, state: 'both' as const },
      first: { title, state: 'open', notes: [] },
      tickets: ticketsOf(world.tool, id),
      obm: viewInObm(world.obm, id),
      hub: await world.obmSide.shown(id).then(viewOfEvent, () => undefined),
    })),
  );
  return {
    events,
    done,
    writes: writesIn(
      world,
      subjects.map(({ id }) => id),
    ),
    unrest,
  };
}

/** Waits until all is silent, and says what is wrong if it never is or if something was left behind. */
async function unrestOf(world: World): Promise<string[]> {
  const failed = world.replicas.flatMap(({ hasFailed }, n) => (hasFailed ? [`replica ${n} ended by itself`] : []));
  if (failed.length > 0) return failed;
  let silentSince = Date.now();
  let before = -1;
  for (const deadline = Date.now() + QUIET_MS; Date.now() - silentSince < SILENCE_MS; await sleep(LOOK_MS)) {
    await world.tool.hooks.quiet();
    const pending = await world.outbox.pending();
    const traffic = world.tool.requests.length + world.obm.requests.length + world.tool.hooks.sent.length;
    const open = world.hooks.open + world.ways.obm.open + world.ways.tool.open;
    if (pending.length > 0 || traffic !== before || open > 0) silentSince = Date.now();
    before = traffic;
    if (Date.now() > deadline) return [`not quiet after ${QUIET_MS / 1000} s: waiting: ${pending.join(', ')}`];
  }
  return (await world.outbox.dead()).map((letter) => `left over: ${letter}`);
}
