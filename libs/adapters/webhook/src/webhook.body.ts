import type { ExternalRef, Forwarded, Json } from '@opr-connect/adapter-kit';
import type { EventChange, OprEvent, PropertyChange } from '@opr-connect/opr';

/** What is posted: the shape that Standard Webhooks advises. `docs/webhook.md` describes it field by field. */
export interface WebhookBody {
  type: 'event.forwarded' | 'event.changed' | 'ping';
  /** ISO 8601; the same on every retry. */
  timestamp: string;
  data: { [field: string]: Json | undefined };
}

/** A new event. `key` names it in everything that follows. `cause`: what the receiver calls the event that caused it. */
export const forwardedBody = (event: OprEvent, key: string, cause: ExternalRef | undefined): WebhookBody => ({
  type: 'event.forwarded',
  timestamp: event.timeReceived ?? event.timeCreated ?? new Date().toISOString(),
  data: { key, causeId: cause?.id, event: eventBody(event) },
});

/** A change of an event: what changed, and the event as it is now. */
export const changedBody = (
  change: EventChange,
  { event, key, ref }: Forwarded,
  cause: ExternalRef | undefined,
): WebhookBody => ({
  type: 'event.changed',
  timestamp: change.timeCreated ?? new Date().toISOString(),
  data: {
    ...{ key, id: ref.id, causeId: cause?.id, changeId: change.id },
    ...changesBody(change.changedProperties ?? []),
    event: eventBody(event),
  },
});

/** An event in plain JSON; what it does not have is left out. */
export function eventBody(event: OprEvent): { [field: string]: Json } {
  const { id, title, description, solution, state, severity, priority, category, subCategory, application } = event;
  const { object, type, key, duplicateCount, timeCreated, timeReceived, timeStateChanged, drilldownUrl } = event;
  const attributes = event.customAttributeList?.customAttribute ?? [];
  const annotations = event.annotationList?.annotation ?? [];
  return withoutAbsent({
    ...{ id, title, description, solution, state, severity, priority, category, subCategory, application },
    ...{ object, type, key, duplicateCount, timeCreated, timeReceived, timeStateChanged, drilldownUrl },
    assignedUser: event.assignedUser?.loginName ?? event.assignedUser?.userName,
    assignedGroup: event.assignedGroup?.name,
    cause: event.cause?.targetId,
    customAttributes: Object.fromEntries(attributes.flatMap(({ name, value }) => (name ? [[name, value ?? '']] : []))),
    annotations: annotations.map(({ id: entry, author, text, timeCreated: time }) =>
      withoutAbsent({ id: entry, author, text, time }),
    ),
  });
}

/** `changes`: each property with the value that it has now, `null` for none; `annotations`: what was added, changed or deleted. */
function changesBody(changes: readonly PropertyChange[]): { changes: Json; annotations: Json } {
  const values: { [property: string]: Json } = {};
  const annotations: Json[] = [];
  const customAttributes: { [name: string]: Json } = {};
  const symptoms: { [id: string]: Json } = {};
  for (const change of changes) {
    switch (change.kind) {
      case 'annotation_property_change': {
        const { annotationId: id, author, currentValue: text, changeOperation: operation = 'insert' } = change;
        annotations.push(withoutAbsent({ id, operation, author, text }));
        break;
      }
      case 'custom_attribute_property_change':
        if (change.key)
          customAttributes[change.key] = change.changeOperation === 'delete' ? null : (change.currentValue ?? '');
        break;
      case 'symptom_property_change': {
        const symptom = change.currentValue ?? change.previousValue;
        if (symptom) symptoms[symptom] = change.changeOperation === 'delete' ? null : (change.symptomTitle ?? '');
        break;
      }
      case 'user_property_change':
        values['assignedUser'] = change.currentUserName || null;
        break;
      case 'group_property_change':
        values['assignedGroup'] = change.currentGroupName || null;
        break;
      case 'correlation_rule_property_change':
      case 'control_transferred_to_property_change':
      case 'forwarding_info_property_change':
        break;
      case 'string_property_change':
      case 'state_change':
      case 'severity_property_change':
      case 'priority_property_change':
      case 'time_property_change':
      case 'integer_property_change':
      case 'long_property_change':
        if (change.propertyName) values[camelCase(change.propertyName)] = change.currentValue ?? null;
        break;
    }
  }
  if (Object.keys(customAttributes).length > 0) values['customAttributes'] = customAttributes;
  if (Object.keys(symptoms).length > 0) values['symptoms'] = symptoms;
  return { changes: values, annotations };
}

const camelCase = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

const withoutAbsent = (fields: { [field: string]: Json | undefined }): { [field: string]: Json } =>
  Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, Json] => entry[1] !== undefined));
