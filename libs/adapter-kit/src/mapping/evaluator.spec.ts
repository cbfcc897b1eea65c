import * as fc from 'fast-check';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeliveryError, RejectedError, TransientError } from '../errors';
import { evaluate, evaluateJsonata } from './evaluator';
import { EVALUATOR_SCRIPT } from './evaluator-process';
import { MAX_SOURCE_LENGTH, problemOf } from './sources';

const FIELD = 'mapping.fields.u_x';
const inTime = () => AbortSignal.timeout(30_000);
const jsonata = (text: string, input: unknown = {}) => evaluateJsonata({ field: FIELD, text }, input, inTime());
const liquid = (text: string, input: unknown = {}) =>
  evaluate({ language: 'liquid', field: 'mapping.titleTemplate', text }, input, inTime());

describe('an evaluation', () => {
  it('answers what an expression makes of its input', async () => {
    expect(await jsonata('{ "a": a, "sum": $sum(b) }', { a: 'ä🚒', b: [1, 2] })).toEqual({ a: 'ä🚒', sum: 3 });
    expect(await jsonata('nothing.here')).toBeUndefined();
  });

  it('renders a template, and says nothing where a variable is not there', async () => {
    expect(await liquid('{{ event.title | upcase }}{{ event.no.such }}', { event: { title: 'disk' } })).toBe('DISK');
  });

  it('answers each of many that ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => jsonata('n + 1', { n: index })));
    expect(answers).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  });

  const greedy: [what: string, text: string][] = [
    ['a regular expression that backtracks for ever', '$match($pad("", 60, "a") & "!", /^(a+)+$/)'],
    ['a function that calls itself for ever', '($f := function($x){ $f($x + 1) }; $f(1))'],
    ['a function that calls itself ever deeper', '($f := function($x){ 1 + $f($x) }; $f(1))'],
    ['a text of half a gigabyte', '$pad("", 500000000) & "x"'],
    ['many long texts', '($a := $pad("", 5000000, "a"); $map([1..99999], function($i){ $uppercase($a & $i) }))'],
    ['long lists of long lists', '$map([1..99999], function($i){ [1..99999] })'],
    ['an answer that is too long', '$pad("", 3000000, "a")'],
    ['an error of its own', '$error(secret)'],
  ];
  it.each(greedy)('ends when an expression makes %s', async (_what, text) => {
    const began = Date.now();
    const error = await jsonata(text, { secret: 'hunter2' }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RejectedError);
    expect(String(error)).not.toContain('hunter2');
    expect(String(error)).toContain(FIELD);
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(await jsonata('1 + 1')).toBe(2);
  });

  it('does not suffer for what those before it have left in the process', async () => {
    const long = (index: number) => `false ? [a${',a'.repeat(4_900)}] : ${index}`;
    for (let index = 0; index < 100; index += 1) expect(await jsonata(long(index))).toBe(index);
  });

  it.each([
    ['a loop that never ends', '{% for i in (1..3000) %}{% for j in (1..3000) %}{{ e }}{% endfor %}{% endfor %}'],
    [
      'a text that doubles and doubles',
      '{% assign s = "x" %}{% for i in (1..60) %}{% assign s = s | append: s %}{% endfor %}',
    ],
    ['a wide date', '{{ "now" | date: "%900000000d" }}'],
    ['more text than is sent', '{% for i in (1..9) %}{{ e }}{% endfor %}'],
  ])('ends when a template makes %s', async (_what, text) => {
    await expect(liquid(text, { e: 'x'.repeat(500_000) })).rejects.toBeInstanceOf(RejectedError);
    expect(await liquid('{{ a }}', { a: 1 })).toBe('1');
  });

  it('leaves the hub free while it runs away', async () => {
    let ticks = 0;
    const ticking = setInterval(() => (ticks += 1), 5);
    await expect(jsonata('$match($pad("", 60, "a") & "!", /^(a+)+$/)')).rejects.toThrow('takes longer than 250 ms');
    clearInterval(ticking);
    expect(ticks).toBeGreaterThan(5);
  });

  it('takes no input that is too large', async () => {
    await expect(jsonata('1', 'x'.repeat(5_000_000))).rejects.toBeInstanceOf(RejectedError);
  });

  it('is transient when its time is over before its turn comes', async () => {
    const first = jsonata('$match($pad("", 60, "a") & "!", /^(a+)+$/)').catch(() => 'ended');
    const late = evaluateJsonata({ field: FIELD, text: '1' }, {}, AbortSignal.timeout(20));
    await expect(late).rejects.toBeInstanceOf(TransientError);
    expect(await first).toBe('ended');
  });

  it.each([
    '$eval("$$.constructor")',
    'constructor.constructor("return process")()',
    '__proto__.x',
    'process.env',
    '$env',
  ])('reaches nothing of the process: %s', async (text) => {
    const answer = await jsonata(text, {}).catch((error: unknown) => error);
    expect(answer === undefined || answer instanceof RejectedError).toBe(true);
  });

  it('ends whatever is written, with an answer or an error that has a type', async () => {
    const pieces = fc.constantFrom(
      ...[
        '$',
        'a',
        '.',
        '[1..99999]',
        '(',
        ')',
        '$f := ',
        'function($x){',
        '}',
        '$map',
        ',',
        '/(x+)+y/',
        '&',
        '"x"',
        '$match',
        '~>',
        ';',
        '$f(1)',
      ],
    );
    const texts = fc.array(pieces, { maxLength: 12 }).map((each) => each.join(' '));
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        if (problemOf('jsonata', text) !== undefined) return;
        const end = await jsonata(text, { a: ['x'.repeat(40)] }).catch((error: unknown) => error);
        expect(!(end instanceof Error) || end instanceof DeliveryError).toBe(true);
      }),
    );
  });
});

