import { Deadline } from '@opr-connect/adapter-kit';
import { setTimeout as sleep } from 'node:timers/promises';

const CALL_MS = 10_000;
const PAUSE_MS = 100;

/**
 * Tries until there is an answer, as OBM's queue does: whoever got none has been promised nothing.
 *
 * @param attempt answers `undefined` for "later"; what it throws is taken for a lost answer
 */
export async function patiently<T>(
  attempt: (signal: AbortSignal) => Promise<T | undefined>,
  stop?: AbortSignal,
): Promise<T> {
  for (;;) {
    const deadline = new Deadline(stop, CALL_MS);
    const answer = await attempt(deadline.signal)
      .catch((error: unknown) => {
        if (stop?.aborted || error instanceof Refused) throw error;
        return undefined;
      })
      .finally(() => deadline.end());
    if (answer !== undefined) return answer;
    await sleep(PAUSE_MS, undefined, { signal: stop });
  }
}

/** The hub has answered that it will never take this. */
export class Refused extends Error {}
