import { droppedFrom } from './dropped';

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
