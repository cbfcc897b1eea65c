import assert from 'node:assert/strict';
import { MisconfiguredError, TransientError } from '../../errors';
import { parseSettings } from '../../settings';
import { failure, type Bench } from '../bench';
import { cases } from '../case';

/** What is wrong with settings as a file has them. */
function problemsOf({ harness, tool }: Bench, overrides: Record<string, unknown>): string[] {
  const parsed = parseSettings(harness.settings, { ...harness.plain(tool.url), ...overrides });
  return parsed.ok ? [] : parsed.problems;
}

const isNamed = (field: string, problems: readonly string[]): boolean =>
  problems.some((problem) => problem.startsWith(`${field}: `) && problem.length > field.length + 4);

export const CONNECTION = cases('notify', [
  {
    id: 'connect.silent',
    title: 'an adapter is made without a call to the tool',
    async run(bench) {
      // A call of ours comes in after whatever the adapter called before it.
      await fetch(bench.tool.url).then((answer) => answer.text());
      const calls = bench.tool.calls();
      bench.connect();
      await fetch(bench.tool.url).then((answer) => answer.text());
      assert.equal(bench.tool.calls(), 2 * calls, 'the adapter called the tool');
    },
  },
  {
    id: 'ping.works',
    title: 'ping resolves where everything is right, and leaves no record behind',
    needs: ['ping'],
    async run(bench) {
      await bench.connect().ping(bench.delivery().signal);
      assert.notEqual(bench.tool.calls(), 0, 'the tool was not asked');
      assert.equal(bench.records().length, 0);
    },
  },
  {
    id: 'ping.login',
    title: 'ping says that the login is refused: MisconfiguredError',
    needs: ['ping'],
    async run(bench) {
      bench.tool.fault({ on: 'whichever', kind: 'status', status: 401, times: 0 });
      await failure(bench.connect().ping(bench.delivery().signal), MisconfiguredError);
    },
  },
  {
    id: 'ping.down',
    title: 'ping says that the tool cannot be reached: TransientError',
    needs: ['ping'],
    async run(bench) {
      const adapter = bench.connect();
      await bench.tool.down();
      await failure(adapter.ping(bench.delivery().signal), TransientError);
    },
  },
  {
    id: 'preview.silent',
    title: 'a preview shows what would be sent and sends nothing',
    needs: ['preview'],
    async run(bench) {
      const shown = await bench.connect().preview({ event: bench.event }, bench.delivery());
      assert.ok(JSON.stringify(shown).includes(bench.event.title ?? ''), 'the title is missing');
      assert.equal(bench.records().length, 0);
    },
  },
  {
    id: 'settings.unknown',
    title: 'a setting that does not exist is refused by its name',
    async run(bench) {
      const [problem, ...others] = problemsOf(bench, { colour: 'blue' });
      assert.deepEqual([problem, others], ['colour: is not a known field', []]);
    },
  },
  {
    id: 'settings.rules',
    title:
      'a setting of the wrong kind is refused by its name and a rule, all of them at once, and its value is not repeated',
    async run(bench) {
      const fields = Object.keys(bench.harness.plain(bench.tool.url));
      const value = { hunter2: 'hunter2' };
      for (const field of fields) {
        const problems = problemsOf(bench, { [field]: value });
        assert.ok(isNamed(field, problems), `${field} takes what it cannot be`);
      }
      const problems = problemsOf(bench, Object.fromEntries(fields.map((field) => [field, value])));
      for (const field of fields) assert.ok(isNamed(field, problems), `${field} is not in the list of all problems`);
      assert.ok(!problems.join('\n').includes('hunter2'), 'a problem repeats the value');
    },
  },
  {
    id: 'settings.url',
    title: 'an address that is no web address, or has a password in it, is refused by its name',
    async run(bench) {
      const plain = bench.harness.plain(bench.tool.url);
      const fields = Object.keys(plain).filter((field) => String(plain[field]).startsWith(bench.tool.url));
      for (const field of fields)
        for (const address of [
          'ftp://tool.example.com/',
          'file:///etc/passwd',
          'https://me:hunter2@tool.example.com/',
          'tool',
        ]) {
          const problems = problemsOf(bench, { [field]: address });
          assert.ok(isNamed(field, problems), `${field} takes ${address}`);
          assert.ok(!problems.join('\n').includes('hunter2'), `${field}: the problem shows the password`);
        }
    },
  },
  {
    id: 'settings.times',
    title: 'a time-out must be a time',
    async run(bench) {
      for (const value of [-1, 0.5, 1e12, 'soon', null])
        assert.ok(isNamed('timeoutMs', problemsOf(bench, { timeoutMs: value })), `timeoutMs takes ${value}`);
    },
  },
]);
