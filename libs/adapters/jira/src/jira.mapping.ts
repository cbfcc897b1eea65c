import {
  readsAs,
  type ExternalEvent,
  type Mapping,
  type Snapshot,
  type ToolFacts,
  type Written,
} from '@opr-connect/adapter-kit';
import type { LifecycleState, PropertyChange, Severity } from '@opr-connect/opr';
import type { JiraIssue } from './jira.client';
import { at, textAt } from './jira.json';
import { clean, read, summary, SUMMARY_LIMIT, TEXT_LIMIT } from './jira.text';

/** What we ask of an issue. */
export const ISSUE_FIELDS: readonly string[] = [
  ...['summary', 'description', 'status', 'resolution', 'priority', 'assignee'],
  ...['labels', 'creator', 'created', 'updated', 'comment'],
];

/** What a snapshot holds. Status, category, priority and resolution by name; texts as plain text. */
export type SnapshotField = 'summary' | 'description' | 'status' | 'category' | 'priority' | 'assignee' | 'resolution';

/** `new`, `indeterminate` and `done` are the categories of which every status of every site has one. */
type StatusCategory = 'new' | 'indeterminate' | 'done';
export const CATEGORY_OF: Readonly<Record<LifecycleState, StatusCategory>> = {
  ...{ open: 'new', in_progress: 'indeterminate', resolved: 'done', closed: 'done' },
};

/** What an issue can hold. A status is named, or any of a category will do; priorities have their names of new and of old sites. */
export const JIRA: ToolFacts = {
  directions: {
    ...{ title: 'both', description: 'both', severity: 'both', priority: 'none', state: 'both', solution: 'out' },
    ...{ assigned_user: 'both', assigned_group: 'none', annotation: 'both' },
  },
  customAttributes: 'out',
  severity: {
    out: {
      ...{ critical: 'Highest', major: 'High', minor: 'Medium', warning: 'Low', normal: 'Lowest', unknown: 'Lowest' },
    },
    back: {
      ...{ Highest: 'critical', High: 'major', Medium: 'minor', Low: 'warning', Lowest: 'normal' },
      ...{ Blocker: 'critical', Critical: 'major', Major: 'minor', Minor: 'warning', Trivial: 'normal' },
    },
  },
  state: { out: CATEGORY_OF, back: { new: 'open', indeterminate: 'in_progress', done: 'closed' } },
  title: { limit: SUMMARY_LIMIT },
  description: { limit: TEXT_LIMIT },
  ownFields: ['project', 'issuetype', 'summary', 'description', 'priority', 'assignee', 'labels'],
};

/** Names for the priority of a severity, best first: the one that it goes to, then all that mean it. */
export function priorityNames(severity: Severity, { severity: table }: Mapping): readonly string[] {
  const meant = severity === 'unknown' ? 'normal' : severity;
  const names = [...(table?.back ?? [])].flatMap(([name, word]) => (word === meant ? [name] : []));
  return [table?.toTool(severity) ?? [], names].flat();
}

/** Whether an issue already stands where a state of the event wants it. */
export function stands(
  status: string | undefined,
  category: string | undefined,
  wanted: LifecycleState,
  mapping: Mapping,
): boolean {
  const name = statusName(wanted, mapping);
  return name === undefined ? category === CATEGORY_OF[wanted] : sameName(name, status);
}

/** The status that the settings name for a state; `undefined` where any of its category will do. */
export function statusName(wanted: LifecycleState, { state }: Mapping): string | undefined {
  const target = state?.toTool(wanted);
  return target === CATEGORY_OF[wanted] ? undefined : target;
}

export const sameName = (a: string | undefined, b: string | undefined): boolean =>
  a !== undefined && a.toLowerCase() === b?.toLowerCase();

const TITLE_LINE = 'OPR title: ';
const OWN_FIRST_LINE = new RegExp(`^${TITLE_LINE}([^\\n]*)(?:\\n\\n|$)`);
const oneLine = (text: string): string => clean(text).replace(/\s+/g, ' ').trim();

/** Whether a title does not fit as it is. */
export const isCut = (title: string | undefined): boolean => {
  const line = oneLine(title ?? '');
  return line !== '' && summary(line) !== line;
};

/** Whether a description's first line repeats a title that was cut. */
export const repeatsTitle = (description: string | undefined): boolean => description?.startsWith(TITLE_LINE) ?? false;

/** What `description` holds: the event's, after a first line with the title if that was cut. */
export const fullDescription = (event: { title?: string; description?: string }): string =>
  [isCut(event.title) && TITLE_LINE + oneLine(event.title ?? ''), event.description].filter(Boolean).join('\n\n');

/** The event's description: the issue's without the line that we put there. */
export const eventDescription = (description: string): string => description.replace(OWN_FIRST_LINE, '');

/** The event's title: the whole one, as long as what stands in the issue is what we cut it to. */
function eventTitle(held: string, description: string): string {
  const whole = OWN_FIRST_LINE.exec(description)?.[1];
  return whole !== undefined && summary(whole) === held ? whole : held;
}

/** `2024-03-29T20:40:16.000+0000` as milliseconds, which is how versions are compared. */
function versionOf(issue: JiraIssue): string | undefined {
  const updated = textAt(issue.fields, 'updated')?.replace(/([+-]\d\d)(\d\d)$/, '$1:$2');
  const time = Date.parse(updated ?? '');
  return Number.isNaN(time) ? undefined : String(time);
}

/**
 * Two changes within one tick of Jira's clock, a second on some databases, have one version. The conversation takes only a
 * greater one for certain, so it reads in that case.
 */
export const compareVersions = (a: string, b: string): number => Number(a) - Number(b);

