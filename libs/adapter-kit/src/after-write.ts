import type { Snapshot, Written } from './adapter';

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

/**
 * The answer to a change of a record. Where a field holds neither what it held before nor what was written, people were faster than
 * the answer, or than the write if that was passed over: the record then counts as found, as it would be with our write alone, and
 * the read that follows tells their edits.
 *
 * @param now with a version of the adapter's; `0` must be older than any of them
 */
export function answerAfter(
  written: Readonly<Record<string, string>>,
  before: Readonly<Record<string, unknown>>,
  now: Snapshot,
): Pick<Written, 'snapshot' | 'found'> {
  const overtaken = Object.entries(written).filter(([field, value]) => {
    const [was, held] = [before[field], now.fields[field]];
    return was !== undefined && typeof held === 'string' && held !== was && !readsAs(value, held);
  });
  if (overtaken.length === 0) return { snapshot: now };
  // Nor does it then hold what is told by way of a reference that they changed, such as `assigned_to.user_name`.
  const rest = Object.entries(now.fields).filter(
    ([name]) => !overtaken.some(([field]) => name.startsWith(`${field}.`)),
  );
  return { snapshot: { version: '0', fields: Object.fromEntries([...rest, ...overtaken]) }, found: true };
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();
