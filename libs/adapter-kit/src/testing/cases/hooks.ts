import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Adapter, HookRequest, Seen } from '../../adapter';
import { ForgedHookError, RejectedError } from '../../errors';
import { failure, type Bench } from '../bench';
import { cases } from '../case';
import { newNote, newTitle } from '../changes';

const needs = ['receiveChange'] as const;

const verifies = async (adapter: Adapter, hook: HookRequest): Promise<void> => {
  assert.ok(adapter.verifyHook, 'an adapter that takes hooks must verify them');
  adapter.verifyHook(hook);
};

/** A record, and the genuine hook of an edit of it. */
async function edited(bench: Bench, title = 'Edited by a person') {
  const { adapter, written } = await bench.withRecord();
  const [hook] = (await bench.hooks(() => bench.tool.edit(written.ref.id, { title }))).slice(-1);
  assert.ok(hook, 'the tool must send a hook');
  return { adapter, written, hook };
}

const seenBy = (bench: Bench, adapter: Required<Adapter>, hook: HookRequest): Promise<Seen[]> =>
  adapter.receiveChange(hook, bench.delivery().signal);

export const HOOKS = cases('synchronize', [
  {
    id: 'hook.edit',
    title: 'what a person changed is told, for the right record, and nothing else with it',
    needs,
    async run(bench) {
      const { adapter, written, hook } = await edited(bench);
      const seen = await seenBy(bench, adapter, hook);
      assert.ok(seen.length > 0, 'nothing is told');
      for (const { id } of seen) assert.ok([written.ref.id, bench.key].includes(id), `${id} is no name of the record`);
      const { properties } = await bench.hear(adapter, [hook], written);
      assert.deepEqual(properties, { title: 'Edited by a person' });
    },
  },
  {
    id: 'hook.note',
    title: "a person's note is told, with its words, as not our own",
    needs,
    async run(bench) {
      const { adapter, written } = await bench.withRecord();
      const hooks = await bench.hooks(() => bench.tool.note(written.ref.id, 'Cable checked.\nAll fine.'));
      const { notes } = await bench.hear(adapter, hooks, written);
      // Some tools make paragraphs of lines.
      const heard = notes.map(({ text, own }) => [text.trim().split(/\n+/), own]);
      assert.deepEqual(heard, [[['Cable checked.', 'All fine.'], false]]);
    },
  },
  {
    id: 'hook.two-notes',
    title: 'two notes with the same words are two',
    needs,
    async run(bench) {
      const { adapter, written } = await bench.withRecord();
      const names = new Set<string>();
      for (const text of ['Still down.', 'Still down.'])
        for (const hook of await bench.hooks(() => bench.tool.note(written.ref.id, text)))
          for (const { changeId = '', annotations } of await seenBy(bench, adapter, hook))
            for (const { id } of annotations) names.add(id ?? (changeId || text));
      assert.equal(names.size, 2, 'they must be told under two names');
    },
  },
  {
    id: 'hook.echo',
    title: 'what we wrote ourselves does not come back as the work of a person',
    needs: ['receiveChange', 'forwardChange'],
    async run(bench) {
      const { adapter, written } = await bench.withRecord();
      const key = randomUUID();
      let after = written;
      const hooks = await bench.hooks(async () => {
        after = await bench.change(adapter, written, [newTitle('Ours'), newNote('Ours too', randomUUID())], { key });
      });
      for (const hook of hooks) {
        adapter.verifyHook(hook);
        for (const seen of await seenBy(bench, adapter, hook)) {
          if (seen.changeId === key) continue;
          assert.deepEqual(
            seen.annotations.filter(({ own }) => !own),
            [],
            'our note is told as a person’s',
          );
          if (seen.snapshot) assert.deepEqual(adapter.changes(after.snapshot, seen.snapshot), []);
          else assert.deepEqual(seen.changes ?? [], [], 'our change is told as a person’s');
        }
      }
    },
  },
  {
    id: 'hook.twice',
    title: 'a hook that comes twice, or is played again later, tells its notes under the same names',
    needs,
    async run(bench) {
      const { adapter, written } = await bench.withRecord();
      const [hook] = await bench.hooks(() => bench.tool.note(written.ref.id, 'Cable checked.'));
      assert.ok(hook, 'the tool must send a hook');
      const names = async () =>
        (await seenBy(bench, adapter, hook)).map(({ id, changeId, annotations }) => [
          id,
          changeId,
          annotations.map((each) => each.id),
        ]);
      const first = await names();
      assert.ok(first.length > 0, 'nothing is told');
      assert.deepEqual(await names(), first);
    },
  },
  {
    id: 'hook.late',
    title: 'a hook that comes after a newer one is not taken for newer',
    needs,
    async run(bench) {
      const { adapter, written, hook } = await edited(bench, 'first');
      const [newer] = await bench.hooks(() => bench.tool.edit(written.ref.id, { title: 'second' }));
      assert.ok(newer, 'the tool must send a hook');
      const [now] = await seenBy(bench, adapter, newer);
      const [late] = await seenBy(bench, adapter, hook);
      if (late?.snapshot?.version === undefined || now?.snapshot?.version === undefined) {
        assert.ok(adapter.traits?.hooksMayReorder, 'without versions, the traits must say that hooks may reorder');
        return;
      }
      assert.ok(
        adapter.compareVersions(late.snapshot.version, now.snapshot.version) <= 0,
        'the late one counts as newer',
      );
    },
  },
  {
    id: 'hook.gone',
    title: 'that a person deleted the record is told',
    needs: ['receiveChange', 'deletion hook'],
    async run(bench) {
      const { adapter, written } = await bench.withRecord();
      const hooks = await bench.hooks(() => bench.tool.remove(written.ref.id));
      const seen = (await Promise.all(hooks.map((hook) => seenBy(bench, adapter, hook)))).flat();
      assert.ok(
        seen.some(({ gone, id }) => gone && [written.ref.id, bench.key].includes(id)),
        'it must be told as gone',
      );
    },
  },
  {
    id: 'hook.genuine',
    title: 'a genuine hook is believed, also when its text is not ASCII',
    needs,
    async run(bench) {
      const { adapter, hook } = await edited(bench, 'Größe 温度 🔥');
      await verifies(adapter, hook);
    },
  },
  {
    id: 'hook.unsigned',
    title: 'a hook without a signature is refused',
    needs,
    async run(bench) {
      const { adapter, hook } = await edited(bench);
      const headers = { 'content-type': 'application/json' };
      await failure(verifies(adapter, { ...hook, headers }), ForgedHookError);
    },
  },
  {
    id: 'hook.junk',
    title: 'a hook whose signature is junk is refused like any other',
    needs,
    async run(bench) {
      const { adapter, hook } = await edited(bench);
      for (const junk of ['', 'x', 'sha256=', 'v1,', '=,=', '\u00e9'.repeat(300), '1'.repeat(64)]) {
        const headers = Object.fromEntries(Object.keys(hook.headers).map((name) => [name, junk]));
        await failure(verifies(adapter, { ...hook, headers }), ForgedHookError);
      }
    },
  },
  {
    id: 'hook.wrong-key',
    title: 'a hook that somebody else signed is refused',
    needs,
    async run(bench) {
      const { hook } = await edited(bench);
      assert.ok(bench.harness.otherSecret, 'the harness must name another secret');
      await failure(verifies(bench.connect(bench.harness.otherSecret), hook), ForgedHookError);
    },
  },
  {
    id: 'hook.altered',
    title: 'a hook that was altered on its way is refused, wherever it was altered',
    needs,
    async run(bench) {
      const { adapter, hook } = await edited(bench);
      for (const at of [0, hook.body.length >> 1, hook.body.length - 1]) {
        const body = Buffer.from(hook.body);
        body[at] = (body[at] ?? 0) ^ 1;
        await failure(verifies(adapter, { ...hook, body }), ForgedHookError);
      }
      const longer = Buffer.concat([hook.body, Buffer.from(' ')]);
      await failure(verifies(adapter, { ...hook, body: longer }), ForgedHookError);
    },
  },
  {
    id: 'hook.garbage',
    title: 'a hook that says nothing sensible is rejected with the field and the rule, and never tried again',
    needs,
    async run(bench) {
      const { adapter, hook } = await edited(bench);
      for (const text of ['', 'no JSON', '[]', 'null', '{}', '{"type":7}', '\ufffd']) {
        const body = text === '\ufffd' ? Buffer.from([0xff, 0xfe]) : Buffer.from(text);
        const error = await failure(seenBy(bench, adapter, { ...hook, body }), RejectedError);
        assert.match(error.message, /\w+: \w+/, 'the error must name field and rule');
      }
    },
  },
]);
