import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Adapter, ExternalRef } from '../../adapter';
import type { Bench } from '../bench';
import { cases } from '../case';
import { newCause } from '../changes';

/** Another event with a record, which is the cause of the bench's. */
async function causeOn(bench: Bench, adapter: Adapter): Promise<{ id: string; ref: ExternalRef }> {
  const id = randomUUID();
  const { ref } = await bench.forward(adapter, { ...bench.event, id, title: 'Switch down' }, { key: randomUUID() });
  return { id, ref };
}

export const CAUSE = [
  ...cases('notify', [
    {
      id: 'cause.create',
      title: "a new record is tied to the record of its event's cause",
      needs: ['ties'],
      async run(bench) {
        const adapter = bench.connect();
        const { id, ref } = await causeOn(bench, adapter);
        await bench.forward(adapter, { ...bench.event, cause: { targetId: id } }, { cause: ref });
        assert.deepEqual(bench.record().causes, [ref.id]);
      },
    },
  ]),
  ...cases('notify_and_update', [
    {
      id: 'cause.change',
      title: 'a record is tied to that of a new cause, and to none when the cause is taken away or has no record',
      needs: ['ties', 'forwardChange'],
      async run(bench) {
        const { adapter, written } = await bench.withRecord();
        const [first, second] = [await causeOn(bench, adapter), await causeOn(bench, adapter)];
        for (const { id, ref } of [first, second]) {
          await bench.change(adapter, written, [newCause(id)], { cause: ref });
          assert.deepEqual(bench.record().causes, [ref.id]);
        }
        await bench.change(adapter, written, [newCause(randomUUID())]);
        assert.deepEqual(bench.record().causes, []);
        await bench.change(adapter, written, [newCause(first.id)], { cause: first.ref });
        await bench.change(adapter, written, [newCause()]);
        assert.deepEqual(bench.record().causes, []);
      },
    },
    {
      id: 'cause.once',
      title: 'a cause that is delivered again ties the record once',
      needs: ['ties', 'forwardChange'],
      async run(bench) {
        const { adapter, written } = await bench.withRecord();
        const { id, ref } = await causeOn(bench, adapter);
        const key = randomUUID();
        for (const attempt of [1, 2])
          await bench.change(bench.connect(), written, [newCause(id)], { key, attempt, cause: ref });
        await bench.change(adapter, written, [newCause(id)], { cause: ref });
        assert.deepEqual(bench.record().causes, [ref.id]);
      },
    },
  ]),
];
