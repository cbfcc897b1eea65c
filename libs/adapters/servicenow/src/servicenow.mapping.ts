import type { ExternalEvent, Snapshot } from '@opr-connect/adapter-kit';
import type { LifecycleState, Priority, PropertyChange, Severity } from '@opr-connect/opr';
import type { Names } from './servicenow.names';
import { valueIn, type RecordRules } from './servicenow.record';
import { eventDescription, eventTitle } from './servicenow.texts';

/** The properties that a record holds, in OPR words. Absent: the record says nothing about it that OPR could say. */
interface Properties {
  title?: string;
  description?: string;
  solution?: string;
  severity?: Severity;
  priority?: Priority;
  state?: LifecycleState;
  assigned_user?: string;
  assigned_group?: string;
}

function propertiesOf(snapshot: Snapshot | undefined, rules: RecordRules): Properties {
  const { mapping, users, groups, closeNotesField, closeNotes } = rules;
  const value = (field: string) => valueIn(snapshot, field);
  const [short, description, notes] = [value('short_description'), value('description'), value(closeNotesField)];
  return {
    title: short === undefined ? undefined : eventTitle(short, description ?? ''),
    description: description === undefined ? undefined : eventDescription(description),
    solution: notes && notes !== closeNotes ? notes : undefined,
    severity: mapping.severity?.toOpr(`${value('impact')}/${value('urgency')}`),
    priority: mapping.priority?.toOpr(value('priority') ?? ''),
    state: mapping.state?.toOpr(value('state') ?? ''),
    assigned_user: nameOf(value('assigned_to'), value('assigned_to.user_name'), users),
    assigned_group: nameOf(value('assignment_group'), value('assignment_group.name'), groups),
  };
}

/** A reference without a name that we may read cannot be expressed; an empty one is nobody. */
const nameOf = (reference: string | undefined, name: string | undefined, names: Names): string | undefined =>
  reference === '' ? '' : name ? names.toOpr(name) : undefined;

/** The fields whose values make up a property. */
const sources = ({ closeNotesField }: RecordRules): Readonly<Record<keyof Properties, readonly string[]>> => ({
  title: ['short_description'],
  description: ['description'],
  solution: [closeNotesField],
  severity: ['impact', 'urgency'],
  priority: ['priority'],
  state: ['state'],
  assigned_user: ['assigned_to'],
  assigned_group: ['assignment_group'],
});

/**
 * See `Adapter.changes`. A property is news only if its fields differ *and* what they say in OPR words differs: a cut title, a
 * collapsed severity or the lines that we add never come back as an edit.
 */
export function changesBetween(before: Snapshot | undefined, after: Snapshot, rules: RecordRules): PropertyChange[] {
  const [old, now, fields] = [propertiesOf(before, rules), propertiesOf(after, rules), sources(rules)];
  const isNews = (property: keyof Properties): boolean => {
    if (now[property] === undefined || now[property] === old[property]) return false;
    if (before === undefined) return now[property] !== '';
    const was = fields[property].map((field) => valueIn(before, field));
    return (
      was.every((value) => value !== undefined) &&
      fields[property].some((field, index) => valueIn(after, field) !== was[index])
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
  if (isNews('priority')) {
    const values = { previousValue: old.priority, currentValue: now.priority };
    changes.push({ kind: 'priority_property_change', propertyName: 'priority', ...values });
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
  return rules.mapping.incoming([...changes, ...attributesBetween(before, after, rules)].map(withoutUndefined));
}

/** Custom attributes that the settings give a field. An emptied field is an attribute that was taken away. */
function attributesBetween(before: Snapshot | undefined, after: Snapshot, { mapping }: RecordRules): PropertyChange[] {
  return [...(mapping.settings?.customAttributes ?? [])].flatMap(([key, { field }]): PropertyChange[] => {
    const [was, is] = [before === undefined ? '' : valueIn(before, field), valueIn(after, field)];
    if (was === undefined || is === undefined || was === is) return [];
    return [
      {
        ...{ kind: 'custom_attribute_property_change', propertyName: 'custom_attribute', key },
        ...(was !== '' && { previousValue: was }),
        ...(is !== '' && { currentValue: is }),
        changeOperation: was === '' ? 'insert' : is === '' ? 'delete' : 'update',
      },
    ];
  });
}

const withoutUndefined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;

const STATE_LABELS: Readonly<Record<string, string>> = {
  ...{ '1': 'New', '2': 'In Progress', '3': 'On Hold', '6': 'Resolved', '7': 'Closed', '8': 'Canceled' },
};
const LEVEL_LABELS: Readonly<Record<string, string>> = { '1': 'High', '2': 'Medium', '3': 'Low' };
const PRIORITY_LABELS: Readonly<Record<string, string>> = {
  ...{ '1': 'Critical', '2': 'High', '3': 'Moderate', '4': 'Low', '5': 'Planning' },
};

/** See `Adapter.describe`. A state of a site's own is shown by its value: its label is the instance's. */
export function describeSnapshot(snapshot: Snapshot, { mapping }: RecordRules): ExternalEvent {
  const value = (field: string) => valueIn(snapshot, field) || undefined;
  const labelled = (labels: Readonly<Record<string, string>>, code: string | undefined) =>
    code && (labels[code] ? `${code} - ${labels[code]}` : code);
  const [impact, urgency] = [labelled(LEVEL_LABELS, value('impact')), labelled(LEVEL_LABELS, value('urgency'))];
  const state = value('state');
  const isOfBase = mapping.settings?.state === undefined;
  return withoutUndefined({
    title: value('short_description'),
    description: value('description'),
    state: state && ((isOfBase && STATE_LABELS[state]) || state),
    severity: impact && urgency && `Impact ${impact}, urgency ${urgency}`,
    priority: labelled(PRIORITY_LABELS, value('priority')),
    assignedUser: value('assigned_to.user_name'),
    assignedGroup: value('assignment_group.name'),
  });
}
