import type { OprEvent, PropertyChange } from '@opr-connect/opr';
import type { Adapter, Seen, SeenAnnotation, Snapshot } from '../adapter';

/** What was told of a record, in OPR words: each property that changed with the value that it has now. */
export interface Told {
  properties: Record<string, string | undefined>;
  notes: SeenAnnotation[];
}

/** What stood there before: what was written, or another telling. A party that speaks OPR tells whole events. */
export interface Before {
  snapshot?: Snapshot;
  event?: OprEvent;
}

/** Reads what an adapter saw as the conversation does, whichever of the three ways it tells it. */
export function told(adapter: Adapter, seen: Seen, before: Before = {}): Told {
  const changes = [...(seen.changes ?? [])];
  if (seen.snapshot) changes.push(...(adapter.changes?.(before.snapshot, seen.snapshot) ?? []));
  const properties = Object.fromEntries(changes.map((change) => [change.propertyName ?? change.kind, valueOf(change)]));
  if (!seen.event) return { properties, notes: seen.annotations };
  for (const name of ['title', 'description', 'severity', 'state'] as const)
    if (seen.event[name] !== before.event?.[name]) properties[name] = seen.event[name];
  const annotations = seen.event.annotationList?.annotation ?? [];
  const notes = annotations.map(({ id, author, text = '' }) => ({ id, author, text, own: false }));
  return { properties, notes: [...seen.annotations, ...notes] };
}

const valueOf = (change: PropertyChange): string | undefined =>
  'currentValue' in change && change.currentValue !== undefined ? String(change.currentValue) : undefined;
