/** How long an adapter may take to end a call that was aborted. */
const GRACE_MS = 2_000;

/** A call of an adapter that ends in time, or when the work that it belongs to does. One that does not end is not waited for. */
export async function callInTime<T>(
  call: (signal: AbortSignal) => Promise<T>,
  withinMs: number,
  work: AbortSignal,
): Promise<T> {
  const signal = AbortSignal.any([work, AbortSignal.timeout(withinMs)]);
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_resolve, reject) => {
    const give = () => (timer = setTimeout(() => reject(new Error('the call did not end in time')), GRACE_MS));
    signal.addEventListener('abort', give, { once: true });
  });
  try {
    return await Promise.race([call(signal), overdue]);
  } finally {
    clearTimeout(timer);
  }
}
