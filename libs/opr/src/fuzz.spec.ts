import * as fc from 'fast-check';
import { OprXmlError, readOpr, writeOpr, type OprDocument } from '.';
import { anyDocument, anyText } from './testing/arbitrary';
import { DOCUMENTS } from './testing/documents';

type Mutation = (document: string) => string;

const anyDocumentText = fc.oneof(fc.constantFrom(...DOCUMENTS), anyDocument.map(writeOpr));

/** A place in a text of any length. */
const place = fc.double({ min: 0, max: 1, noNaN: true });
const at = (text: string, where: number): number => Math.floor(where * text.length);

const FRAGMENTS = [
  '<',
  '>',
  '/',
  '&',
  ';',
  '"',
  "'",
  '=',
  ':',
  ']]>',
  '<![CDATA[',
  '<!--',
  '-->',
  '<?',
  '?>',
  '<!DOCTYPE x>',
  '<!DOCTYPE',
  '<!',
  '&#0;',
  '&#xFFFE;',
  '&#xD800;',
  '&#99999999999;',
  '&x;',
  '&amp',
  '\0',
  '\r',
  '\ufeff',
  '\ufffe',
  'é',
  '😀',
  '<a/>',
  '</event>',
  '<event>',
  '<x:y/>',
  '<x xmlns="">',
  '<title>',
  '</title>',
  '<state>',
  '<__proto__>',
  '<constructor/>',
  ' xmlns=""',
  ' xmlns:x=""',
  ' xmlns="urn:x"',
  ' a="1" a="1"',
  ' xsi:type="xs:int"',
  ' xsi:nil="true"',
  ' version="9"',
  ' xml:lang="de"',
  '<xml:a/>',
  ' xmlns:xml="urn:x"',
  '<?xml version="1.1"?>',
  '<?xml version="1.0" encoding="UTF-16"?>',
  '<changed_properties><state_change>',
  '999999999999999999999',
];

const anyMutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.oneof(fc.constantFrom(...FRAGMENTS), anyText)).map(
    ([where, piece]): Mutation =>
      (text) =>
        text.slice(0, at(text, where)) + piece + text.slice(at(text, where)),
  ),
  place.map(
    (where): Mutation =>
      (text) =>
        text.slice(0, at(text, where)),
  ),
  fc.tuple(place, place).map(
    ([from, to]): Mutation =>
      (text) =>
        text.slice(0, at(text, from)) + text.slice(at(text, to)),
  ),
  fc.tuple(place, place).map(
    ([a, b]): Mutation =>
      (text) =>
        swapTags(text, a, b),
  ),
);

function swapTags(text: string, a: number, b: number): string {
  const tags = [...text.matchAll(/<[^<>]*>/g)];
  const [first, second] = [a, b]
    .map((where) => tags[Math.min(Math.floor(where * tags.length), tags.length - 1)])
    .sort((one, other) => (one?.index ?? 0) - (other?.index ?? 0));
  if (!first || !second || first === second) return text;
  const between = text.slice(first.index + first[0].length, second.index);
  return text.slice(0, first.index) + second[0] + between + first[0] + text.slice(second.index + second[0].length);
}

/** Reads, and finds fault with anything but a document that survives or a refusal in one short line. */
function readOrRefuse(input: string | Uint8Array): OprDocument | undefined {
  try {
    const document = readOpr(input);
    expect(readOpr(writeOpr(document))).toEqual(document);
    return document;
  } catch (error) {
    if (!(error instanceof OprXmlError)) throw error;
    expect(error.line).toBeGreaterThan(0);
    expect(error.message).toMatch(/^line \d+(, element [^\n]{1,40})?, rule [a-z_]+: [^\n]{1,400}$/);
    return undefined;
  }
}

describe('a damaged document', () => {
  it('is read or refused, with mutations of its text', () => {
    const mutations = fc.array(anyMutation, { minLength: 1, maxLength: 3 });
    let read = 0;
    let refused = 0;
    fc.assert(
      fc.property(anyDocumentText, mutations, (text, all) => {
        const document = readOrRefuse(all.reduce((mutated, mutation) => mutation(mutated), text));
        if (document) read++;
        else refused++;
      }),
      { numRuns: 1500 },
    );
    // Both ends of the property were met.
    expect(read).toBeGreaterThan(25);
    expect(refused).toBeGreaterThan(250);
  });

  it('is read or refused, with other bytes in it', () => {
    const flips = fc.array(fc.tuple(place, fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...DOCUMENTS), flips, (text, all) => {
        const bytes = Buffer.from(text);
        for (const [where, byte] of all) bytes[Math.floor(where * (bytes.length - 1))] = byte;
        readOrRefuse(bytes);
      }),
      { numRuns: 1500 },
    );
  });

  it('is read or refused, if it is no XML at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void readOrRefuse(bytes)),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => void readOrRefuse(text)),
      { numRuns: 500 },
    );
    const markup = fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 12 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(markup, (text) => void readOrRefuse(text)),
      { numRuns: 1500 },
    );
  });
});
