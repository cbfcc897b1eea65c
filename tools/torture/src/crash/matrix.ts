import { randomUUID } from 'node:crypto';
import type { Fate } from '../proxies/http-proxy';
import { LOOKS } from '../proxies/statement-label';
import { faultsOf } from './check';
import { type Site } from './site';
import type { Moment, Point } from './timeline';
import { newSubject, WALKS, type Walk } from './walks';

/** One walk, one outcome of its write, and the moment at which the core is killed; none: nothing disturbs it. */
export interface Row {
  walk: Walk;
  fate: Fate;
  crash?: { point: Point; moment: Moment };
}

export interface Outcome {
  row: string;
  /** What is wrong in the end; none if everything held. */
  faults: string[];
  /** What came true of that which the documents do not promise. */
  notPromised: string[];
  /** What the core said in the last step, where nothing disturbed it. */
  points: readonly Point[];
}

/** `forward/answered/after commit 1`: what `--only` takes. */
export function nameOf({ walk, fate, crash }: Row): string {
  const where = crash ? `${crash.moment} ${crash.point.label} ${crash.point.nth}` : 'no crash';
  return `${walk.name}/${fate}/${where}`;
}

export const undisturbed = (fates: readonly Fate[]): Row[] =>
  WALKS.flatMap((walk) => fates.map((fate): Row => ({ walk, fate })));

/**
 * Every point of a walk that was recorded, before and after. A look that is under way already may find what was just written, so
 * before a look is after that.
 */
export function crashesOf(row: Row, points: readonly Point[]): Row[] {
  return points.flatMap((point, index): Row[] => {
    const previous = LOOKS.has(point.label) ? points.slice(0, index).findLast(({ lasting }) => lasting) : undefined;
    return [
      { ...row, crash: previous ? { point: previous, moment: 'after' } : { point, moment: 'before' } },
      { ...row, crash: { point, moment: 'after' } },
    ];
  });
}

/** Nothing was killed, so nothing is proven. */
export const NEVER_CAME = 'the core never came to this point';

/** Takes a walk and looks at what came of it. */
export async function take(site: Site, row: Row): Promise<Outcome> {
  const { walk, fate, crash } = row;
  const event = newSubject(randomUUID());
  site.timeline.begin();
  await walk.prepare(site, event);
  site.timeline.begin();
  const way = site.ways[walk.write.way];
  way.next(walk.write.label, fate);
  const done = async (): Promise<void> => {
    await site.quiet();
    if (!way.isDone) {
      await way.doLate();
      await site.quiet();
    }
  };
  const faults: string[] = [];
  if (crash) {
    const killed = site.timeline.killedAt({ ...crash, kill: () => site.kill() }).then(() => true);
    const acting = walk.act(site, event);
    // With the last point everything is quiet already while the core is being killed.
    const over = acting.then(() => site.quiet()).then(() => (site.timeline.isSprung ? killed : false));
    const isKilled = await Promise.race([killed, over]);
    if (isKilled) await site.startCore();
    else faults.push(NEVER_CAME);
    await acting;
  } else await walk.act(site, event);
  await done();
  const { passed } = site.timeline;
  site.timeline.begin();
  faults.push(...(await faultsOf(site, event.id, walk.end(event))));
  const isKnown = (fault: string): boolean => walk.notPromised?.fate === fate && walk.notPromised.fault === fault;
  return {
    row: nameOf(row),
    faults: faults.filter((fault) => !isKnown(fault)),
    notPromised: faults.filter(isKnown),
    points: passed,
  };
}
