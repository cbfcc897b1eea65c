import { parseArgs } from 'node:util';

export interface Arguments {
  /** Names of the parts to run; none: all. */
  only: string[];
  quick: boolean;
  json: boolean;
  /** Folder for CPU profiles of the cores. */
  profiles: string | undefined;
}

export const usage = (
  parts: readonly string[],
): string => `npm run bench -- [--only <part>]… [--quick] [--json] [--profile <folder>]

Measures the hub in ratios: what is compared is measured in turns in one run, on this machine, on one durable PostgreSQL.
The exit code is 0 only if every floor holds.

  --only <part>       one of ${parts.join(', ')}; may be given more than once
  --quick             fewer rounds and smaller stores: for a look, not for a result
  --json              one JSON document on standard output
  --profile <folder>  CPU profiles of the core there, and the statements that cost most; slows everything down
`;

/** @throws Error that says what is wrong with the arguments */
export function readArguments(args: string[], parts: readonly string[]): Arguments | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', multiple: true },
      quick: { type: 'boolean' },
      json: { type: 'boolean' },
      profile: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return 'help';
  const only = values.only ?? [];
  const unknown = only.find((name) => !parts.includes(name));
  if (unknown !== undefined) throw new Error(`--only: must be one of ${parts.join(', ')}, not ${unknown}`);
  return { only, quick: values.quick ?? false, json: values.json ?? false, profiles: values.profile };
}
