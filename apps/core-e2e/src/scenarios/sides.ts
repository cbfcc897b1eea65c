import type { Harness, ToolRecord } from '@opr-connect/adapter-kit/testing';
import type { EventChange, OprEvent, PropertyChange } from '@opr-connect/opr';
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Said, Step } from './scenarios';

const loginOf = ({ assignee = 'jane' }: Harness): string => assignee;

/** What was said, as a change of the event. */
export function changeOf(
  { title, description, severity, state, assignedUser, note }: Said,
  harness: Harness,
): EventChange {
  const changed: (PropertyChange | false | undefined)[] = [
    title !== undefined && { kind: 'string_property_change', propertyName: 'title', currentValue: title },
    description !== undefined && {
      ...{ kind: 'string_property_change', propertyName: 'description', currentValue: description },
    },
    severity && { kind: 'severity_property_change', propertyName: 'severity', currentValue: severity },
    state && { kind: 'state_change', propertyName: 'state', currentValue: state },
    assignedUser && {
      ...{ kind: 'user_property_change', propertyName: 'assigned_user', currentUserName: loginOf(harness) },
    },
    note !== undefined && {
      ...{ kind: 'annotation_property_change', propertyName: 'annotation', changeOperation: 'insert' },
      ...{ annotationId: randomUUID(), author: 'jdoe', currentValue: note },
    },
  ];
  return { id: randomUUID(), changedProperties: changed.filter((each) => typeof each === 'object') };
}

/** What of an event is compared. */
const viewOf = ({ title, description, severity, state, assignedUser, annotationList }: OprEvent) => ({
  ...{ title, description, severity, state, assignedUser: assignedUser?.loginName || undefined },
  notes: (annotationList?.annotation ?? []).map(({ text }) => text ?? '').sort(),
});

/** What must hold in the end, from what was said last by whom. */
export class Expected {
  /** Live records of each event. */
  records = 1;
  /** OBM opened it after it was finished. */
  isReopened = false;
  readonly saidByObm: string[] = [];
  private readonly values = new Map<string, string[]>();
  private readonly notes: string[] = [];

  constructor(private readonly harness: Harness) {}

  note(step: Step): void {
    if ('tool' in step && step.tool === 'delete') {
      this.records = 0;
      return;
    }
    const obm = 'obm' in step ? this.read(step.obm) : {};
    this.isReopened = obm.state === 'open' && (this.values.get('state') ?? []).some((state) => state === 'closed');
    const { severity, state } = this.harness.collapses ?? {};
    const tool = 'tool' in step && step.tool !== 'delete' ? this.read(step.tool) : {};
    const held = {
      ...tool,
      ...(tool.severity && { severity: severity?.[tool.severity] ?? tool.severity }),
      ...(tool.state && { state: state?.[tool.state] ?? tool.state }),
    };
    for (const [property, value] of Object.entries(obm)) this.saidByObm.push(`${property}: ${value}`);
    for (const property of new Set([...Object.keys(obm), ...Object.keys(held)])) {
      const values = [obm, held].flatMap((side) => (side as Record<string, string>)[property] ?? []);
      if (property === 'note') this.notes.push(...values);
      // Where both speak at once either may win.
      else this.values.set(property, values);
    }
  }

  /** What a party's event does not hold. */
  missing(event: OprEvent): string[] {
    const view = viewOf(event);
    const held = Object.entries(view).map(([name, value]) => [name, String(value)] as const);
    const wrong = held.filter(([name, value]) => this.values.get(name)?.includes(value) === false);
    return [
      ...wrong.map(([name, value]) => `${name} is ${value}, not ${this.values.get(name)?.join(' or ')}`),
      ...this.notes
        .filter((note) => view.notes.filter((each) => each === note).length !== 1)
        .map((note) => `does not hold once: ${note}`),
    ];
  }

  private read({ assignedUser, ...said }: Said) {
    return { ...said, ...(assignedUser && { assignedUser: loginOf(this.harness) }) };
  }
}

/** Where OBM, the hub and the tool differ. A record's notes have what the adapter adds to each, such as its author. */
export function disagreements(
  inObm: OprEvent,
  inHub: OprEvent,
  record: ToolRecord | undefined,
  harness: Harness,
  { isReopened }: Expected,
): string[] {
  const [obm, hub] = [viewOf(inObm), viewOf(inHub)];
  const faults: string[] = [];
  const differ = (what: string, a: unknown, b: unknown) => {
    if (!isDeepStrictEqual(a, b)) faults.push(`${what}: ${JSON.stringify(a)} and ${JSON.stringify(b)}`);
  };
  differ('OBM and the hub', obm, hub);
  if (!record) return faults;
  const { severity = 'unknown', state = 'open' } = obm;
  const { words } = harness;
  const stateWord = (isReopened && words?.reopened) || (words?.state?.[state] ?? state);
  differ('title', obm.title, record.title);
  differ('description', obm.description, record.description);
  differ('severity', words?.severity?.[severity] ?? severity, record.severity);
  differ('state', stateWord, record.state);
  differ('assigned user', obm.assignedUser, record.assignedUser || undefined);
  for (const note of obm.notes)
    differ(`copies of "${note}"`, 1, record.notes.filter((text) => text.includes(note)).length);
  return faults;
}

/** What OBM was told although it had said so itself, or was told twice. */
export function echoes(told: readonly EventChange[], { saidByObm }: Expected): string[] {
  const heard = told.flatMap(({ changedProperties = [] }) => changedProperties.map(wordOf));
  const twice = heard.filter((word, index) => heard.indexOf(word) !== index).map((word) => `OBM heard twice: ${word}`);
  return [...twice, ...heard.filter((word) => saidByObm.includes(word)).map((word) => `OBM heard its own: ${word}`)];
}

function wordOf(change: PropertyChange): string {
  switch (change.kind) {
    case 'annotation_property_change':
      return `note: ${change.currentValue}`;
    case 'user_property_change':
      return `assignedUser: ${change.currentUserName}`;
    case 'custom_attribute_property_change':
      return `attribute ${change.key}: ${change.currentValue}`;
    case 'group_property_change':
      return `assignedGroup: ${change.currentGroupName}`;
    default:
      return `${change.propertyName}: ${change.currentValue}`;
  }
}
