import type { ConnectedServer } from '../connected-servers/connected-server';

export type Ping = { ok: true; /** How long it took, in milliseconds. */ ms: number } | { ok: false; reason: string };

/** How long a test of a connection may take. */
const PING_MS = 15_000;

/** Asks a server whether it answers and accepts our login. What goes wrong is an answer. */
export async function pinged({ adapter, problems }: ConnectedServer): Promise<Ping> {
  if (!adapter) return { ok: false, reason: `The settings are wrong: ${problems.join('; ')}` };
  if (!adapter.ping) return { ok: false, reason: 'The adapter offers no test of the connection' };
  const signal = AbortSignal.timeout(PING_MS);
  const began = performance.now();
  try {
    await Promise.race([adapter.ping(signal), ended(signal)]);
    return { ok: true, ms: Math.round(performance.now() - began) };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** An adapter that does not end when its signal aborts is not waited for. */
const ended = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(new Error(`no answer within ${PING_MS / 1000} seconds`)), {
      once: true,
    }),
  );
