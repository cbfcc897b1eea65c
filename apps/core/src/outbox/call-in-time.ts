import { Deadline, OutcomeUnknownError } from '@opr-connect/adapter-kit';

/** How long an adapter may take to end a call that was aborted. */
const GRACE_MS = 2_000;

/**
 * A call of an adapter that ends in time, or when the work that it belongs to does. One that does not end is not waited for.
 *
 * @throws OutcomeUnknownError  it did not end; else what the call throws
 */
export async function callInTime<T>(
  call: (signal: AbortSignal) => Promise<T>,
  withinMs: number,
  work: AbortSignal,
): Promise<T> {
  const deadline = new Deadline(work, withinMs);
  const { signal } = deadline;
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_resolve, reject) => {
    const giveUp = () => reject(new OutcomeUnknownError('the call did not end', { settleMs: withinMs }));
    const wait = () => (timer = setTimeout(giveUp, GRACE_MS));
    if (signal.aborted) wait();
    else signal.addEventListener('abort', wait, { once: true });
  });
  try {
    return await Promise.race([call(signal), overdue]);
  } finally {
    deadline.end();
    clearTimeout(timer);
  }
}
