import type { Fault } from '@opr-connect/adapter-kit/testing';

type Kind = Fault extends infer Each ? (Each extends { on: unknown } ? Omit<Each, 'on'> : never) : never;

const OPERATIONS = ['create', 'change', 'note', 'read'] as const;

/** What every adapter survives without anybody's help. */
const KINDS: Readonly<Record<string, Kind>> = {
  'done and never answered': { kind: 'lost' },
  'answered by half': { kind: 'cut' },
  slow: { kind: 'slow', beforeMs: 700, afterMs: 700 },
  'answered with 503': { kind: 'status', status: 503, says: 'maintenance' },
  'answered with 429': { kind: 'status', status: 429, headers: { 'Retry-After': '1' }, says: 'too many' },
};

/** One fault befalls the first call of a kind in each scenario. */
export const FAULTS: readonly { name: string; fault: Fault }[] = OPERATIONS.flatMap((on) =>
  Object.entries(KINDS).map(([what, kind]) => ({
    name: `the first ${on} is ${what}`,
    fault: { on, ...kind } as Fault,
  })),
);
