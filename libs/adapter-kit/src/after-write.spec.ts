import { answerAfter, droppedFrom } from './after-write';

const LONG = 'x'.repeat(1_000);

describe('what a tool passed over without a word', () => {
  it.each([
    ['is a field that holds what it held before', 'new', 'old', 'old', true],
    ['is a field that was to be emptied and is not', '', 'old', 'old', true],
    ['is a short field whose old value begins the new one', 'Array A is degraded', 'Array A', 'Array A', true],
    ['is none that took what was written', 'new', 'old', 'new', false],
    ['is none that something else stands in now', 'new', 'old', 'of somebody', false],
    ['is none that held the same already', 'old', 'old', 'old', false],
    ['is none whose white space was dropped', 'a  text\r\n', 'a text', 'a text', false],
    ['is none that is cut as it was cut before', `${LONG}y`, LONG, LONG, false],
    ['is none of which nobody knows what it held', 'new', undefined, 'old', false],
    ['is none that is not answered', 'new', 'old', undefined, false],
  ])('%s', (_what, written, before, now, isDropped) => {
    const dropped = droppedFrom(
      { field: written, other: 'y' },
      { field: before, other: 'x' },
      { field: now, other: 'y' },
    );
    expect(dropped).toEqual(isDropped ? { field: written } : {});
  });
});

describe('the answer to a change', () => {
  const answer = (written: string, before: string | undefined, now: string | undefined) =>
    answerAfter(
      { field: written },
      { ...(before !== undefined && { field: before }) },
      { version: '7', fields: { other: 'y', ...(now !== undefined && { field: now }) } },
    );

  it('is the record with our write alone, as one that was found, where somebody was faster than the answer', () => {
    const snapshot = { version: '0', fields: { other: 'y', field: 'ours' } };
    expect(answer('ours', 'old', 'theirs')).toEqual({ snapshot, found: true });
  });

  it.each([
    ['it took what was written', 'new', 'old', 'new'],
    ['white space was dropped', 'a  text', 'old', 'a text'],
    ['it was cut', `${LONG}y`, 'old', LONG],
    ['it was passed over', 'new', 'old', 'old'],
    ['nobody knows what it held', 'new', undefined, 'theirs'],
    ['nobody knows what it holds', 'new', 'old', undefined],
  ])('is the record as it is where %s', (_what, written, before, now) => {
    const fields = { other: 'y', ...(now !== undefined && { field: now }) };
    expect(answer(written, before, now)).toEqual({ snapshot: { version: '7', fields } });
  });
});
