import { parseArgs } from 'node:util';

export interface Arguments {
  /** End after the last step. */
  once: boolean;
  /** One JSON report instead of a text for people. */
  json: boolean;
  /** The hub that plays OBM sends our own changes back to us, as some OBM do. */
  echo: boolean;
  /** Where the hub opens its ticket. */
  tool: string;
}

export const usage = (tools: Iterable<string>): string => `npm run demo -- [--tool <name>] [--once] [--json] [--echo]

Shows the way of an event over real HTTP: a hub that plays OBM forwards it to OPR Connect, which opens a ticket in a
fake tool; somebody works in the ticket, and the event in OBM is annotated and closed.

  --tool   which tool: ${[...tools].join(', ')}; ServiceNow unless told
  --once   end after the last step: exit code 0 only if every step was verified by reading both sides
  --json   one JSON report on standard output (with --once)
  --echo   let OBM send our own changes back to us, as some do
`;

/** @throws Error that says what is wrong with the arguments */
export function readArguments(args: string[], tools: Iterable<string>): Arguments | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      once: { type: 'boolean' },
      json: { type: 'boolean' },
      echo: { type: 'boolean' },
      tool: { type: 'string', default: 'servicenow' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return 'help';
  if (values.json && !values.once) throw new Error('--json needs --once: a report ends the demo');
  const { once = false, json = false, echo = false, tool } = values;
  if (![...tools].includes(tool)) throw new Error(`--tool must be one of ${[...tools].join(', ')}`);
  return { once, json, echo, tool };
}