/** The name by which an event would call a user: login (Data Center), mail address or full name (Cloud). */
export const userName = (user: unknown): string =>
  textAt(user, 'name') ?? textAt(user, 'emailAddress') ?? textAt(user, 'displayName') ?? '';

export function snapshotOf(issue: JiraIssue): Snapshot {
  const { fields } = issue;
  const version = versionOf(issue);
  const held: Partial<Record<SnapshotField, string>> = {
    summary: textAt(fields, 'summary'),
    description: 'description' in fields ? read(fields['description']) : undefined,
    status: textAt(fields, 'status', 'name'),
    category: textAt(fields, 'status', 'statusCategory', 'key'),
    priority: 'priority' in fields ? (textAt(fields, 'priority', 'name') ?? '') : undefined,
    assignee: 'assignee' in fields ? userName(at(fields, 'assignee')) : undefined,
    resolution: 'resolution' in fields ? (textAt(fields, 'resolution', 'name') ?? '') : undefined,
  };
  const told = Object.entries(held).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return { ...(version !== undefined && { version }), fields: Object.fromEntries(told) };
}

/** What we wrote into fields of an issue, as a snapshot tells it. */
export type WrittenFields = Partial<Record<'summary' | 'description' | 'priority' | 'assignee', string>>;

/**
 * What an issue of ours held when it had just been made, told from what it holds now; the same object if that is what it holds. A
 * field that Jira filled by itself with nothing of ours counts as a person's work, but for the priority.
 */
export function snapshotAtCreation(
  { reads, state = 'open' }: { reads: WrittenFields; state?: LifecycleState },
  now: Snapshot,
  mapping: Mapping,
): Snapshot {
  const initial: Partial<Record<SnapshotField, string>> = { assignee: '', ...reads, ...elsewhere(now, state, mapping) };
  const fields = { ...now.fields, ...initial };
  const same = Object.entries(fields).every(([name, value]) => readsAs(String(value), String(now.fields[name] ?? '')));
  return same ? now : { version: '0', fields };
}

/** Where an issue would stand in this state, unless it does. */
function elsewhere(
  now: Snapshot,
  state: LifecycleState,
  mapping: Mapping,
): { status: string; category: string } | undefined {
  if (stands(valueIn(now, 'status'), valueIn(now, 'category'), state, mapping)) return undefined;
  return { status: statusName(state, mapping) ?? '', category: CATEGORY_OF[state] };
}

/** The answer to a change that moved the issue: whoever has moved it on since did so by themselves, as with `answerAfter`. */
export function answerAfterMove(
  { snapshot, found }: { snapshot?: Snapshot; found?: boolean },
  state: LifecycleState,
  mapping: Mapping,
): Pick<Written, 'snapshot' | 'found'> {
  const place = snapshot && elsewhere(snapshot, state, mapping);
  return place
    ? { snapshot: { version: '0', fields: { ...snapshot.fields, ...place } }, found: true }
    : { snapshot, found };
}

/** A snapshot's value; `undefined` if whoever made the snapshot did not tell it. */
export function valueIn(snapshot: Snapshot | undefined, field: SnapshotField): string | undefined {
  const value = snapshot?.fields[field];
  return typeof value === 'string' ? value : undefined;
}

/** The properties that an issue holds, in OPR words. Absent: the issue says nothing about it that OPR could say. */
interface Properties {
  title?: string;
  description?: string;
  severity?: Severity;
  state?: LifecycleState;
  assigned_user?: string;
}

function propertiesOf(snapshot: Snapshot | undefined, mapping: Mapping): Properties {
  const value = (field: SnapshotField) => valueIn(snapshot, field);
  const [held, description] = [value('summary'), value('description')];
  return {
    title: held === undefined ? undefined : eventTitle(held, description ?? ''),
    description: description === undefined ? undefined : eventDescription(description),
    severity: wordOf(mapping.severity, value('priority')),
    state: wordOf(mapping.state, value('status'), value('category')),
    assigned_user: value('assignee'),
  };
}

/** The OPR word of the first of these values that has one. */
function wordOf<Word extends string>(
  words: { toOpr(value: string): Word | undefined } | undefined,
  ...values: readonly (string | undefined)[]
): Word | undefined {
  for (const value of values) {
    const word = value === undefined ? undefined : words?.toOpr(value);
    if (word !== undefined) return word;
  }
  return undefined;
}

/** The fields whose values make up a property. */
const SOURCES: Readonly<Record<keyof Properties, readonly SnapshotField[]>> = {
  title: ['summary'],
  description: ['description'],
  severity: ['priority'],
  state: ['status', 'category'],
  assigned_user: ['assignee'],
};

/**
 * See `Adapter.changes`. A property is news only if its fields differ *and* what they say in OPR words differs: a cut title, a
 * collapsed severity, or one status of a category instead of another never comes back as an edit.
 */
export function changesBetween(before: Snapshot | undefined, after: Snapshot, mapping: Mapping): PropertyChange[] {
  const old = propertiesOf(before, mapping);
  const now = propertiesOf(after, mapping);
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
  for (const propertyName of ['title', 'description'] as const) {
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
  return mapping.incoming(changes.map(withoutUndefined));
}

const withoutUndefined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;

/** See `Adapter.describe`. */
export function describeSnapshot(snapshot: Snapshot): ExternalEvent {
  const value = (field: SnapshotField) => valueIn(snapshot, field) || undefined;
  const [status, resolution] = [value('status'), value('resolution')];
  return withoutUndefined({
    title: value('summary'),
    description: value('description'),
    state: status && resolution ? `${status} (${resolution})` : status,
    priority: value('priority'),
    assignedUser: value('assignee'),
  });
}
