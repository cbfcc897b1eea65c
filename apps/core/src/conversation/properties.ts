import type { Json } from '@opr-connect/adapter-kit';
import type { Annotation, OprEvent, PropertyChange, PropertyName } from '@opr-connect/opr';

/**
 * The properties of an event as the conversation sees them: a name with one value. A member of a map or a set is a property
 * of its own (`custom_attribute:Customer`, `symptom:<event id>`), so that edits of two members never meet.
 */
export type Property = string;

export interface Edit {
  property: Property;
  /** `null` is: no value. */
  value: Json;
}

export interface AnnotationEdit {
  operation: 'insert' | 'update' | 'delete';
  /** As the party that wrote it names it. */
  id?: string;
  author?: string;
  text: string;
  time?: string;
}

/** An EventChange in the conversation's words. */
export interface Edits {
  properties: Edit[];
  annotations: AnnotationEdit[];
}

interface User {
  id?: string;
  loginName?: string;
  displayLabel?: string;
}

interface Group {
  id?: string;
  name?: string;
}

interface Kind {
  get(event: OprEvent): Json;
  set(event: OprEvent, value: Json): OprEvent;
  change(value: Json, previous: Json): PropertyChange;
}

type TextField = {
  [K in keyof OprEvent]-?: OprEvent[K] extends string | undefined ? K : never;
}[keyof OprEvent];

export const orAbsent = <T>(value: Json): T | undefined => (value === null ? undefined : (value as T));

const text = (propertyName: PropertyName, field: TextField): Kind => ({
  get: (event) => event[field] ?? null,
  set: (event, value) => ({ ...event, [field]: orAbsent<string>(value) }),
  change: (value, previous) => ({
    kind: 'string_property_change',
    propertyName,
    previousValue: orAbsent<string>(previous),
    currentValue: orAbsent<string>(value),
  }),
});

const time = (propertyName: PropertyName, field: 'timeCreated'): Kind => ({
  ...text(propertyName, field),
  change: (value, previous) => ({
    kind: 'time_property_change',
    propertyName,
    previousValue: orAbsent<string>(previous),
    currentValue: orAbsent<string>(value),
  }),
});

/** Hints are a list on the event and one text in a change. */
const hints = (propertyName: PropertyName, field: 'relatedCiHints' | 'nodeHints' | 'sourceCiHints'): Kind => ({
  get: (event) => event[field]?.hint?.join('\n') ?? null,
  set: (event, value) => ({ ...event, [field]: { ...event[field], hint: orAbsent<string>(value)?.split('\n') } }),
  change: (value, previous) => ({
    kind: 'string_property_change',
    propertyName,
    previousValue: orAbsent<string>(previous),
    currentValue: orAbsent<string>(value),
  }),
});

