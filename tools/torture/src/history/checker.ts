import { differences } from '../crash/check';
import type { View } from '../sides';
import type { Owner, Property, Side } from './plan';

/** An edit or a note, in the order in which a side made them. */
export interface Done {
  event: number;
  side: Side;
  kind: Property | 'note';
  value: string;
}

/** A value that the hub wrote to a side, in the order in which that side took them. */
export interface Write {
  event: number;
  to: Side;
  kind: Property;
  value: string;
}

/** What happened, as it is judged. */
export interface History {
  events: {
    owners: Record<Property, Owner>;
    first: View;
    tickets: View[];
    obm: View | undefined;
    hub: View | undefined;
  }[];
  done: Done[];
  writes: Write[];
  /** What did not become quiet, or left the outbox undelivered, or ended by itself. */
  unrest: string[];
}

/** What did not hold, in words; nothing, if everything did. */
export function violationsIn(history: History): string[] {
  const { events, unrest } = history;
  return [
    ...unrest,
    ...events.flatMap((_, event) =>
      [...endOf(history, event), ...orderOf(history, event)].map((fault) => `event ${event}: ${fault}`),
    ),
  ];
}

/** One live ticket, every edit that met no other, every note once, and all sides equal. */
function endOf({ events, done }: History, number: number): string[] {
  const event = events[number];
  if (!event) return ['is not there'];
  const { owners, first, tickets, obm, hub } = event;
  const ofEvent = done.filter((act) => act.event === number);
  const last = (kind: Property): string => {
    const values = ofEvent.filter((act) => act.kind === kind).map(({ value }) => value);
    // Where two edits met, either may win; then OBM says which, and the others have to agree.
    return owners[kind] === 'both' ? (obm?.[kind] ?? '') : (values.at(-1) ?? first[kind]);
  };
  const invented = (['title', 'state'] as const).flatMap((kind) => {
    const value = obm?.[kind] ?? '';
    const known = [first[kind], ...ofEvent.filter((act) => act.kind === kind).map((act) => act.value)];
    return known.includes(value) ? [] : [`nobody ever wrote the ${kind} "${value}"`];
  });
  const notes = ofEvent.filter(({ kind }) => kind === 'note').map(({ value }) => value);
  const expected: View = { title: last('title'), state: last('state'), notes: [...first.notes, ...notes] };
  return [
    ...(tickets.length === 1 ? [] : [`${tickets.length} live tickets`]),
    ...invented,
    ...differences('the ticket', tickets[0], expected),
    ...differences('OBM', obm, expected),
    ...differences('the hub', hub, expected),
  ];
}

/** What one side edits reaches the other in the order of the edits: some may be skipped, none may come back. */
function orderOf({ events, done, writes }: History, number: number): string[] {
  return (['title', 'state'] as const).flatMap((kind) => {
    const event = events[number];
    const owner = event?.owners[kind];
    if (!event || !owner || owner === 'both') return [];
    const isOf = (one: Done | Write): boolean => one.event === number && one.kind === kind;
    const edits = collapsed([event.first[kind], ...done.filter(isOf).map(({ value }) => value)]);
    const written = collapsed(writes.filter((write) => isOf(write) && write.to !== owner).map(({ value }) => value));
    return isSubsequence(written, edits)
      ? []
      : [`order: ${kind} was edited ${edits.join(' → ')}, and written ${written.join(' → ')}`];
  });
}

const collapsed = (values: readonly string[]): string[] =>
  values.filter((value, index) => index === 0 || value !== values[index - 1]);

function isSubsequence(part: readonly string[], whole: readonly string[]): boolean {
  let at = 0;
  return part.every((value) => {
    const found = whole.indexOf(value, at);
    at = found + 1;
    return found >= 0;
  });
}
