import type { Json } from '@opr-connect/adapter-kit';
import type { PropertyChange, PropertyName } from '@opr-connect/opr';
import {
  ATTRIBUTE,
  group,
  orAbsent,
  SCALARS,
  SYMPTOM,
  user,
  type AnnotationEdit,
  type Edit,
  type Edits,
  type Property,
} from './properties';

/** What an EventChange says, in the conversation's words. What it says of forwarding and control is not for the event. */
export function readChanges(changes: readonly PropertyChange[]): Edits {
  const edits: Edits = { properties: [], annotations: [] };
  for (const change of changes) {
    if (change.kind === 'annotation_property_change') edits.annotations.push(readAnnotation(change));
    else edits.properties.push(...readProperty(change));
  }
  return edits;
}

function readAnnotation(change: Extract<PropertyChange, { kind: 'annotation_property_change' }>): AnnotationEdit {
  return {
    operation: change.changeOperation ?? 'insert',
    id: change.annotationId || undefined,
    author: change.author || undefined,
    text: change.currentValue ?? '',
  };
}

function readProperty(change: Exclude<PropertyChange, { kind: 'annotation_property_change' }>): Edit[] {
  switch (change.kind) {
    case 'user_property_change':
      return [
        {
          property: 'assigned_user',
          value: user({
            id: change.currentUserId,
            loginName: change.currentUserName,
            displayLabel: change.currentUserDisplayLabel,
          }),
        },
      ];
    case 'group_property_change':
      return [
        { property: 'assigned_group', value: group({ id: change.currentGroupId, name: change.currentGroupName }) },
      ];
    case 'custom_attribute_property_change': {
      const value = change.changeOperation === 'delete' ? null : (change.currentValue ?? '');
      return change.key ? [{ property: ATTRIBUTE + change.key, value }] : [];
    }
    case 'symptom_property_change': {
      const deleted = change.changeOperation === 'delete';
      const id = deleted ? (change.currentValue ?? change.previousValue) : change.currentValue;
      return id ? [{ property: SYMPTOM + id, value: deleted ? null : (change.symptomTitle ?? '') }] : [];
    }
    case 'correlation_rule_property_change':
    case 'control_transferred_to_property_change':
    case 'forwarding_info_property_change':
      return [];
    case 'string_property_change':
    case 'state_change':
    case 'severity_property_change':
    case 'priority_property_change':
    case 'time_property_change':
    case 'integer_property_change':
    case 'long_property_change':
      return change.propertyName && SCALARS[change.propertyName]
        ? [{ property: change.propertyName, value: change.currentValue ?? null }]
        : [];
  }
}

/** Edits as the wire says them. `previous` is what the receiving party is taken to hold. */
export function writeChanges(edits: Edits, previous: (property: Property) => Json): PropertyChange[] {
  return [
    ...edits.properties.map(({ property, value }) => writeProperty(property, value, previous(property))),
    ...edits.annotations.map((annotation): PropertyChange => ({
      kind: 'annotation_property_change',
      propertyName: 'annotation',
      annotationId: annotation.id,
      author: annotation.author,
      currentValue: annotation.operation === 'delete' ? undefined : annotation.text,
      changeOperation: annotation.operation,
    })),
  ];
}

function writeProperty(property: Property, value: Json, previous: Json): PropertyChange {
  if (property.startsWith(ATTRIBUTE)) {
    return {
      kind: 'custom_attribute_property_change',
      propertyName: 'custom_attribute',
      key: property.slice(ATTRIBUTE.length),
      previousValue: orAbsent<string>(previous),
      currentValue: orAbsent<string>(value),
      changeOperation: value === null ? 'delete' : previous === null ? 'insert' : 'update',
    };
  }
  if (property.startsWith(SYMPTOM)) {
    const id = property.slice(SYMPTOM.length);
    return {
      kind: 'symptom_property_change',
      propertyName: 'symptom',
      symptomTitle: orAbsent<string>(value) || undefined,
      ...(value === null ? { previousValue: id } : { currentValue: id }),
      changeOperation: value === null ? 'delete' : 'insert',
    };
  }
  const kind = SCALARS[property as PropertyName];
  if (!kind) throw new Error(`${property} is no property of an event`);
  return kind.change(value, previous);
}

/** One list of changes for two that follow each other: of each property the last value, and every annotation. */
export function mergeChanges(first: readonly PropertyChange[], then: readonly PropertyChange[]): PropertyChange[] {
  const properties = (change: PropertyChange) => readChanges([change]).properties.map(({ property }) => property);
  const overwritten = new Map(first.flatMap((change) => properties(change).map((property) => [property, change])));
  const news = new Set(then.flatMap(properties));
  const kept = first.filter((change) => !properties(change).some((property) => news.has(property)));
  return [
    ...kept,
    ...then.map((change) => {
      const [before] = properties(change).flatMap((property) => overwritten.get(property) ?? []);
      return before ? laidOver(before, change) : change;
    }),
  ];
}

/** The party never held what the first change says, so what was before that one is before both. */
function laidOver(first: PropertyChange, then: PropertyChange): PropertyChange {
  if (then.kind === 'symptom_property_change') return then;
  const previous = Object.fromEntries(Object.entries(first).filter(([field]) => field.startsWith('previous')));
  const inserts =
    first.kind === 'custom_attribute_property_change' &&
    first.changeOperation === 'insert' &&
    then.kind === 'custom_attribute_property_change' &&
    then.changeOperation === 'update';
  return { ...then, ...previous, ...(inserts ? { changeOperation: 'insert' } : {}) } as PropertyChange;
}
