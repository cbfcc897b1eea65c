import type { ExternalEvent, Snapshot } from '@opr-connect/adapter-kit';
import type { LifecycleState, PropertyChange, Severity } from '@opr-connect/opr';
import type { ServiceNowRow } from './servicenow.client';

/** The fields that a snapshot holds: those that OPR has a word for, and what `describe` shows. */
export const SNAPSHOT_FIELDS = [
  'short_description',
  'description',
  'state',
  'impact',
  'urgency',
  'priority',
  'close_code',
  'close_notes',
  'assigned_to',
  'assigned_to.user_name',
  'assignment_group',
  'assignment_group.name',
] as const;

type SnapshotField = (typeof SNAPSHOT_FIELDS)[number];

/** What we ask of a record. */
export const RECORD_FIELDS: readonly string[] = [
  ...['sys_id', 'number', 'correlation_id', 'correlation_display', 'sys_mod_count', 'sys_created_on', 'sys_created_by'],
  ...SNAPSHOT_FIELDS,
];

/**
 * Severity → impact and urgency (1 high, 2 medium, 3 low). The instance derives the priority from the two, 1 to 5 in the order
 * of this table ("Data lookup rules: Priority lookup"), and the way back reads them as it does.
 */
export const IMPACT_AND_URGENCY: Readonly<Record<Severity, { impact: string; urgency: string }>> = {
  critical: { impact: '1', urgency: '1' },
  major: { impact: '2', urgency: '1' },
  minor: { impact: '2', urgency: '2' },
  warning: { impact: '3', urgency: '2' },
  normal: { impact: '3', urgency: '3' },
  unknown: { impact: '3', urgency: '3' },
};

/** By impact and urgency: the severity whose own pair has the same priority. */
const SEVERITY_OF: Readonly<Record<string, Severity>> = {
  ...{ '11': 'critical', '12': 'major', '21': 'major', '13': 'minor', '22': 'minor', '31': 'minor' },
  ...{ '23': 'warning', '32': 'warning', '33': 'normal' },
};

/** State values of the base system ("Incident Management state model"). */
export const STATE = { new: '1', inProgress: '2', onHold: '3', resolved: '6', closed: '7', canceled: '8' } as const;

const STATE_LABELS: Readonly<Record<string, string>> = {
  ...{ '1': 'New', '2': 'In Progress', '3': 'On Hold', '6': 'Resolved', '7': 'Closed', '8': 'Canceled' },
};
const LEVEL_LABELS: Readonly<Record<string, string>> = { '1': 'High', '2': 'Medium', '3': 'Low' };
const PRIORITY_LABELS: Readonly<Record<string, string>> = {
  ...{ '1': 'Critical', '2': 'High', '3': 'Moderate', '4': 'Low', '5': 'Planning' },
};

const FINISHED: readonly string[] = [STATE.resolved, STATE.closed, STATE.canceled];

/** Resolved, closed or canceled. */
export const isFinished = (state: string | undefined): boolean => state !== undefined && FINISHED.includes(state);

/**
 * The value of `state` to write for a state of the event, `undefined` if the record is already there. Role `itil` may resolve but
 * not close, so both `resolved` and `closed` resolve. A resolved record is reopened as in progress, never as new.
 */
export function stateToWrite(wanted: LifecycleState, current: string | undefined): string | undefined {
  switch (wanted) {
    case 'open':
      if (current === STATE.new) return undefined;
      return isFinished(current) ? STATE.inProgress : STATE.new;
    case 'in_progress':
      return current === STATE.inProgress || current === STATE.onHold ? undefined : STATE.inProgress;
    case 'resolved':
    case 'closed':
      return isFinished(current) ? undefined : STATE.resolved;
  }
}

/** Limit of `short_description`. */
export const TITLE_LIMIT = 160;
const TITLE_LINE = 'OPR title: ';
const EVENT_LINE = 'OPR event: ';

