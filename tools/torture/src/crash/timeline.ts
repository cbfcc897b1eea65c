import type { Gate, Said, Verdict } from '../proxies/gate';
import { LOOKS } from '../proxies/statement-label';

/** The n-th time that a core says a thing while one step of a walk is taken. */
export interface Point {
  label: string;
  nth: number;
  /** What was said here took effect at once; else it did nothing yet, or will be undone without a commit. */
  lasting: boolean;
}

export type Moment = 'before' | 'after';

interface Trap {
  point: Point;
  moment: Moment;
  kill(): Promise<void>;
}

/** Writes down the points that a core passes, and kills it at one of them. */
export class Timeline implements Gate {
  private points: Point[] = [];
  private asked = new Map<string, number>();
  private done = new Map<string, number>();
  private trap: Trap | undefined;
  private sprung: (() => void) | undefined;

  /** The core is being killed, or is dead. */
  isSprung = false;

  /** Begins anew. Without a trap every point is passed. */
  begin(): void {
    this.points = [];
    this.asked = new Map();
    this.done = new Map();
    this.trap = undefined;
    this.isSprung = false;
  }

  /** Resolves when the core was killed there. */
  async killedAt(trap: Trap): Promise<void> {
    this.trap = trap;
    await new Promise<void>((resolve) => (this.sprung = resolve));
  }

  /** The points so far, in the order in which they took effect. */
  get passed(): readonly Point[] {
    return this.points;
  }

  before({ label }: Said): Promise<Verdict> {
    // Of looks only those count that find something, so the next one is the one after those.
    const nth = LOOKS.has(label) ? countOf(this.done, label) + 1 : count(this.asked, label);
    return this.meet({ label, nth, lasting: false }, 'before');
  }

  async after({ label, lasting = false }: Said): Promise<Verdict> {
    const point = { label, nth: count(this.done, label), lasting };
    this.points.push(point);
    return this.meet(point, 'after');
  }

  private async meet({ label, nth }: Point, moment: Moment): Promise<Verdict> {
    const { trap } = this;
    if (!trap || trap.moment !== moment || trap.point.label !== label || trap.point.nth !== nth) return 'pass';
    this.trap = undefined;
    this.isSprung = true;
    await trap.kill();
    this.sprung?.();
    return 'drop';
  }
}

const countOf = (counts: ReadonlyMap<string, number>, label: string): number => counts.get(label) ?? 0;

function count(counts: Map<string, number>, label: string): number {
  const nth = countOf(counts, label) + 1;
  counts.set(label, nth);
  return nth;
}
