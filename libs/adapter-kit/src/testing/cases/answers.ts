import assert from 'node:assert/strict';
import { GoneError, MisconfiguredError, OutcomeUnknownError, RejectedError, TransientError } from '../../errors';
import { failure, type Bench, type Kind } from '../bench';
import { cases } from '../case';

type Kinds = readonly Kind[];

/** What the adapter throws when the call that makes a record is answered so. Nothing was made. */
async function answered(
  bench: Bench,
  status: number,
  kinds: Kinds,
  more: { says?: string; headers?: Record<string, string> } = {},
) {
  bench.tool.fault({ on: 'create', kind: 'status', status, ...more });
  return failure(bench.forward(bench.connect()), ...kinds);
}

const one = (status: number, title: string, ...kinds: Kinds) => ({
  ...{ id: `answer.${status}`, title: `${status}: ${title}` },
  run: async (bench: Bench) => void (await answered(bench, status, kinds)),
});

/** The error vocabulary: what happens next, by what the tool answered. */
export const ANSWERS = cases('notify', [
  {
    id: 'answer.400',
    title: '400: never taken, and the error gives the reason in the words of the tool',
    async run(bench) {
      const says = 'Field customer has no value ÄÖÜ.';
      const error = await answered(bench, 400, [RejectedError], { says });
      assert.ok(error.message.includes(says), `the reason is missing: ${error.message}`);
    },
  },
  one(401, 'nothing works until somebody changes our login', MisconfiguredError),
  one(403, 'not tried again for ever', MisconfiguredError, RejectedError),
  one(404, 'there is no record yet that could be gone, so the address is wrong', MisconfiguredError),
  one(409, 'concerns this one message', TransientError, OutcomeUnknownError, RejectedError),
  one(410, 'not tried again for ever', MisconfiguredError, RejectedError, GoneError),
  one(413, 'too large, and no smaller the next time', RejectedError),
  one(422, 'never taken', RejectedError),
  {
    id: 'answer.429-seconds',
    title: '429 with Retry-After in seconds: the whole server waits for so long',
    async run(bench) {
      const error = await answered(bench, 429, [TransientError], { headers: { 'Retry-After': '7' } });
      assert.ok(error instanceof TransientError);
      assert.deepEqual([error.scope, error.retryAfterMs], ['server', 7_000]);
    },
  },
  {
    id: 'answer.429-date',
    title: '429 with Retry-After as a date: the whole server waits until then',
    async run(bench) {
      const at = new Date(Date.now() + 60_000).toUTCString();
      const error = await answered(bench, 429, [TransientError], { headers: { 'Retry-After': at } });
      assert.ok(error instanceof TransientError && error.scope === 'server');
      const wait = error.retryAfterMs ?? NaN;
      assert.ok(wait > 30_000 && wait <= 60_000, `${wait} ms is not the time until then`);
    },
  },
  {
    id: 'answer.429-bare',
    title: '429 without a word about how long: the whole server waits, as long as the core likes',
    async run(bench) {
      const error = await answered(bench, 429, [TransientError]);
      assert.ok(error instanceof TransientError);
      assert.equal(error.scope, 'server');
      assert.ok(error.retryAfterMs === undefined || error.retryAfterMs > 0, 'retryAfterMs must be absent or a time');
    },
  },
  one(500, 'tried again, after a look if need be', OutcomeUnknownError, TransientError),
  {
    id: 'answer.503',
    title: '503 with Retry-After: tried again, and not before that time',
    async run(bench) {
      const kinds = [OutcomeUnknownError, TransientError];
      const error = await answered(bench, 503, kinds, { headers: { 'Retry-After': '3600' } });
      const wait = error instanceof OutcomeUnknownError ? error.settleMs : (error as TransientError).retryAfterMs;
      assert.ok((wait ?? 0) >= 3_600_000, `waits ${wait} ms, and the tool asked for an hour`);
    },
  },
]);
