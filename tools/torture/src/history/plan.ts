import type { Mishap } from '../proxies/hook-relay';
import { Random } from './random';

export type Side = 'obm' | 'tool';
export type Property = 'title' | 'state';

/** Who edits a property of an event. Where it is one side, its edits meet no other, and each must arrive. */
export type Owner = Side | 'both';

/** What a client does, at so many milliseconds from the start or when it is able to. Events are numbered from 0. */
export type Act = { at: number; event: number; side: Side } & (
  { kind: 'forward' } | { kind: Property; value: string } | { kind: 'note'; value: string }
);

/** What the nemesis does. */
export type Trouble = { at: number } & (
  | { kind: 'kill'; replica: number }
  | { kind: 'stop'; replica: number; forMs: number }
  | { kind: 'jump'; replica: number; byMs: number }
  | { kind: 'cut'; side: Side; forMs: number }
  | { kind: 'restart postgres' }
);

export interface Plan {
  seed: number;
  events: number;
  owners: Record<Property, Owner>[];
  acts: Act[];
  troubles: Trouble[];
  /** What befalls the hooks, in turn. */
  hooks: Mishap[];
}

export const REPLICAS = 3;
const EVENTS = 6;
const ACTS = 45;
const LENGTH_MS = 16_000;
/** The lease of a claim is 15 s. */
const BEYOND_LEASE_MS = 17_000;

/** Everything that happens by choice. The same seed makes the same plan; what the machine does in between is its own. */
export function planOf(seed: number): Plan {
  const random = new Random(seed);
  const owner = (): Owner => random.of<Owner>(['obm', 'tool', 'obm', 'tool', 'both']);
  const owners = Array.from({ length: EVENTS }, () => ({ title: owner(), state: owner() }));
  const forwards = owners.map((_, event): Act => ({
    at: random.whole(0, LENGTH_MS / 2),
    event,
    side: 'obm',
    kind: 'forward',
  }));
  const acts = Array.from({ length: ACTS }, (_, number) => actOf(random, owners, number));
  const hooks = Array.from({ length: 50 }, () => ({
    delayMs: random.chance(0.5) ? 0 : random.whole(1, 2_000),
    copies: random.chance(0.2) ? 2 : 1,
  }));
  return {
    ...{ seed, events: EVENTS, owners, hooks },
    acts: [...forwards, ...acts].sort((a, b) => a.at - b.at),
    troubles: troublesOf(random),
  };
}

function actOf(random: Random, owners: readonly Record<Property, Owner>[], number: number): Act {
  const event = random.whole(0, EVENTS - 1);
  const at = random.whole(500, LENGTH_MS);
  const anybody = random.of<Side>(['obm', 'tool']);
  const kind = random.of<Property | 'note'>(['title', 'state', 'note']);
  if (kind === 'note') return { at, event, side: anybody, kind, value: `§${event}.${anybody}.${number}§` };
  const owner = owners[event]?.[kind] ?? 'both';
  const side = owner === 'both' ? anybody : owner;
  const value = kind === 'title' ? `Title ${event}.${side}.${number}` : random.of(['in_progress', 'closed']);
  return { at, event, side, kind, value };
}

/** Each kind once, in a random order, at random moments: a history without one of them would prove nothing of it. */
function troublesOf(random: Random): Trouble[] {
  const replica = (): number => random.whole(0, REPLICAS - 1);
  const at = (): number => random.whole(500, LENGTH_MS - 2_000);
  const troubles: Trouble[] = [
    { at: at(), kind: 'kill', replica: replica() },
    { at: at(), kind: 'kill', replica: replica() },
    { at: random.whole(500, 4_000), kind: 'stop', replica: replica(), forMs: BEYOND_LEASE_MS },
    { at: at(), kind: 'jump', replica: replica(), byMs: random.of([-7_200_000, -60_000, 60_000, 7_200_000]) },
    { at: at(), kind: 'cut', side: 'tool', forMs: random.whole(500, 4_000) },
    { at: at(), kind: 'cut', side: 'obm', forMs: random.whole(500, 4_000) },
    { at: at(), kind: 'restart postgres' },
  ];
  return troubles.sort((a, b) => a.at - b.at);
}
