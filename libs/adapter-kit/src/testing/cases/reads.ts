import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Snapshot } from '../../adapter';
import { GoneError, UnreadableError } from '../../errors';
import { failure } from '../bench';
import { cases } from '../case';
import { newNote, newTitle } from '../changes';

const stored = (snapshot: Snapshot): Snapshot => JSON.parse(JSON.stringify(snapshot)) as Snapshot;

export const READS = cases('synchronize', [
  {
    id: 'read.now',
    title: 'a read tells the record as it is at that moment',
    needs: ['getExternalEvent'],
    async run(bench) {
      const { adapter, written } = await bench.withRecord();
      for (const title of ['first', 'second']) {
        bench.tool.edit(written.ref.id, { title });
        assert.equal((await bench.read(adapter, written)).properties['title'], title);
      }
    },
  },
  {
    id: 'read.pages',
    title: 'a read tells every note of a record that has more than fit on a page, each once',
    needs: ['getExternalEvent'],
    async run(bench) {
      const { adapter, written } = await bench.withRecord();
      const texts = Array.from({ length: bench.morePerPage }, (_, index) => `note ${index} of many`);
      for (const text of texts) bench.tool.note(written.ref.id, text);
      const { notes } = await bench.read(adapter, written);
      assert.deepEqual(notes.map(({ text }) => text.trim()).sort(), [...texts].sort());
    },
  },
  {
    id: 'read.gone',
    title: 'a read of a record that was deleted says that there is none',
    needs: ['getExternalEvent'],
    async run(bench) {
      const { adapter, written } = await bench.withRecord();
      bench.tool.remove(written.ref.id);
      await failure(bench.read(adapter, written), GoneError, UnreadableError);
    },
  },
  {
    id: 'read.own',
    title: "a read tells our own annotations as our own, and other people's as theirs",
    needs: ['getExternalEvent', 'forwardChange', 'changes'],
    async run(bench) {
      const { adapter, written } = await bench.withRecord();
      await bench.change(adapter, written, [newNote('Told by us.', randomUUID())]);
      bench.tool.note(written.ref.id, 'Told by a person.');
      const { notes } = await bench.read(adapter, written);
      const found = Object.fromEntries(notes.map(({ own, text }) => [text.trim(), own]));
      assert.deepEqual(found, { 'Told by us.': true, 'Told by a person.': false });
    },
  },
  {
    id: 'snapshot.lossy',
    title: 'a field that the tool cut, collapsed or tidied up, and nobody touched, is no edit',
    needs: ['getExternalEvent'],
    async run(bench) {
      const adapter = bench.connect();
      const event = {
        ...{ ...bench.event, severity: 'unknown' as const, title: `  two  spaces, and ${'long '.repeat(200)} 🔥 ` },
        description: `\n  indented\r\n\r\n\ttab ${'word '.repeat(100)}\n`,
      };
      const written = await bench.forward(adapter, event);
      bench.tool.note(written.ref.id, 'Nothing else was touched.');
      const { properties } = await bench.read(adapter, written, { snapshot: written.snapshot, event });
      assert.deepEqual(properties, {});
    },
  },
  {
    id: 'snapshot.found',
    title: 'what people did to a record before it was found again counts as theirs',
    needs: ['getExternalEvent', 'changes'],
    async run(bench) {
      const adapter = bench.connect();
      // The core that made it died before it could note that.
      const { ref } = await bench.forward(bench.connect());
      bench.tool.edit(ref.id, { title: 'A person was faster' });
      const written = await bench.forward(adapter, bench.event, { attempt: 2 });
      const { properties } = await bench.read(adapter, written, written);
      assert.deepEqual(properties, { title: 'A person was faster' });
    },
  },
  {
    id: 'snapshot.stored',
    title: 'a snapshot that was stored and loaded is compared as before',
    needs: ['changes'],
    async run(bench) {
      const adapter = bench.connect();
      const { snapshot } = await bench.forward(adapter);
      assert.ok(snapshot, 'the answer must have a snapshot');
      const text = JSON.stringify(snapshot);
      assert.deepEqual(adapter.changes(stored(snapshot), snapshot), []);
      assert.deepEqual(adapter.changes(undefined, stored(snapshot)), adapter.changes(undefined, snapshot));
      assert.equal(JSON.stringify(snapshot), text, 'comparing must not alter a snapshot');
    },
  },
  {
    id: 'snapshot.described',
    title: 'operators are shown the record in words',
    needs: ['describe', 'changes'],
    async run(bench) {
      const adapter = bench.connect();
      const { snapshot } = await bench.change(adapter, await bench.forward(adapter), [newTitle('Link down')]);
      assert.ok(snapshot, 'the answer must have a snapshot');
      const { title, state } = adapter.describe(stored(snapshot));
      assert.equal(title, 'Link down');
      assert.ok(state, 'the state is missing');
    },
  },
]);
