import * as fc from 'fast-check';
import { readOpr, writeOpr, type OprDocument } from '.';
import { ROOT_SHAPES } from './shape';
import { choiceOf, documentOf, slotOf } from './testing/arbitrary';
import { DOCUMENTS } from './testing/documents';

const ROOTS = [...ROOT_SHAPES.keys()] as OprDocument['root'][];

function expectSurvival(document: OprDocument): void {
  const written = writeOpr(document);
  const read = readOpr(written);
  expect(read).toEqual(document);
  expect(writeOpr(read)).toBe(written);
  expect(readOpr(Buffer.from(written))).toEqual(document);
  expect(JSON.parse(JSON.stringify(read))).toStrictEqual(read);
}

describe('what is written and read again', () => {
  it.each(ROOTS)('is the same for any %s', (root) => {
    fc.assert(fc.property(documentOf(root), expectSurvival), { numRuns: 40 });
  });

  it.each(ROOTS)('is the same for each single element of %s', (root) => {
    for (const slot of ROOT_SHAPES.get(root)!.slots.values()) {
      const document = slotOf(slot, 1).map((value) => ({ root, value: { [slot.key]: value } }) as OprDocument);
      fc.assert(fc.property(document, expectSurvival), { numRuns: 4 });
    }
  });

  it('is the same for each kind of change', () => {
    const slot = ROOT_SHAPES.get('event_change')!.slots.get('changed_properties')!;
    if (slot.holds !== 'wrapper') throw new Error('changed_properties wraps changes');
    expect(slot.shapes.size).toBe(15);
    for (const [kind, shape] of slot.shapes) {
      const document = choiceOf(kind, shape, 2).map(
        (change) => ({ root: 'event_change', value: { changedProperties: [change] } }) as OprDocument,
      );
      fc.assert(fc.property(document, expectSurvival), { numRuns: 20 });
    }
  });

  it.each(DOCUMENTS.map((document) => [document.match(/<[a-z:_]+/)![0], document]))(
    'is the same for %s …',
    (_, document) => {
      expectSurvival(readOpr(document));
    },
  );
});
