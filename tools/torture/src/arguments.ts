import { parseArgs } from 'node:util';

export interface Arguments {
  /** Which proofs. */
  crash: boolean;
  histories: number;
  /** Which scenarios: all, those whose name contains a text, or none. */
  scenarios: 'all' | 'none' | { named: string };
  /** Only rows of the crash matrix whose name contains this. */
  only: string | undefined;
  seed: number;
  lanes: number;
  json: boolean;
}

export const USAGE = `npm run torture -- [options]
  --seed N        seed of the first history; without it one is taken at random, and printed
  --histories N   how many histories, 0 for none (10; with --seed 1; with --only none)
  --only TEXT     no histories, and of the crash matrix only rows whose name contains this,
                  such as "forward/late" or "hook/answered/after commit 2"
  --no-crash      no crash matrix
  --no-scenarios  no scenarios (as with --seed and --only)
  --scenarios TEXT  nothing but the scenarios whose name contains this, such as "jira cloud" or "with 503"
  --lanes N       how many cores are killed side by side (6)
  --json          one JSON report on standard output`;

/** @throws TypeError for what it does not know */
export function readArguments(argv: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seed: { type: 'string' },
      histories: { type: 'string' },
      only: { type: 'string' },
      lanes: { type: 'string', default: '6' },
      json: { type: 'boolean', default: false },
      'no-crash': { type: 'boolean', default: false },
      'no-scenarios': { type: 'boolean', default: false },
      scenarios: { type: 'string' },
    },
  });
  const { seed, only, json, scenarios: named } = values;
  const isPart = seed !== undefined || only !== undefined || values['no-scenarios'];
  const usual = only !== undefined || named !== undefined ? '0' : seed !== undefined ? '1' : '10';
  return {
    crash: !values['no-crash'] && named === undefined && (only !== undefined || seed === undefined),
    histories: whole('--histories', values.histories ?? usual),
    scenarios: named !== undefined ? { named } : isPart ? 'none' : 'all',
    only,
    seed: seed === undefined ? Math.floor(Math.random() * 1_000_000) : whole('--seed', seed),
    lanes: Math.max(1, whole('--lanes', values.lanes)),
    json,
  };
}

function whole(option: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new TypeError(`${option}: must be a whole number`);
  return Number(text);
}
