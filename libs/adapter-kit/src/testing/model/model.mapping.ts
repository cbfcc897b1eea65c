import type { LifecycleState, OprEvent, PropertyChange, Severity } from '@opr-connect/opr';
import type { Snapshot } from '../../adapter';
import { truncate } from '../../mapping/text';
import type { Ticket } from './model-tool';

export const LEVEL: Readonly<Record<Severity, string>> = {
  ...{ critical: 'p1', major: 'p2', minor: 'p3', warning: 'p4', normal: 'p5', unknown: 'p5' },
};
const SEVERITY: Readonly<Record<string, Severity>> = {
  ...{ p1: 'critical', p2: 'major', p3: 'minor', p4: 'warning', p5: 'normal' },
};

/** `done` is all that the tool knows of an end. */
export const STATUS: Readonly<Record<LifecycleState, string>> = {
  ...{ open: 'new', in_progress: 'doing', resolved: 'done', closed: 'done' },
};
const STATE: Readonly<Record<string, LifecycleState>> = { new: 'open', doing: 'in_progress', done: 'closed' };

/** What of a ticket is compared. */
export type Fields = Pick<Ticket, 'title' | 'text' | 'level' | 'status'>;

export const TITLE_LIMIT = 80;
export const TEXT_LIMIT = 100_000;

/** The tool refuses control characters, and halves of characters are none. */
const clean = (text: string): string => text.replace(/[^\P{Cc}\n\t]/gu, '').replace(/\p{Surrogate}/gu, '');

export const titleOf = (text: string): string =>
  truncate(clean(text.replace(/\s+/g, ' ')).trim(), { limit: TITLE_LIMIT });

/** The tool reads texts as markup. */
export const textOf = (text: string): string =>
  truncate(clean(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;'), { limit: TEXT_LIMIT });

export const plainText = (text: string): string => text.replaceAll('&lt;', '<').replaceAll('&amp;', '&');

export const fieldsOf = (event: OprEvent): Fields => ({
  title: titleOf(event.title ?? ''),
  text: textOf(event.description ?? ''),
  level: LEVEL[event.severity ?? 'unknown'],
  status: STATUS[event.state ?? 'open'],
});

/** The fields that a change writes; what the tool has no field for is left out. */
export function changedFields(changes: readonly PropertyChange[]): Partial<Fields> {
  const fields: Partial<Fields> = {};
  for (const change of changes) {
    if (change.kind === 'severity_property_change' && change.currentValue) fields.level = LEVEL[change.currentValue];
    if (change.kind === 'state_change' && change.currentValue) fields.status = STATUS[change.currentValue];
    if (change.kind !== 'string_property_change') continue;
    if (change.propertyName === 'title') fields.title = titleOf(change.currentValue ?? '');
    if (change.propertyName === 'description') fields.text = textOf(change.currentValue ?? '');
  }
  return fields;
}

/** A property is news only if its own field differs: what was cut or collapsed on its way there does not come back. */
export function changesBetween(before: Snapshot | undefined, after: Snapshot): PropertyChange[] {
  const value = (field: keyof Fields) => String(after.fields[field] ?? '');
  const isNews = (field: keyof Fields) => before?.fields[field] !== after.fields[field];
  const changes: PropertyChange[] = [];
  if (isNews('title'))
    changes.push({ kind: 'string_property_change', propertyName: 'title', currentValue: value('title') });
  if (isNews('text'))
    changes.push({
      kind: 'string_property_change',
      propertyName: 'description',
      currentValue: plainText(value('text')),
    });
  if (isNews('level'))
    changes.push({
      kind: 'severity_property_change',
      propertyName: 'severity',
      currentValue: SEVERITY[value('level')],
    });
  if (isNews('status'))
    changes.push({ kind: 'state_change', propertyName: 'state', currentValue: STATE[value('status')] });
  return changes;
}
