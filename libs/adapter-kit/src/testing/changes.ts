import type { LifecycleState, PropertyChange, Severity } from '@opr-connect/opr';

/** Changes of properties, as cases make them. */
export const newTitle = (currentValue: string): PropertyChange => ({
  ...{ kind: 'string_property_change', propertyName: 'title', currentValue },
});

export const newDescription = (currentValue: string): PropertyChange => ({
  ...{ kind: 'string_property_change', propertyName: 'description', currentValue },
});

export const newSeverity = (currentValue: Severity): PropertyChange => ({
  ...{ kind: 'severity_property_change', propertyName: 'severity', currentValue },
});

export const newState = (currentValue: LifecycleState): PropertyChange => ({
  ...{ kind: 'state_change', propertyName: 'state', currentValue },
});

/** Of the event that caused it, by its id; without one it has no cause any more. */
export const newCause = (currentValue?: string): PropertyChange => ({
  ...{ kind: 'string_property_change', propertyName: 'cause', currentValue },
});

export const newNote = (currentValue: string, annotationId: string): PropertyChange => ({
  ...{ kind: 'annotation_property_change', propertyName: 'annotation', changeOperation: 'insert' },
  ...{ annotationId, author: 'operator', currentValue },
});
