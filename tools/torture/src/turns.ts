import { availableParallelism } from 'node:os';

/** Starting a core keeps a processor busy: more at once than there are processors only makes all of them late. */
const waiting: (() => void)[] = [];
let free = availableParallelism();

export async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (free > 0) free -= 1;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  }
}
