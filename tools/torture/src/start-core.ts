import { CoreProcess } from '@opr-connect/core/testing';
import { availableParallelism } from 'node:os';
import { SECRETS } from './secrets';

/** On a machine that does much else. */
const START_MS = 120_000;

const waiting: (() => void)[] = [];
let free = availableParallelism();

/**
 * Starts a core on a database, in a folder with its configuration. A start keeps a processor busy, and more at once than
 * there are processors would only make all of them late: the others wait for their turn.
 */
export async function startCore(
  database: string,
  folder: string,
  nodeArguments: readonly string[] = [],
  more: Record<string, string> = {},
): Promise<CoreProcess> {
  if (free > 0) free -= 1;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    const environment = { ...SECRETS, ...more, DATABASE_URL: database };
    return await CoreProcess.start(environment, folder, { nodeArguments, withinMs: START_MS });
  } finally {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  }
}