export const SCALARS: Partial<Record<PropertyName, Kind>> = {
  title: text('title', 'title'),
  description: text('description', 'description'),
  solution: text('solution', 'solution'),
  category: text('category', 'category'),
  sub_category: text('sub_category', 'subCategory'),
  application: text('application', 'application'),
  object: text('object', 'object'),
  type: text('type', 'type'),
  key: text('key', 'key'),
  close_key_pattern: text('close_key_pattern', 'closeKeyPattern'),
  original_data: text('original_data', 'originalData'),
  original_id: text('original_id', 'originalId'),
  om_service_id: text('om_service_id', 'omServiceId'),
  om_user: text('om_user', 'omUser'),
  eti_hint: text('eti_hint', 'etiHint'),
  related_ci_hint: hints('related_ci_hint', 'relatedCiHints'),
  node_hint: hints('node_hint', 'nodeHints'),
  source_ci_hint: hints('source_ci_hint', 'sourceCiHints'),
  time_created: time('time_created', 'timeCreated'),
  state: {
    ...text('state', 'state'),
    change: (value, previous) => ({
      kind: 'state_change',
      propertyName: 'state',
      previousValue: orAbsent(previous),
      currentValue: orAbsent(value),
    }),
  },
  severity: {
    ...text('severity', 'severity'),
    change: (value, previous) => ({
      kind: 'severity_property_change',
      propertyName: 'severity',
      previousValue: orAbsent(previous),
      currentValue: orAbsent(value),
    }),
  },
  priority: {
    ...text('priority', 'priority'),
    change: (value, previous) => ({
      kind: 'priority_property_change',
      propertyName: 'priority',
      previousValue: orAbsent(previous),
      currentValue: orAbsent(value),
    }),
  },
  duplicate_count: {
    get: (event) => event.duplicateCount ?? null,
    set: (event, value) => ({ ...event, duplicateCount: orAbsent(value) }),
    change: (value, previous) => ({
      kind: 'integer_property_change',
      propertyName: 'duplicate_count',
      previousValue: orAbsent(previous),
      currentValue: orAbsent(value),
    }),
  },
  cause: {
    get: (event) => event.cause?.targetId ?? null,
    set: (event, value) => ({ ...event, cause: value === null ? undefined : { targetId: value as string } }),
    change: text('cause', 'title').change,
  },
  assigned_user: {
    get: (event) => user(event.assignedUser && { ...event.assignedUser, displayLabel: event.assignedUser.userName }),
    set: (event, value) => {
      const { id, loginName, displayLabel } = (value ?? {}) as User;
      return { ...event, assignedUser: value === null ? undefined : { id, loginName, userName: displayLabel } };
    },
    change: (value, previous) => {
      const [now, before] = [(value ?? {}) as User, (previous ?? {}) as User];
      return {
        kind: 'user_property_change',
        propertyName: 'assigned_user',
        previousUserId: before.id,
        previousUserName: before.loginName,
        previousUserDisplayLabel: before.displayLabel,
        currentUserId: now.id,
        currentUserName: now.loginName ?? '',
        currentUserDisplayLabel: now.displayLabel,
      };
    },
  },
  assigned_group: {
    get: (event) => group(event.assignedGroup),
    set: (event, value) => ({ ...event, assignedGroup: value === null ? undefined : (value as Group) }),
    change: (value, previous) => {
      const [now, before] = [(value ?? {}) as Group, (previous ?? {}) as Group];
      return {
        kind: 'group_property_change',
        propertyName: 'assigned_group',
        previousGroupId: before.id,
        previousGroupName: before.name,
        currentGroupId: now.id,
        currentGroupName: now.name ?? '',
      };
    },
  },
};

export const ATTRIBUTE = 'custom_attribute:';
export const SYMPTOM = 'symptom:';

export const attributeNamed = (name: string): Property => ATTRIBUTE + name;

/** What a connected server may change of an event that was forwarded to it (OMi external API, setters of `ReceiveChangeArgs`). */
const SETTABLE: ReadonlySet<Property> = new Set([
  'title',
  'description',
  'solution',
  'severity',
  'priority',
  'state',
  'assigned_user',
  'assigned_group',
  'cause',
]);

export const isSettable = (property: Property): boolean => SETTABLE.has(property) || property.startsWith(ATTRIBUTE);

export const isAttribute = (property: Property): boolean => property.startsWith(ATTRIBUTE);

/** The word of the wire for a property: what a refusal names. */
export const propertyName = (property: Property): PropertyName => property.split(':', 1)[0] as PropertyName;

/** An assignment to nobody comes in several spellings: no element, empty names, a negative number, an all-F UUID. */
export function user(value: User | undefined): Json {
  if (!value || (!value.loginName && isNobody(value.id))) return null;
  return compact({
    id: value.loginName && isNobody(value.id) ? undefined : value.id,
    loginName: value.loginName || undefined,
    displayLabel: value.displayLabel || undefined,
  });
}

export function group(value: Group | undefined): Json {
  if (!value || (!value.name && isNobody(value.id))) return null;
  return compact({ id: value.name && isNobody(value.id) ? undefined : value.id, name: value.name || undefined });
}

const isNobody = (id: string | undefined): boolean =>
  !id || /^-\d+$/.test(id) || id === '00000000-0000-0000-ffff-ffffffffffff';