describe('the process that evaluates', () => {
  const isThere = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  it('ends when the hub is killed in the middle of an evaluation that never ends', async () => {
    const hub = spawn(
      process.execPath,
      ['-e', HUB, EVALUATOR_SCRIPT, require.resolve('jsonata'), require.resolve('liquidjs')],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [said] = (await once(hub.stdout, 'data')) as [Buffer];
    const evaluator = Number(said);
    const exited = once(hub, 'exit');
    hub.kill('SIGKILL');
    await exited;
    try {
      expect(evaluator).toBeGreaterThan(0);
      for (const deadline = Date.now() + 20_000; isThere(evaluator) && Date.now() < deadline;) await sleep(50);
      expect(isThere(evaluator)).toBe(false);
    } finally {
      if (isThere(evaluator)) process.kill(evaluator, 'SIGKILL');
    }
  }, 30_000);
});

/** Starts the process, gives it what it will be busy with for ever, and says its number. */
const HUB = `
const [script, ...libraries] = process.argv.slice(1);
const child = require('node:child_process').spawn(process.execPath, ['-e', script, ...libraries], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
child.once('message', () => {
  const input = JSON.stringify({ text: 'a'.repeat(60) + '!' });
  child.send({ language: 'jsonata', text: '$match(text, /^(a+)+$/)', input }, () => process.stdout.write(String(child.pid)));
});
`;

describe('what is written in the settings', () => {
  it.each([
    ['jsonata', '$sum(', 'is no JSONata expression: Expected ")" before end of expression (position 5)'],
    ['jsonata', '['.repeat(9_000), 'is no JSONata expression: it is nested too deeply'],
    ['liquid', '{{ event.title | shout }}', 'is no template: undefined filter: shout, line:1, col:1'],
    ['liquid', '{% include "/etc/passwd" %}', 'is no template: tag "include" not found, line:1, col:1'],
    ['liquid', 'x'.repeat(MAX_SOURCE_LENGTH + 1), `must not be longer than ${MAX_SOURCE_LENGTH} characters`],
    ['jsonata', 'event.title', undefined],
    ['liquid', '{{ event.title }}', undefined],
  ] as const)('is judged before it is run: %s %.20s', (language, text, problem) => {
    expect(problemOf(language, text)).toBe(problem);
  });
});
