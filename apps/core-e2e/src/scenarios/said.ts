import type { Edit, Harness } from '@opr-connect/adapter-kit/testing';
import type { EventChange, PropertyChange } from '@opr-connect/opr';
import { randomUUID } from 'node:crypto';
import type { Said } from './scenarios';

type Spoken = Edit & Pick<Said, 'note' | 'category'>;

/** What is said, with people and groups by the names that the tool knows. */
export function spoken(
  { assignedUser, assignedGroup, ...said }: Said,
  { assignee = 'jane', group = 'operations' }: Harness,
): Spoken {
  return { ...said, ...(assignedUser && { assignedUser: assignee }), ...(assignedGroup && { assignedGroup: group }) };
}

/** What is said, as a change of the event. */
export function changeOf(said: Said, harness: Harness): EventChange {
  const changed = Object.entries(spoken(said, harness)).map(([property, value]) =>
    changeOfProperty(property as keyof Spoken, value),
  );
  return { id: randomUUID(), changedProperties: changed };
}

function changeOfProperty(property: keyof Spoken, value: string): PropertyChange {
  switch (property) {
    case 'title':
    case 'description':
    case 'solution':
    case 'category':
      return { kind: 'string_property_change', propertyName: property, currentValue: value };
    case 'severity':
      return { kind: 'severity_property_change', propertyName: property, currentValue: value as Edit['severity'] };
    case 'priority':
      return { kind: 'priority_property_change', propertyName: property, currentValue: value as Edit['priority'] };
    case 'state':
      return { kind: 'state_change', propertyName: property, currentValue: value as Edit['state'] };
    case 'assignedUser':
      return { kind: 'user_property_change', propertyName: 'assigned_user', currentUserName: value };
    case 'assignedGroup':
      return { kind: 'group_property_change', propertyName: 'assigned_group', currentGroupName: value };
    case 'customer':
      return {
        ...{ kind: 'custom_attribute_property_change', propertyName: 'custom_attribute', changeOperation: 'update' },
        ...{ key: 'Customer', currentValue: value },
      };
    case 'note':
      return {
        ...{ kind: 'annotation_property_change', propertyName: 'annotation', changeOperation: 'insert' },
        ...{ annotationId: randomUUID(), author: 'jdoe', currentValue: value },
      };
  }
}

/** What OBM was told although it had said so itself, or was told twice. */
export function echoes(told: readonly EventChange[], saidByObm: readonly string[]): string[] {
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
      return change.key === 'Customer' ? `customer: ${change.currentValue}` : `${change.key}: ${change.currentValue}`;
    case 'group_property_change':
      return `assignedGroup: ${change.currentGroupName}`;
    default:
      return `${change.propertyName}: ${change.currentValue}`;
  }
}