const compact = (fields: Record<string, string | undefined>): Json =>
  Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined));

/**
 * Whether two values of a property are the same to everybody. Line ends are a matter of the transport, no text is the same
 * as an empty one, a user is who he logs in as and a group is its name, whatever ids two servers give them.
 */
export function same(a: Json | undefined, b: Json | undefined): boolean {
  return identity(a ?? null) === identity(b ?? null);
}

function identity(value: Json): string {
  if (value === null || value === '') return '';
  if (typeof value === 'string') return value.replace(/\r\n?/g, '\n');
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return JSON.stringify(value);
  return String(value['loginName'] ?? value['name'] ?? value['id'] ?? JSON.stringify(value));
}

/** The value of a property in an event. */
export function valueIn(event: OprEvent, property: Property): Json {
  if (property.startsWith(ATTRIBUTE)) {
    const name = property.slice(ATTRIBUTE.length);
    return event.customAttributeList?.customAttribute?.find((attribute) => attribute.name === name)?.value ?? null;
  }
  if (property.startsWith(SYMPTOM)) {
    const id = property.slice(SYMPTOM.length);
    const symptom = event.symptomList?.symptom?.find((candidate) => candidate.targetId === id);
    return symptom ? (symptom.title ?? '') : null;
  }
  return SCALARS[property as PropertyName]?.get(event) ?? null;
}

/** The event with one property set. */
export function withValue(event: OprEvent, property: Property, value: Json): OprEvent {
  if (property.startsWith(ATTRIBUTE)) {
    const name = property.slice(ATTRIBUTE.length);
    const others = (event.customAttributeList?.customAttribute ?? []).filter((attribute) => attribute.name !== name);
    const customAttribute = value === null ? others : [...others, { name, value: value as string }];
    return { ...event, customAttributeList: { ...event.customAttributeList, customAttribute } };
  }
  if (property.startsWith(SYMPTOM)) {
    const targetId = property.slice(SYMPTOM.length);
    const others = (event.symptomList?.symptom ?? []).filter((candidate) => candidate.targetId !== targetId);
    const symptom = value === null ? others : [...others, { targetId, title: (value as string) || undefined }];
    return { ...event, symptomList: { ...event.symptomList, symptom } };
  }
  return SCALARS[property as PropertyName]?.set(event, value) ?? event;
}

/** Every property that the event has or could have as a scalar, and every member of its maps. */
export function propertiesOf(event: OprEvent): Property[] {
  return [
    ...Object.keys(SCALARS),
    ...(event.customAttributeList?.customAttribute ?? []).flatMap(({ name }) => (name ? [ATTRIBUTE + name] : [])),
    ...(event.symptomList?.symptom ?? []).flatMap(({ targetId }) => (targetId ? [SYMPTOM + targetId] : [])),
  ];
}

/** The annotations of an event as insertions. */
export const annotationsIn = (event: OprEvent): AnnotationEdit[] =>
  (event.annotationList?.annotation ?? []).map((annotation) => ({
    operation: 'insert',
    id: annotation.id,
    author: annotation.author,
    text: annotation.text ?? '',
    time: annotation.timeCreated,
  }));

export const withoutAnnotations = (event: OprEvent): OprEvent => ({ ...event, annotationList: undefined });

/** The event with an annotation inserted, updated or deleted. */
export function withAnnotation(event: OprEvent, edit: AnnotationEdit): OprEvent {
  const present = event.annotationList?.annotation ?? [];
  return { ...event, annotationList: { ...event.annotationList, annotation: applied(present, edit) } };
}

function applied(present: Annotation[], edit: AnnotationEdit): Annotation[] {
  switch (edit.operation) {
    case 'insert':
      return [...present, { id: edit.id, author: edit.author, timeCreated: edit.time, text: edit.text }];
    case 'update':
      return present.map((annotation) => (annotation.id === edit.id ? { ...annotation, text: edit.text } : annotation));
    case 'delete':
      return present.filter((annotation) => annotation.id !== edit.id);
  }
}
