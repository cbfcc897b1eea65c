import type { PropertyChange } from '@opr-connect/opr';

/**
 * Which way a property goes between an event and its external record: `once` only into a new record, `out` into it and with every
 * change, `back` only from the record to the event, `both` each way, `none` not at all.
 */
export const DIRECTIONS = ['none', 'once', 'out', 'back', 'both'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** The properties whose direction can be set, by their names in OPR. */
export const MAPPED_PROPERTIES = [
  'title',
  'description',
  'severity',
  'priority',
  'state',
  'solution',
  'assigned_user',
  'assigned_group',
  'annotation',
] as const;
export type MappedProperty = (typeof MAPPED_PROPERTIES)[number];

/** What an adapter that can do at most this may be told to do. */
export function directionsWithin(most: Direction): readonly Direction[] {
  switch (most) {
    case 'none':
      return ['none'];
    case 'once':
      return ['none', 'once'];
    case 'out':
      return ['none', 'once', 'out'];
    case 'back':
      return ['none', 'back'];
    case 'both':
      return DIRECTIONS;
  }
}

/** The value goes into a new record. */
export const goesInForward = (direction: Direction): boolean => goesInChange(direction) || direction === 'once';

/** A change of the value is carried to the record. */
export const goesInChange = (direction: Direction): boolean => direction === 'out' || direction === 'both';

/** A change that was made in the tool is carried to the event. */
export const comesBack = (direction: Direction): boolean => direction === 'back' || direction === 'both';

/** The property that a change is about; `undefined` if its direction is not to be set. */
export function mappedProperty({ propertyName, kind }: PropertyChange): MappedProperty | undefined {
  const name = propertyName ?? IMPLIED[kind];
  return MAPPED_PROPERTIES.find((property) => property === name);
}

/** The kinds of change that are about one property whether they say so or not. */
const IMPLIED: Partial<Record<PropertyChange['kind'], MappedProperty>> = {
  state_change: 'state',
  severity_property_change: 'severity',
  priority_property_change: 'priority',
  user_property_change: 'assigned_user',
  group_property_change: 'assigned_group',
  annotation_property_change: 'annotation',
};
