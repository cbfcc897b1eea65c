import { RejectedError, type Seen, type SeenAnnotation } from '@opr-connect/adapter-kit';
import { LIFECYCLE_STATES, PRIORITIES, SEVERITIES, type PropertyChange } from '@opr-connect/opr';

type Fields = Readonly<Record<string, unknown>>;

const MAX_ANNOTATIONS = 100;

/**
 * A hook in the documented shape. `signedId` is the id of the message, if its signature covers one: what is told under it
 * counts once. An echo names the delivery that it comes from, and counts not at all.
 *
 * @throws RejectedError naming the field and the rule that it breaks
 */
export function parseHook(body: Buffer, signedId: string | undefined): Seen[] {
  const hook = record(jsonOf(body), 'body');
  const type = text(hook['type'], 'type');
  if (type === 'ping') return [];
  if (type !== 'event.changed' && type !== 'event.deleted')
    throw broken('type', 'must be event.changed or event.deleted');
  const seen = readSeen(record(hook['data'], 'data'), 'data', signedId);
  return [type === 'event.deleted' ? { ...seen, gone: 'it was deleted by the receiver' } : seen];
}

/**
 * What a mapping made of a hook: the `data` of one event, a list of them, or nothing for a hook without news. Those of one hook
 * that are about the same event are told apart by their place.
 */
export function readMapped(mapped: unknown, signedId: string | undefined): Seen[] {
  if (mapped === undefined || mapped === null) return [];
  return asList(mapped).map((each, index) => {
    const id = signedId !== undefined && index > 0 ? `${signedId}#${index}` : signedId;
    return readSeen(record(each, `hookMapping[${index}]`), `hookMapping[${index}]`, id);
  });
}

function readSeen(data: Fields, path: string, signedId: string | undefined): Seen {
  const known = ['id', 'key', 'changes', 'annotations', 'deliveryKey', 'changeId'];
  const unknown = Object.keys(data).find((field) => !known.includes(field));
  if (unknown !== undefined) throw broken(`${path}.${unknown}`, 'is not a known field');
  const optional = (field: string) => (data[field] === undefined ? undefined : text(data[field], `${path}.${field}`));
  const id = optional('key') || optional('id');
  if (!id) throw broken(`${path}.key`, 'or id must be given');
  const annotations = asList(data['annotations'] ?? []);
  if (annotations.length > MAX_ANNOTATIONS) throw broken(`${path}.annotations`, `may have ${MAX_ANNOTATIONS} entries`);
  return {
    id,
    changeId: optional('deliveryKey') || optional('changeId') || signedId,
    changes: readChanges(record(data['changes'] ?? {}, `${path}.changes`), `${path}.changes`),
    annotations: annotations.map((each, index) => readAnnotation(each, `${path}.annotations[${index}]`)),
  };
}

function readChanges(changes: Fields, path: string): PropertyChange[] {
  return Object.entries(changes).flatMap(([property, value]): PropertyChange[] => {
    const at = `${path}.${property}`;
    switch (property) {
      case 'title':
      case 'description':
      case 'solution':
      case 'cause':
        return [{ kind: 'string_property_change', propertyName: property, currentValue: textOrNone(value, at) }];
      case 'state':
        return [{ kind: 'state_change', propertyName: 'state', currentValue: word(LIFECYCLE_STATES, value, at) }];
      case 'severity':
        return [
          { kind: 'severity_property_change', propertyName: 'severity', currentValue: word(SEVERITIES, value, at) },
        ];
      case 'priority':
        return [
          { kind: 'priority_property_change', propertyName: 'priority', currentValue: word(PRIORITIES, value, at) },
        ];
      case 'assignedUser':
        return [
          { kind: 'user_property_change', propertyName: 'assigned_user', currentUserName: textOrNone(value, at) ?? '' },
        ];
      case 'assignedGroup':
        return [
          {
            ...{ kind: 'group_property_change', propertyName: 'assigned_group' },
            currentGroupName: textOrNone(value, at) ?? '',
          },
        ];
      case 'customAttributes':
        return Object.entries(record(value, at)).map(([key, attribute]) => ({
          ...{ kind: 'custom_attribute_property_change', propertyName: 'custom_attribute', key },
          // A server may not take an attribute away, so none is read as empty.
          ...{ currentValue: text(attribute, `${at}.${key}`), changeOperation: 'update' },
        }));
      default:
        throw broken(at, 'is not a property that a connected server may change');
    }
  });
}

function readAnnotation(value: unknown, path: string): SeenAnnotation {
  const entry = record(value, path);
  const optional = (field: string) => (entry[field] === undefined ? undefined : text(entry[field], `${path}.${field}`));
  const time = optional('time');
  if (time !== undefined && Number.isNaN(Date.parse(time))) throw broken(`${path}.time`, 'must be a time (ISO 8601)');
  const words = text(entry['text'], `${path}.text`);
  if (words === '') throw broken(`${path}.text`, 'must not be empty');
  return { id: optional('id'), author: optional('author'), text: words, time, own: false };
}

/** @throws RejectedError */
export function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw broken('body', 'must be JSON in UTF-8');
  }
}

function record(value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw broken(path, 'must be an object');
  return Object.fromEntries(Object.entries(value));
}

/** JSONata makes a list of one entry that entry. */
const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

function text(value: unknown, path: string): string {
  if (typeof value !== 'string') throw broken(path, 'must be a text');
  return value;
}

const textOrNone = (value: unknown, path: string): string | undefined =>
  value === null ? undefined : text(value, path);

function word<T extends string>(words: readonly T[], value: unknown, path: string): T {
  const found = words.find((each) => each === value);
  if (found === undefined) throw broken(path, `must be one of ${words.join(', ')}`);
  return found;
}

const broken = (path: string, rule: string) => new RejectedError(`hook: ${path}: ${rule}`);
