import Ajv from 'ajv-draft-04';
import schema from '@atlaskit/adf-schema/dist/json-schema/v1/full.json';
import fc from 'fast-check';
import { adfToText, textToAdf } from './jira.adf';
import { clean, CUT_MARK, fits, read, summary, TEXT_LIMIT, written } from './jira.text';
import { textToWiki, wikiToText } from './jira.wiki';

const isDocument = new Ajv({ strict: false }).compile(schema);

/** Any text, with what is special in either notation far more often than by chance. */
const texts = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.constantFrom(
        '\n',
        '\r\n',
        ' ',
        '\t',
        '\\',
        '\\\\',
        '&',
        '&amp;',
        '&#42;',
        '{',
        '}',
        '[',
        ']',
        '*',
        '_',
        '-',
        '|',
      ),
      fc.constantFrom(
        '{noformat}',
        '{code}',
        'h1. ',
        'bq. ',
        '[a|http://b]',
        '[~admin]',
        ':)',
        '(x)',
        '!a.png!',
        '\n\n',
      ),
      fc.constantFrom('http://h/a_b-c?d=1&e=*f*#g', 'https://h/(x)', 'http://\\{', '\ud83d', 'C:\\temp\\new'),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

describe('text as a document of Jira Cloud', () => {
  it('is valid for every text, and comes back as it was', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const document = textToAdf(clean(text));
        expect(isDocument(document) || isDocument.errors).toBe(true);
        expect(adfToText(JSON.parse(JSON.stringify(document)))).toBe(clean(text));
      }),
    );
  });

  it('has links for addresses', () => {
    expect(textToAdf('see https://h/p?q=1 now\nthen')).toEqual({
      ...{ version: 1, type: 'doc' },
      content: [
        {
          type: 'paragraph',
          content: [
            { type: 'text', text: 'see ' },
            {
              ...{ type: 'text', text: 'https://h/p?q=1' },
              marks: [{ type: 'link', attrs: { href: 'https://h/p?q=1' } }],
            },
            { type: 'text', text: ' now' },
            { type: 'hardBreak' },
            { type: 'text', text: 'then' },
          ],
        },
      ],
    });
  });

  it('is read from whatever people put into it', () => {
    const paragraph = (...content: object[]) => ({ type: 'paragraph', content });
    const text = (value: string, ...marks: object[]) => ({ type: 'text', text: value, ...(marks.length && { marks }) });
    const item = (...content: object[]) => ({ type: 'listItem', content });
    const cell = (value: string) => ({ type: 'tableCell', attrs: {}, content: [paragraph(text(value))] });
    const document = {
      ...{ version: 1, type: 'doc' },
      content: [
        { type: 'heading', attrs: { level: 1 }, content: [text('Found', { type: 'strong' })] },
        paragraph(
          { type: 'mention', attrs: { id: '5b10', text: '@Ann' } },
          text(' see '),
          text('this', { type: 'link', attrs: { href: 'https://h' } }),
          { type: 'emoji', attrs: { shortName: ':smile:', text: '😄' } },
          { type: 'inlineCard', attrs: { url: 'https://c' } },
          { type: 'date', attrs: { timestamp: '1711670400000' } },
        ),
        {
          type: 'bulletList',
          content: [
            item(paragraph(text('one'))),
            item(paragraph(text('two')), { type: 'orderedList', content: [item(paragraph(text('deep')))] }),
          ],
        },
        { type: 'codeBlock', attrs: { language: 'sh' }, content: [text('ls\n  -l')] },
        { type: 'blockquote', content: [paragraph(text('a'), { type: 'hardBreak' }, text('b'))] },
        { type: 'table', content: [{ type: 'tableRow', content: [cell('x'), cell('y')] }] },
        { type: 'panel', attrs: { panelType: 'info' }, content: [paragraph(text('note'))] },
        { type: 'rule' },
        {
          type: 'mediaSingle',
          attrs: { layout: 'center' },
          content: [{ type: 'media', attrs: { type: 'file', id: '1', collection: '' } }],
        },
        { type: 'invented', content: [paragraph(text('kept'))] },
      ],
    };
    expect(isDocument({ ...document, content: document.content.slice(0, -1) }) || isDocument.errors).toBe(true);
    expect(adfToText(document).split('\n\n')).toEqual([
      'Found',
      '@Ann see this (https://h)😄https://c2024-03-29',
      '- one\n- two\n  1. deep',
      'ls\n  -l',
      '> a\n> b',
      'x | y',
      'note',
      '----',
      '[attachment]',
      'kept',
    ]);
    for (const nothing of [null, undefined, 7, [], {}]) expect(adfToText(nothing)).toBe('');
  });
});

describe('text as wiki markup of Jira Data Center', () => {
  it('comes back as it was, for every text', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(wikiToText(textToWiki(clean(text)))).toBe(clean(text));
      }),
    );
  });

  it('leaves nothing that Jira would take for markup', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const withoutLinks = textToWiki(clean(text)).replace(/https?:\/\/[^\s<>"'\\{}|^~*!`[\]()&]+/g, 'x');
        const unescaped = withoutLinks.replace(/\\[{}[\]*_+^~?!|#():;-]/g, 'x').replace(/&#\d+;/g, 'x');
        expect(unescaped).not.toMatch(/[{}[\]*_+^~?!|#\\()-]|^(h[1-6]|bq)\. /m);
      }),
    );
  });

  it.each([
    ['{noformat}\nls *.txt\n{noformat}', 'ls *.txt'],
    ['{code:java|title=x}\na[i] = \\n;\n{code}', 'a[i] = \\n;'],
    [
      'h2. Found\nby [~ann] at [the page|https://h/p] and [https://c]',
      'Found\nby @ann at the page (https://h/p) and https://c',
    ],
    ['{color:red}hot{color} {quote}said{quote}', 'hot said'],
    ['first\\\\second', 'first\nsecond'],
    ['C:\\temp stays, so does *bold*', 'C:\\temp stays, so does *bold*'],
    ['a &amp; b &lt;c&gt; &#65;', 'a & b <c> A'],
  ])('is read from what people wrote: %j', (wiki, text) => {
    expect(wikiToText(wiki)).toBe(text);
  });
});

describe('a text that is too long', () => {
  it.each(['cloud', 'dataCenter'] as const)('is cut with a mark, so that %s takes it', (flavour) => {
    for (const text of ['x'.repeat(40_000), '*'.repeat(40_000), '🚒'.repeat(20_000), 'a\n\n'.repeat(400_000)]) {
      const value = written(text, flavour);
      const told = read(value);
      expect(told.endsWith(CUT_MARK)).toBe(true);
      expect(fits(told, flavour)).toBe(true);
      expect(typeof value === 'string' ? value.length : told.length).toBeGreaterThan(TEXT_LIMIT - 12);
      expect(text.startsWith(told.slice(0, -CUT_MARK.length))).toBe(true);
      expect(told).toBe(clean(told));
    }
  });

  it('stays whole up to the limit', () => {
    expect(read(written('x'.repeat(TEXT_LIMIT), 'cloud'))).toBe('x'.repeat(TEXT_LIMIT));
    expect(read(written('x'.repeat(TEXT_LIMIT), 'dataCenter'))).toBe('x'.repeat(TEXT_LIMIT));
  });

  it('is cut to 255 characters in a summary, which is one line and never empty', () => {
    expect(summary(`${'x'.repeat(253)}🚒 and more`)).toBe(`${'x'.repeat(253)}…`);
    expect(summary(' a\r\n b\tc ')).toBe('a b c');
    expect(summary('\0')).toBe('(no title)');
  });
});