/** The title as `short_description` takes it: one line, cut with an ellipsis. */
export function shortDescription(title: string): string {
  const line = oneLine(title);
  if (line.length <= TITLE_LIMIT) return line;
  const head = line.slice(0, TITLE_LIMIT - 1);
  // Half of a surrogate pair is no character.
  return `${/[\uD800-\uDBFF]$/.test(head) ? head.slice(0, -1) : head}…`;
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** What `description` holds: the event's, a first line with the title if that was cut, and a last line with the event's page. */
export function fullDescription(event: { title?: string; description?: string; drilldownUrl?: string }): string {
  const page = oneLine(event.drilldownUrl ?? '');
  const parts = [
    isCut(event.title) && TITLE_LINE + oneLine(event.title ?? ''),
    event.description,
    page && EVENT_LINE + page,
  ];
  return parts.filter((part) => part).join('\n\n');
}

const OWN_FIRST_LINE = new RegExp(`^${TITLE_LINE}([^\\n]*)(?:\\n\\n|$)`);
const OWN_LAST_LINE = new RegExp(`(?:^|\\n\\n)${EVENT_LINE}[^\\n]*\\s*$`);

/** Whether a description's first line repeats a title that was cut. */
export const repeatsTitle = (description: string | undefined): boolean => description?.startsWith(TITLE_LINE) ?? false;

/** Whether a title does not fit as it is. */
export const isCut = (title: string | undefined): boolean => oneLine(title ?? '').length > TITLE_LIMIT;

/** The event's description: the record's without the lines that we put there. */
export const eventDescription = (description: string): string =>
  description.replace(/\r\n/g, '\n').replace(OWN_FIRST_LINE, '').replace(OWN_LAST_LINE, '');

/** The event's title: the whole one, as long as what stands in the record is what we cut it to. */
export function eventTitle(short: string, description: string): string {
  const whole = OWN_FIRST_LINE.exec(description.replace(/\r\n/g, '\n'))?.[1];
  return whole !== undefined && shortDescription(whole) === short ? whole : short;
}

export const snapshotOf = (row: ServiceNowRow): Snapshot => ({
  ...(row['sys_mod_count'] && { version: row['sys_mod_count'] }),
  fields: Object.fromEntries(
    SNAPSHOT_FIELDS.flatMap((field): [string, string][] => {
      const value = row[field];
      return value === undefined ? [] : [[field, value]];
    }),
  ),
});

/** From this length on a text of the record that begins like ours was cut by its column. */
const SHORTEST_COLUMN = 1_000;

/**
 * What a record of ours held when it was created with these values, told from what it holds now. White space that the instance
 * dropped and texts that it cut are no edits of a person.
 */
export function snapshotAtCreation(values: Readonly<Record<string, string>>, row: ServiceNowRow): Snapshot {
  const now = snapshotOf(row).fields;
  const isAsWritten = (written: string, held: string) =>
    oneLine(written) === oneLine(held) || (held.length >= SHORTEST_COLUMN && written.startsWith(held));
  const initial: Readonly<Record<string, string>> = {
    ...Object.fromEntries(SNAPSHOT_FIELDS.map((field) => [field, ''])),
    ...{ state: STATE.new, ...values },
  };
  const fields = Object.entries(now).map(([field, value]): [string, string] => {
    const [held, written] = [String(value), initial[field] ?? ''];
    // The name behind a reference is told with it; the priority is the instance's to derive.
    if (field === 'priority') return [field, held];
    const base = field.split('.')[0] ?? field;
    if (base !== field) return [field, initial[base] === now[base] ? held : ''];
    return [field, isAsWritten(written, held) ? held : written];
  });
  return { version: '0', fields: Object.fromEntries(fields) };
}

/** A snapshot's value; `undefined` if whoever made the snapshot did not tell it. */
export function valueIn(snapshot: Snapshot | undefined, field: SnapshotField): string | undefined {
  const value = snapshot?.fields[field];
  return typeof value === 'string' ? value : undefined;
}

/** `sys_mod_count` grows by one with each update. */
export const compareVersions = (a: string, b: string): number => Number(a) - Number(b);

/** What the way back needs of the settings. */
export interface ReadingRules {
  resolvedMeans: 'closed' | 'resolved';
  /** Close notes that we write ourselves. */
  ownCloseNotes: readonly string[];
}

/** The properties that a record holds, in OPR words. Absent: the record says nothing about it that OPR could say. */
interface Properties {
  title?: string;
  description?: string;
  severity?: Severity;
  state?: LifecycleState;
  solution?: string;
  assigned_user?: string;
  assigned_group?: string;
}

function propertiesOf(snapshot: Snapshot | undefined, rules: ReadingRules): Properties {
  const short = valueIn(snapshot, 'short_description');
  const description = valueIn(snapshot, 'description');
  const notes = valueIn(snapshot, 'close_notes');
  return {
    title: short === undefined ? undefined : eventTitle(short, description ?? ''),
    description: description === undefined ? undefined : eventDescription(description),
    severity: SEVERITY_OF[`${valueIn(snapshot, 'impact')}${valueIn(snapshot, 'urgency')}`],
    state: lifecycleState(valueIn(snapshot, 'state'), rules),
    solution: notes && !rules.ownCloseNotes.includes(notes) ? notes : undefined,
    assigned_user: nameOf(valueIn(snapshot, 'assigned_to'), valueIn(snapshot, 'assigned_to.user_name')),
    assigned_group: nameOf(valueIn(snapshot, 'assignment_group'), valueIn(snapshot, 'assignment_group.name')),
  };
}

/** A reference without a name that we may read cannot be expressed; an empty one is nobody. */
const nameOf = (reference: string | undefined, name: string | undefined): string | undefined =>
  reference === '' ? '' : name || undefined;

function lifecycleState(state: string | undefined, rules: ReadingRules): LifecycleState | undefined {
  switch (state) {
    case STATE.new:
      return 'open';
    case STATE.inProgress:
    case STATE.onHold:
      return 'in_progress';
    case STATE.resolved:
      return rules.resolvedMeans;
    case STATE.closed:
    case STATE.canceled:
      return 'closed';
    default:
      return undefined;
  }
}

/** The fields whose values make up a property. */
const SOURCES: Readonly<Record<keyof Properties, readonly SnapshotField[]>> = {
  title: ['short_description'],
  description: ['description'],
  severity: ['impact', 'urgency'],
  state: ['state'],
  solution: ['close_notes'],
  assigned_user: ['assigned_to'],
  assigned_group: ['assignment_group'],
};

/**
 * See `Adapter.changes`. A property is news only if its fields differ *and* what they say in OPR words differs: a cut title, a
 * collapsed severity or the lines that we add never come back as an edit.
 */
export function changesBetween(before: Snapshot | undefined, after: Snapshot, rules: ReadingRules): PropertyChange[] {
  const old = propertiesOf(before, rules);
  const now = propertiesOf(after, rules);
  const isNews = (property: keyof Properties): boolean => {
    if (now[property] === undefined || now[property] === old[property]) return false;
    if (before === undefined) return now[property] !== '';
    const was = SOURCES[property].map((field) => valueIn(before, field));
    return (
      was.every((value) => value !== undefined) &&
      SOURCES[property].some((field, index) => valueIn(after, field) !== was[index])
    );
  };
  const changes: PropertyChange[] = [];
  for (const propertyName of ['title', 'description', 'solution'] as const) {
    const values = { previousValue: old[propertyName], currentValue: now[propertyName] };
    if (isNews(propertyName)) changes.push({ kind: 'string_property_change', propertyName, ...values });
  }
  if (isNews('severity')) {
    const values = { previousValue: old.severity, currentValue: now.severity };
    changes.push({ kind: 'severity_property_change', propertyName: 'severity', ...values });
  }
  if (isNews('state')) {
    const values = { previousValue: old.state, currentValue: now.state };
    changes.push({ kind: 'state_change', propertyName: 'state', ...values });
  }
  if (isNews('assigned_user')) {
    const names = { previousUserName: old.assigned_user, currentUserName: now.assigned_user };
    changes.push({ kind: 'user_property_change', propertyName: 'assigned_user', ...names });
  }
  if (isNews('assigned_group')) {
    const names = { previousGroupName: old.assigned_group, currentGroupName: now.assigned_group };
    changes.push({ kind: 'group_property_change', propertyName: 'assigned_group', ...names });
  }
  return changes.map(withoutUndefined);
}

const withoutUndefined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;

/** See `Adapter.describe`. */
export function describeSnapshot(snapshot: Snapshot): ExternalEvent {
  const value = (field: SnapshotField) => valueIn(snapshot, field) || undefined;
  const labelled = (labels: Readonly<Record<string, string>>, code: string | undefined) =>
    code && (labels[code] ? `${code} - ${labels[code]}` : code);
  const [impact, urgency] = [labelled(LEVEL_LABELS, value('impact')), labelled(LEVEL_LABELS, value('urgency'))];
  const state = value('state');
  return withoutUndefined({
    title: value('short_description'),
    description: value('description'),
    state: state && (STATE_LABELS[state] ?? state),
    severity: impact && urgency && `Impact ${impact}, urgency ${urgency}`,
    priority: labelled(PRIORITY_LABELS, value('priority')),
    assignedUser: value('assigned_to.user_name'),
    assignedGroup: value('assignment_group.name'),
  });
}
