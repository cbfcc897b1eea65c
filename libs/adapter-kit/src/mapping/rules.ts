import { ValidateBy, type ValidationArguments } from 'class-validator';
import { problemOf, type Source } from './sources';

/** A template or expression that can be read. */
export const IsSource = (language: Source['language']): PropertyDecorator => {
  const problem = (value: unknown) => (typeof value === 'string' ? problemOf(language, value) : 'must be a text');
  return ValidateBy({
    name: 'isSource',
    validator: {
      validate: (value) => problem(value) === undefined,
      defaultMessage: (args?: ValidationArguments) => `$property ${problem(args?.value)}`,
    },
  });
};

/** Neither a name nor, of a map, a key is one of these. */
export const NamesNone = (names: readonly string[]): PropertyDecorator => {
  const taken = (value: unknown) => names.filter((name) => (value instanceof Map ? value.has(name) : value === name));
  return ValidateBy({
    name: 'namesNone',
    validator: {
      validate: (value) => taken(value).length === 0,
      defaultMessage: (args?: ValidationArguments) =>
        `$property must not name what the adapter fills itself: ${taken(args?.value).join(', ')}`,
    },
  });
};

/** Every value of the map is one of these words. */
export const ValuesAmong = (words: readonly string[]): PropertyDecorator =>
  ValidateBy({
    name: 'valuesAmong',
    validator: {
      validate: (map: unknown) =>
        typeof map === 'object' && map !== null && Object.values(map).every((value) => words.includes(value)),
      defaultMessage: () => `$property must have only values among ${words.join(', ')}`,
    },
  });

/**
 * For a map with keys of the user's own: class-validator judges the values of a `Map` one by one. What is no map is left for a
 * rule to refuse.
 */
export const asMapOf =
  <T>(make: (value: unknown) => T) =>
  ({ value }: { value: unknown }): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? new Map(Object.entries(value).map(([key, each]) => [key, make(each)]))
      : value;
