import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Written } from '../../adapter';
import { DeliveryError, OutcomeUnknownError, TransientError } from '../../errors';
import { failure, waitAfter, type Bench } from '../bench';
import { cases } from '../case';

/** Short, so that a case does not wait long; long enough for a busy machine. */
const TIMEOUT_MS = 400;
const SETTLE_MS = 400;

/** Two cores deliver at once: both look before either has created. */
function atOnce(bench: Bench): Promise<Written[]> {
  bench.tool.fault({ on: 'create', kind: 'slow', beforeMs: 100, times: 2 });
  return Promise.all([1, 2].map((attempt) => bench.forward(bench.connect(), bench.event, { attempt })));
}

export const FORWARD = cases('notify', [
  {
    id: 'forward.create',
    title: 'an event becomes one live record, with its title, description and annotations',
    async run(bench) {
      const annotationList = { annotation: [{ id: randomUUID(), author: 'admin', text: 'Seen by the night shift.' }] };
      await bench.forward(bench.connect(), { ...bench.event, annotationList });
      const record = bench.record();
      assert.equal(record.title, bench.event.title);
      assert.ok(record.description.includes(bench.event.description ?? ''), 'the description is missing');
      assert.ok(record.notes.join('\n').includes('Seen by the night shift.'), 'the annotation is missing');
    },
  },
  {
    id: 'forward.names',
    title: 'the answer names the record as the tool does, and by a page that can be opened',
    async run(bench) {
      const { ref } = await bench.forward(bench.connect());
      assert.equal(ref.id, bench.record().id);
      assert.notEqual(ref.displayId, '');
      if (ref.url !== undefined) assert.match(ref.url, /^https?:\/\/[^\s@]+$/, 'url must be a web address');
    },
  },
  {
    id: 'forward.repeat',
    title: 'the same delivery by a core that knows nothing of the first makes no second record, and names the first',
    async run(bench) {
      const first = await bench.forward(bench.connect());
      const second = await bench.forward(bench.connect());
      assert.deepEqual(second.ref, first.ref);
      bench.record();
    },
  },
  {
    id: 'forward.separate',
    title: 'two events are two records, however alike they are',
    async run(bench) {
      const [key, id, adapter] = [randomUUID(), randomUUID(), bench.connect()];
      const first = await bench.forward(adapter);
      const second = await bench.forward(adapter, { ...bench.event, id }, { key });
      assert.notEqual(second.ref.id, first.ref.id);
      assert.notEqual(bench.record(key, id).id, bench.record().id);
    },
  },
  {
    id: 'forward.concurrent',
    title: 'two cores that deliver at once end with one live record, and both name it',
    async run(bench) {
      const written = await atOnce(bench);
      const { id } = bench.record();
      for (const { ref } of written) assert.equal(ref.id, id);
    },
  },
  {
    id: 'forward.duplicates',
    title: 'a second record that was retired is told, by the name that people call it',
    needs: ['duplicates'],
    async run(bench) {
      const written = await atOnce(bench);
      const told = new Set(written.flatMap(({ duplicates = [] }) => duplicates));
      assert.equal(told.size, 1, 'one record must be told as retired');
      for (const { ref } of written)
        assert.ok(!told.has(ref.displayId ?? ref.id), 'the live record is told as retired');
    },
  },
  {
    id: 'forward.lost',
    title: 'an answer that is lost after the record was made is no failure for good, and the next try finds the record',
    async run(bench) {
      const adapter = bench.connect({ settleMs: 100 });
      bench.tool.fault({ on: 'create', kind: 'lost' });
      const error = await failure(bench.forward(adapter), OutcomeUnknownError, TransientError);
      await sleep(waitAfter(error));
      const { ref } = await bench.forward(adapter, bench.event, { attempt: 2 });
      assert.equal(ref.id, bench.record().id);
    },
  },
  {
    id: 'forward.late',
    title: 'a record that is made after the call has timed out is found, once the time that the error asks for is over',
    async run(bench) {
      const adapter = bench.connect({ timeoutMs: TIMEOUT_MS, settleMs: SETTLE_MS });
      bench.tool.fault({ on: 'create', kind: 'slow', beforeMs: TIMEOUT_MS + SETTLE_MS / 2 });
      const error = await bench.forward(adapter).catch((each: unknown) => each);
      if (error instanceof DeliveryError) await sleep(waitAfter(error));
      await bench.forward(adapter, bench.event, { attempt: 2 });
      // By now the first one is made.
      await sleep(SETTLE_MS);
      bench.record();
    },
  },
  {
    id: 'forward.meanwhile',
    title: 'what people do to a record before its answer has arrived is told as theirs',
    needs: ['getExternalEvent', 'changes'],
    async run(bench) {
      const adapter = bench.connect();
      bench.tool.fault({ on: 'create', kind: 'slow', afterMs: 200 });
      const forward = bench.forward(adapter);
      while (bench.tool.records(bench.key, bench.event.id ?? '').length === 0) await sleep(5);
      bench.tool.edit(bench.record().id, { title: 'Link down' });
      const written = await forward;
      assert.deepEqual((await bench.read(adapter, written, written)).properties, { title: 'Link down' });
    },
  },
  {
    id: 'forward.lag',
    title: 'a record that the search of the tool does not know yet is not made again',
    needs: ['lag'],
    async run(bench) {
      const adapter = bench.connect();
      assert.ok(bench.tool.lag, 'the harness must say in `lacks` why its search cannot lag');
      bench.tool.lag(60_000);
      const first = await bench.forward(adapter);
      const second = await bench.forward(adapter, bench.event, { attempt: 2 });
      assert.equal(second.ref.id, first.ref.id);
      bench.record();
    },
  },
  {
    id: 'forward.impostor',
    title: 'only a record that carries the key is taken for the record of the event, whatever the look-up answers',
    needs: ['impostor'],
    async run(bench) {
      assert.ok(bench.tool.impostor, 'the harness must say in `lacks` why there can be no impostor');
      bench.tool.impostor(bench.key);
      const { ref } = await bench.forward(bench.connect());
      assert.equal(ref.id, bench.record().id);
    },
  },
]);
