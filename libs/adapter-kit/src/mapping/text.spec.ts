import * as fc from 'fast-check';
import { lengthOf, truncate, type TextUnit } from './text';

const units: TextUnit[] = ['utf16', 'codePoints', 'bytes'];
const wellFormed = fc.string({ unit: 'binary', maxLength: 200 });

describe.each(units)('a text cut to a limit in %s', (unit) => {
  it('is never longer than the limit, and keeps its beginning', () => {
    fc.assert(
      fc.property(wellFormed, fc.integer({ min: 0, max: 250 }), (text, limit) => {
        const cut = truncate(text, { limit, unit });
        expect(lengthOf(cut, unit)).toBeLessThanOrEqual(limit);
        expect(text.startsWith(cut === text ? text : cut.replace(/…$/, ''))).toBe(true);
      }),
    );
  });

  it('never ends in half of a character', () => {
    fc.assert(
      fc.property(wellFormed, fc.integer({ min: 0, max: 250 }), (text, limit) => {
        const cut = truncate(text, { limit, unit });
        expect(Buffer.from(cut, 'utf8').toString('utf8')).toBe(cut);
      }),
    );
  });

  it('is left alone if it fits, and has the mark if it was cut', () => {
    fc.assert(
      fc.property(wellFormed, fc.integer({ min: 3, max: 250 }), (text, limit) => {
        const cut = truncate(text, { limit, unit });
        if (lengthOf(text, unit) <= limit) expect(cut).toBe(text);
        else expect(cut.endsWith('…')).toBe(true);
      }),
    );
  });
});

it.each<[TextUnit, string]>([
  ['utf16', 'ab…'],
  ['codePoints', 'ab🚒…'],
  ['bytes', 'a…'],
])('counts in %s', (unit, expected) => {
  expect(truncate('ab🚒dä', { limit: 4, unit })).toBe(expected);
});
