import { readsAs, type Mapping, type Snapshot } from '@opr-connect/adapter-kit';
import type { LifecycleState } from '@opr-connect/opr';
import type { ServiceNowRow } from './servicenow.client';
import type { Names } from './servicenow.names';

/** How the records of one server are written and read: what the settings say of them. */
export interface RecordRules {
  mapping: Mapping;
  users: Names;
  groups: Names;
  /** Names of the fields for the resolution code and notes; the code's is empty in a table that has none. */
  closeCodeField: string;
  closeNotesField: string;
  /** States that a record does not leave. */
  closedStates: readonly string[];
  /** Notes for events without a solution, which are no solution. */
  closeNotes: string;
}

const IDENTITY: readonly string[] = [
  ...['sys_id', 'number', 'correlation_id', 'correlation_display', 'sys_mod_count', 'sys_created_on', 'sys_created_by'],
  'sys_updated_on',
];

/** The fields that a snapshot holds: those that OPR has a word for, those of custom attributes, and what `describe` shows. */
export const snapshotFields = ({ mapping, closeCodeField, closeNotesField }: RecordRules): readonly string[] => [
  ...['short_description', 'description', 'state', 'impact', 'urgency', 'priority'],
  ...[closeCodeField, closeNotesField].filter((field) => field !== ''),
  ...['assigned_to', 'assigned_to.user_name', 'assignment_group', 'assignment_group.name'],
  ...[...(mapping.settings?.customAttributes?.values() ?? [])].map(({ field }) => field),
];

/** What we ask of a record. */
export const recordFields = (rules: RecordRules): readonly string[] => [...IDENTITY, ...snapshotFields(rules)];

export const snapshotOf = (row: ServiceNowRow, rules: RecordRules): Snapshot => ({
  ...(row['sys_mod_count'] && { version: `${row['sys_created_on'] ?? ''}#${row['sys_mod_count']}` }),
  fields: Object.fromEntries(
    snapshotFields(rules).flatMap((field): [string, string][] => {
      const value = row[field];
      return value === undefined ? [] : [[field, value]];
    }),
  ),
});

/**
 * `sys_mod_count` grows by one with each update. An event that was opened again has a younger record, all of whose versions are
 * newer, whatever the closed one still tells.
 */
export function compareVersions(a: string, b: string): number {
  const [[madeA = '', countA], [madeB = '', countB]] = [a.split('#'), b.split('#')];
  return madeA === madeB ? Number(countA) - Number(countB) : madeA < madeB ? -1 : 1;
}

/** A snapshot's value; `undefined` if whoever made the snapshot did not tell it. */
export function valueIn(snapshot: Snapshot | undefined, field: string): string | undefined {
  const value = snapshot?.fields[field];
  return typeof value === 'string' ? value : undefined;
}

/** What a new record holds of itself. */
export const untouched = (rules: RecordRules): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(snapshotFields(rules).map((field) => [field, ''])),
  state: rules.mapping.state?.toTool('open') ?? '',
});

/**
 * What a record of ours held when it was created with these values, told from what it holds now. White space that the instance
 * dropped and texts that it cut are no edits of a person.
 */
export function snapshotAtCreation(
  values: Readonly<Record<string, string>>,
  row: ServiceNowRow,
  rules: RecordRules,
): Snapshot {
  const now = snapshotOf(row, rules).fields;
  const initial: Readonly<Record<string, string>> = { ...untouched(rules), ...values };
  const fields = Object.entries(now).map(([field, value]): [string, string] => {
    const [held, written] = [String(value), initial[field] ?? ''];
    // The name behind a reference is told with it; the priority is the instance's to derive.
    if (field === 'priority') return [field, held];
    const base = field.split('.')[0] ?? field;
    if (base !== field) return [field, initial[base] === now[base] ? held : ''];
    return [field, readsAs(written, held) ? held : written];
  });
  return { version: '0', fields: Object.fromEntries(fields) };
}

/** Whether the event of a record in this state is over. */
export function isFinished(state: string | undefined, { mapping }: RecordRules): boolean {
  const word = state === undefined ? undefined : mapping.state?.toOpr(state);
  return word === 'resolved' || word === 'closed';
}

/** Whether a record is to become what its state does not let it become. */
export const mustBeMadeAnew = (
  wanted: LifecycleState | undefined,
  state: string | undefined,
  rules: RecordRules,
): boolean => (wanted === 'open' || wanted === 'in_progress') && isClosed(state, rules);

export const isClosed = (state: string | undefined, { closedStates }: RecordRules): boolean =>
  state !== undefined && closedStates.includes(state);

/**
 * The value of `state` to write for a state of the event, `undefined` if the record is already there: in a value that means the
 * same, or closed where it need only be resolved. A finished record is reopened as in progress, never as new.
 */
export function stateToWrite(
  wanted: LifecycleState,
  current: string | undefined,
  rules: RecordRules,
): string | undefined {
  const { state: table } = rules.mapping;
  const target = table?.toTool(wanted);
  const now = current === undefined ? undefined : table?.toOpr(current);
  if (current === target || now === wanted) return undefined;
  if (wanted === 'open') return isFinished(current, rules) ? table?.toTool('in_progress') : target;
  if (wanted === 'resolved' && now === 'closed') return undefined;
  return target;
}
