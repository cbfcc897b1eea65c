import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { GoneError, MisconfiguredError, OutcomeUnknownError, TransientError } from '../../errors';
import { failure, waitAfter } from '../bench';
import { cases } from '../case';
import { newDescription, newNote, newSeverity, newState, newTitle } from '../changes';

export const CHANGE = cases('notify_and_update', [
  {
    id: 'change.arrives',
    title: 'a change of title, description, severity and state arrives in the record',
    needs: ['forwardChange'],
    async run(bench) {
      const { adapter, written } = await bench.withRecord();
      const before = bench.record();
      const changes = [
        newTitle('Link down'),
        newDescription('No carrier.'),
        newSeverity('warning'),
        newState('closed'),
      ];
      await bench.change(adapter, written, changes);
      const after = bench.record();
      assert.equal(after.title, 'Link down');
      assert.ok(after.description.includes('No carrier.'), 'the description is missing');
      assert.notEqual(after.severity, before.severity);
      assert.notEqual(after.state, before.state);
    },
  },
  {
    id: 'change.order',
    title: 'of several changes the last one stands, and annotations stand in their order, each once',
    needs: ['forwardChange'],
    async run(bench) {
      const adapter = bench.connect();
      let written = await bench.forward(adapter);
      for (const word of ['one', 'two', 'three']) {
        const notes = ['first', 'second'].map((place) => newNote(`${word}-${place}`, randomUUID()));
        written = await bench.change(adapter, written, [newTitle(word), ...notes]);
      }
      const record = bench.record();
      assert.equal(record.title, 'three');
      const heard = record.notes.join('\n').match(/(one|two|three)-(first|second)/g) ?? [];
      const expected = ['one', 'two', 'three'].flatMap((word) => [`${word}-first`, `${word}-second`]);
      assert.deepEqual(heard, expected);
    },
  },
  {
    id: 'change.once',
    title: 'an annotation whose answer was lost is there once, however often it is delivered again',
    needs: ['forwardChange'],
    async run(bench) {
      const { adapter, written } = await bench.withRecord({ settleMs: 100 });
      const [key, note] = [randomUUID(), newNote('Cable checked.', randomUUID())];
      bench.tool.fault({ on: 'note', kind: 'lost' });
      const error = await failure(bench.change(adapter, written, [note], { key }), OutcomeUnknownError, TransientError);
      await sleep(waitAfter(error));
      for (const attempt of [2, 3]) await bench.change(bench.connect(), written, [note], { key, attempt });
      assert.equal(bench.record().notes.join('\n').split('Cable checked.').length - 1, 1, 'it must be there once');
    },
  },
  {
    id: 'change.only',
    title: 'a change carries what changed and leaves alone what people did to the rest',
    needs: ['forwardChange'],
    async run(bench) {
      const { adapter, written } = await bench.withRecord();
      bench.tool.edit(written.ref.id, { severity: 'critical' });
      const edited = bench.record();
      await bench.change(adapter, written, [newTitle('Link down')]);
      const record = bench.record();
      assert.equal(record.title, 'Link down');
      assert.equal(record.severity, edited.severity);
    },
  },
  {
    id: 'change.dropped',
    title: 'a field that the tool passes over without a word, when it is written, is written once more',
    needs: ['forwardChange', 'changes', 'drops'],
    async run(bench) {
      const { adapter, written } = await bench.withRecord();
      assert.ok(bench.tool.trouble, 'the harness must say in `lacks` why the tool drops nothing');
      bench.tool.trouble('dropped title');
      await bench.change(adapter, written, [newTitle('Link down'), newSeverity('warning')]);
      assert.equal(bench.record().title, 'Link down');
    },
  },
  {
    id: 'change.meanwhile',
    title: 'what people do to a field between its write and the answer is told as theirs',
    needs: ['forwardChange', 'getExternalEvent', 'changes'],
    async run(bench) {
      const { adapter, written } = await bench.withRecord();
      bench.tool.fault({ on: 'change', kind: 'slow', afterMs: 200 });
      const change = bench.change(adapter, written, [newTitle('Link down')]);
      while (bench.record().title !== 'Link down') await sleep(5);
      bench.tool.edit(written.ref.id, { title: 'Link is up again' });
      const answer = await change;
      assert.deepEqual((await bench.read(adapter, answer, answer)).properties, { title: 'Link is up again' });
    },
  },
  {
    id: 'change.unmapped',
    title: 'a change of something that the tool has no field for is delivered, and does nothing',
    needs: ['forwardChange'],
    async run(bench) {
      const { adapter, written } = await bench.withRecord();
      const before = bench.record();
      const answer = await bench.change(adapter, written, [
        { kind: 'integer_property_change', propertyName: 'duplicate_count', currentValue: 7 },
      ]);
      assert.equal(answer.ref.id, written.ref.id);
      assert.ok(answer.snapshot ?? !adapter.changes, 'the answer must have a snapshot, where records can be compared');
      assert.deepEqual(bench.record(), before);
    },
  },
  {
    id: 'change.answers',
    title: 'every write answers the record as it then is, where records can be compared',
    needs: ['forwardChange', 'changes'],
    async run(bench) {
      const { adapter, written } = await bench.withRecord();
      const changes = [[newTitle('Link down')], [newNote('Cable checked.', randomUUID())]];
      for (const each of changes) {
        const { snapshot } = await bench.change(adapter, written, each);
        assert.ok(snapshot, 'the answer must have a snapshot');
        const titles = adapter.changes(undefined, snapshot).filter(({ propertyName }) => propertyName === 'title');
        assert.equal(titles[0] && 'currentValue' in titles[0] && titles[0].currentValue, 'Link down');
      }
    },
  },
  {
    id: 'change.page',
    title: 'a page in the place of the answer to a change (a log-in, an instance that sleeps) is no success',
    needs: ['forwardChange'],
    async run(bench) {
      const { adapter, written } = await bench.withRecord();
      bench.tool.fault({ on: 'change', kind: 'html' });
      const change = bench.change(adapter, written, [newTitle('Link down')]);
      await failure(change, MisconfiguredError, TransientError, OutcomeUnknownError);
    },
  },
  {
    id: 'change.gone',
    title: 'a change of a record that was deleted ends the matter: GoneError',
    needs: ['forwardChange'],
    async run(bench) {
      const { adapter, written } = await bench.withRecord();
      bench.tool.remove(written.ref.id);
      await failure(bench.change(adapter, written, [newTitle('Link down')]), GoneError);
    },
  },
]);
