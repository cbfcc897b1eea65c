import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { basicAuthorization } from '../../http';
import { DeliveryError, MisconfiguredError, OutcomeUnknownError, RejectedError, TransientError } from '../../errors';
import { secretFields } from '../../settings';
import { failure, type Bench } from '../bench';
import { cases } from '../case';
import type { Fault } from '../harness';

const TIMEOUT_MS = 400;
/** Something that ends by itself only after this ended too late. */
const TOO_LATE_MS = 3_000;

/** Whether a call ends by itself in time, however it ends. */
async function assertEnds(call: Promise<unknown>): Promise<void> {
  const ended = call.then(
    () => true,
    () => true,
  );
  const late = new AbortController();
  const inTime = await Promise.race([ended, sleep(TOO_LATE_MS, false, { signal: late.signal })]);
  late.abort();
  assert.ok(inTime, `the call must have ended after ${TOO_LATE_MS} ms`);
}

/** A read of the record where there is one, else the call that makes it, befallen by this. */
async function befallen(
  bench: Bench,
  fault: Omit<Fault & { kind: 'cut' }, 'on'> | Omit<Fault & { kind: 'drip' }, 'on'>,
) {
  const adapter = bench.connect({ timeoutMs: TIMEOUT_MS });
  if (!('getExternalEvent' in adapter && adapter.getExternalEvent)) {
    bench.tool.fault({ ...fault, on: 'create' });
    return bench.forward(adapter);
  }
  const written = await bench.forward(adapter);
  bench.tool.fault({ ...fault, on: 'read' });
  return bench.read(adapter, written);
}

/** Every form in which a secret of the settings travels. */
function secretsOf({ harness, tool }: Bench): string[] {
  const plain = harness.plain(tool.url);
  const texts = Object.values(plain).filter((value) => typeof value === 'string');
  return secretFields(harness.settings)
    .flatMap((field) => plain[field] ?? [])
    .map(String)
    .flatMap((secret) => [secret, ...texts.map((user) => basicAuthorization(user, secret).slice('Basic '.length))]);
}

function assertHidden(text: string, secrets: readonly string[], where: string): void {
  for (const secret of secrets) assert.ok(!text.includes(secret), `${where} shows a secret`);
}

const shown = (error: unknown): string =>
  `${inspect(error, { depth: 12, showHidden: true })} ${error instanceof Error ? `${error.message} ${error.stack}` : ''}`;

export const FAILURES = cases('notify', [
  {
    id: 'failure.html',
    title: 'a page in the place of an answer (a log-in, an instance that sleeps) is no success',
    async run(bench) {
      bench.tool.fault({ on: 'create', kind: 'html' });
      await failure(bench.forward(bench.connect()), MisconfiguredError, TransientError, OutcomeUnknownError);
    },
  },
  {
    id: 'failure.cut',
    title: 'an answer that ends in the middle is no answer: tried again',
    run: async (bench) => void (await failure(befallen(bench, { kind: 'cut' }), TransientError, OutcomeUnknownError)),
  },
  {
    id: 'failure.drip',
    title: 'an answer that comes byte by byte ends with the time-out of the call',
    async run(bench) {
      const call = befallen(bench, { kind: 'drip', everyMs: 100 });
      await assertEnds(call);
      await failure(call, TransientError, OutcomeUnknownError);
    },
  },
  {
    id: 'failure.timeout',
    title: 'no answer at all ends with the time-out of the call, and the record may have been made',
    async run(bench) {
      bench.tool.fault({ on: 'create', kind: 'slow', afterMs: 3 * TOO_LATE_MS });
      const call = bench.forward(bench.connect({ timeoutMs: TIMEOUT_MS }));
      await assertEnds(call);
      await failure(call, TransientError, OutcomeUnknownError);
    },
  },
  {
    id: 'failure.down',
    title: 'a tool that cannot be reached: the whole server waits, and no message loses an attempt',
    async run(bench) {
      const adapter = bench.connect();
      await bench.tool.down();
      const error = await failure(bench.forward(adapter), TransientError);
      assert.equal(error.scope, 'server');
    },
  },
  {
    id: 'abort.running',
    title: 'a call ends when its signal aborts',
    async run(bench) {
      const abort = new AbortController();
      const adapter = bench.connect({ timeoutMs: 3 * TOO_LATE_MS });
      bench.tool.fault({ on: 'create', kind: 'slow', afterMs: 3 * TOO_LATE_MS });
      const call = bench.forward(adapter, bench.event, { signal: abort.signal });
      setTimeout(() => abort.abort(), 200);
      await assertEnds(call);
      await failure(call, TransientError, OutcomeUnknownError);
    },
  },
  {
    id: 'abort.before',
    title: 'a call whose signal has aborted does nothing',
    async run(bench) {
      await failure(
        bench.forward(bench.connect(), bench.event, { signal: AbortSignal.abort() }),
        TransientError,
        OutcomeUnknownError,
      );
      assert.equal(bench.records().length, 0, 'a record was made');
    },
  },
  {
    id: 'redirect',
    title: 'no redirect is followed, so credentials and events go nowhere else',
    async run(bench) {
      for (const status of [301, 302, 307, 308]) {
        bench.tool.fault({ on: 'create', kind: 'status', status, headers: { Location: bench.door.url } });
        await failure(bench.forward(bench.connect()), MisconfiguredError, RejectedError);
      }
      assert.equal(bench.door.received.length, 0, 'the redirect was followed');
    },
  },
  {
    id: 'secrets.errors',
    title: 'no error shows a secret, nor does what caused it',
    async run(bench) {
      const secrets = secretsOf(bench);
      for (const kind of ['lost', 'cut', 'html'] as const) {
        bench.tool.fault({ on: 'whichever', kind });
        const error = await bench.forward(bench.connect()).catch((each: unknown) => each);
        assertHidden(shown(error), secrets, `the error of a call with fault "${kind}"`);
      }
      const adapter = bench.connect();
      await bench.tool.down();
      assertHidden(
        shown(await failure(bench.forward(adapter), DeliveryError)),
        secrets,
        'the error of a tool that is down',
      );
    },
  },
  {
    id: 'secrets.quoted',
    title: 'an error gives the reason of the tool without our credentials, if the tool quotes them',
    async run(bench) {
      bench.tool.fault({ on: 'create', kind: 'status', status: 400, quotes: true });
      const error = await failure(bench.forward(bench.connect()), DeliveryError);
      assertHidden(shown(error), secretsOf(bench), 'the error');
    },
  },
  {
    id: 'secrets.logs',
    title: 'no line of the log shows a secret',
    async run(bench) {
      const adapter = bench.connect();
      await bench.forward(adapter);
      await adapter.ping?.(bench.delivery().signal).catch(() => undefined);
      bench.tool.fault({ on: 'whichever', kind: 'status', status: 401 });
      await bench.forward(bench.connect()).catch(() => undefined);
      assertHidden(bench.logged.join('\n'), secretsOf(bench), 'the log');
    },
  },
]);
