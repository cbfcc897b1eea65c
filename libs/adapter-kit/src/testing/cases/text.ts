import assert from 'node:assert/strict';
import { cases } from '../case';

const MARK = /(…|\.\.\.)/;

/** White space at the edges of a line is not ours to judge. */
const squeezed = (text: string): string => text.replace(/\s+/g, ' ').trim();

const MEGABYTE = Array.from({ length: 20_000 }, (_, n) => `word ${n} of what the agent said – öäü und noch mehr`).join(
  ' ',
);

function assertWholeOrCut(text: string, whole: string, atLeast: number): void {
  assert.ok(!/\p{Surrogate}/u.test(text), 'half of a surrogate pair is left');
  if (text === whole || text.includes(whole)) return;
  const [head = ''] = text.split(MARK);
  assert.match(text, MARK, 'a text that is cut must say so');
  assert.ok(whole.startsWith(head.trim()) && head.length >= atLeast, `only ${head.length} characters are left of it`);
}

export const TEXT = cases('notify', [
  {
    id: 'text.unicode',
    title: 'letters of every script, emoji and combining marks arrive as they are',
    async run(bench) {
      const words = 'Größe übertrifft 5 µm – 温度过高 – حرارة – 👩‍🔧🔥 – e\u0301 – “quotes”';
      await bench.forward(bench.connect(), { ...bench.event, title: words, description: `${words}\n\n${words}` });
      const record = bench.record();
      assert.equal(record.title, words);
      assert.equal(record.description.split(words).length - 1, 2, 'the description differs');
    },
  },
  {
    id: 'text.markup',
    title: 'what looks like markup, a template or a query arrives as text',
    async run(bench) {
      const title = `<b>&amp; "x" 'y' \\n {{ 7*7 }} \${HOME} [a|b] *c* ^d^`;
      const description = `${title} {noformat} h1. javascript: %20 ORDER BY {code}`;
      await bench.forward(bench.connect(), { ...bench.event, title, description });
      const record = bench.record();
      assert.equal(record.title, title);
      assert.ok(record.description.includes(description), `the description differs: ${record.description}`);
    },
  },
  {
    id: 'text.control',
    title: 'control characters and halves of characters stop no event',
    async run(bench) {
      const title = 'before\u0000\u0001\u001b[31m\ud83d\u0007after';
      await bench.forward(bench.connect(), { ...bench.event, title, description: title });
      assert.match(bench.record().title, /^before.*after$/su);
    },
  },
  {
    id: 'text.lines',
    title: 'the lines of a description stay lines, and a title is one',
    async run(bench) {
      await bench.forward(bench.connect(), {
        ...bench.event,
        title: 'one\ntwo',
        description: 'first\nsecond\n\nthird',
      });
      const { title, description } = bench.record();
      assert.equal(squeezed(title), 'one two');
      assert.match(description, /first\n+second\n\n+third/);
    },
  },
  {
    id: 'text.title-limit',
    title: 'a title that is too long for the tool is cut between characters and says so',
    async run(bench) {
      const title = '🔥'.repeat(1_000);
      await bench.forward(bench.connect(), { ...bench.event, title });
      assertWholeOrCut(bench.record().title, title, 50);
    },
  },
  {
    id: 'text.megabyte',
    title: 'a description of one megabyte arrives, whole or cut with a mark',
    async run(bench) {
      await bench.forward(bench.connect(), { ...bench.event, description: MEGABYTE });
      assertWholeOrCut(bench.record().description, MEGABYTE, 1_000);
    },
  },
]);
