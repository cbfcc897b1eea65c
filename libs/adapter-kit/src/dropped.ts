/** From this length on a text that begins like the one that was written was cut by its column. */
const SHORTEST_COLUMN = 1_000;

/** Whether a field reads as what was written to it does: tools drop white space and cut what is too long. */
export const readsAs = (written: string, held: string): boolean =>
  oneLine(written) === oneLine(held) || (held.length >= SHORTEST_COLUMN && written.startsWith(held));

/**
 * What a tool passed over without a word of a write: the fields that hold what they held before, which is not what was written. Of
 * a field that `before` or `now` does not tell, nothing is known.
 */
export const droppedFrom = (
  written: Readonly<Record<string, string>>,
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(written).filter(([field, value]) => {
      const held = now[field];
      return typeof held === 'string' && held === before[field] && !readsAs(value, held);
    }),
  );

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();
