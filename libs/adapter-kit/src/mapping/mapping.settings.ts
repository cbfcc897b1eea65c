import type { Type } from '@nestjs/common';
import {
  LIFECYCLE_STATES,
  PRIORITIES,
  SEVERITIES,
  type LifecycleState,
  type Priority,
  type Severity,
} from '@opr-connect/opr';
import { Transform } from 'class-transformer';
import { Allow, IsIn, IsNotEmpty, IsString, Matches, ValidateNested } from 'class-validator';
import type { Json } from '../adapter';
import { AnyMap, MapOf, Optional } from '../fields';
import { directionsWithin, MAPPED_PROPERTIES, type Direction, type MappedProperty } from './direction';
import { asMapOf, IsSource, NamesNone, ValuesAmong } from './rules';
import type { TextLimit } from './text';
import type { TableFacts, TableSettings } from './value-table';

/** What an adapter knows of its tool: the ground on which the settings of a server are judged, and what holds without them. */
export interface ToolFacts {
  /** For each property the most that the adapter can do. */
  directions: Readonly<Record<MappedProperty, Direction>>;
  /** Where less than the most is done unless the settings say otherwise. */
  unlessTold?: Readonly<Partial<Record<MappedProperty, Direction>>>;
  /** The most that it can do with a custom attribute that is given a field. Default: `none`. */
  customAttributes?: Direction;
  severity?: TableFacts<Severity>;
  priority?: TableFacts<Priority>;
  state?: TableFacts<LifecycleState>;
  title?: TextLimit;
  description?: TextLimit;
  /** Fields of the tool that the adapter fills itself. */
  ownFields?: readonly string[];
}

/** A field of the tool that has no property of its own. */
export class ExtraField {
  /** Its value, whatever JSON the tool takes there. */
  @Allow()
  constant?: Json;

  /** A JSONata expression of its value. Its input is a map with `event`. Where nothing comes out the field is not sent. */
  @Optional()
  @IsSource('jsonata')
  jsonata?: string;
}

/** Where a custom attribute goes. */
export abstract class CustomAttributeField {
  /** The tool's name of the field. */
  field: string;

  /** Which way its value goes. */
  direction: Direction;
}

/**
 * The `mapping:` of a connected server: how events are told in the words of its tool. Everything may be left out; then the
 * adapter's own mapping holds. `mappingSettings` makes the class for one tool, which refuses what that tool cannot do.
 */
export abstract class MappingSettings {
  /** For each property which way it goes. A property that is left out goes every way that the adapter can. */
  directions?: Partial<Record<MappedProperty, Direction>>;

  /** OPR severity → the tool's value, and back. Words that are left out go where the adapter sends them. */
  severity?: TableSettings<Severity>;

  /** OPR priority → the tool's value, and back. */
  priority?: TableSettings<Priority>;

  /** Lifecycle state → the tool's value, and back. */
  state?: TableSettings<LifecycleState>;

  /** Custom attributes by name, and the field of the tool that each goes to. Others do not go. */
  customAttributes?: ReadonlyMap<string, CustomAttributeField>;

  /** Fields of a new record that no property fills: a constant, or `{ jsonata: … }`. */
  fields?: ReadonlyMap<string, ExtraField>;

  /** The title in the tool, as a LiquidJS template over `event`. Default: the event's title. */
  @Optional()
  @IsSource('liquid')
  titleTemplate?: string;

  /** The description in the tool, as a LiquidJS template over `event`. Default: the event's description. */
  @Optional()
  @IsSource('liquid')
  descriptionTemplate?: string;
}

/**
 * The class of the settings `mapping:` for one tool. What depends on the tool is decorated here and only here: class-validator lets
 * a rule of a subclass replace what the field inherits.
 */
export function mappingSettings(tool: ToolFacts): Type<MappingSettings> {
  class Directions {}
  for (const property of MAPPED_PROPERTIES)
    decorate(Directions, property, Optional(), IsOneOf(directionsWithin(tool.directions[property])));

  class Mapping extends MappingSettings {}
  decorate(
    Mapping,
    'directions',
    Optional(),
    MapOf(() => Directions),
  );
  const { severity, priority, state, ownFields = [], customAttributes = 'none' } = tool;
  if (severity)
    decorate(
      Mapping,
      'severity',
      Optional(),
      MapOf(() => tableClass(SEVERITIES, severity)),
    );
  if (priority)
    decorate(
      Mapping,
      'priority',
      Optional(),
      MapOf(() => tableClass(PRIORITIES, priority)),
    );
  if (state)
    decorate(
      Mapping,
      'state',
      Optional(),
      MapOf(() => tableClass(LIFECYCLE_STATES, state)),
    );
  decorate(Mapping, 'fields', ...NamedFields(fieldOf), NamesNone(ownFields));
  if (customAttributes !== 'none') {
    class Attribute extends CustomAttributeField {}
    decorate(Attribute, 'direction', IsOneOf(directionsWithin(customAttributes)));
    decorate(Attribute, 'field', ...filledText, NamesNone(ownFields));
    decorate(Mapping, 'customAttributes', ...NamedFields((value) => Object.assign(new Attribute(), value)));
  }
  return Mapping;
}

function tableClass<Word extends string>(words: readonly Word[], { value }: TableFacts<Word>): new () => object {
  class Words {}
  // YAML reads 1 as a number; the tool is sent texts.
  const asText = Transform(({ value: given }: { value: unknown }) =>
    typeof given === 'number' ? String(given) : given,
  );
  const rules = value ? [Matches(value.pattern, { message: `$property must be ${value.rule}` })] : filledText;
  for (const word of words) decorate(Words, word, Optional(), asText, ...rules);

  class Table {}
  decorate(
    Table,
    'out',
    Optional(),
    MapOf(() => Words),
  );
  decorate(Table, 'back', Optional(), AnyMap(), ValuesAmong(words));
  return Table;
}

const filledText = [
  IsString({ message: '$property must be a text' }),
  IsNotEmpty({ message: '$property must not be empty' }),
];

/** A map with names of the user's own, each value judged by itself. */
const NamedFields = (make: (value: unknown) => object): PropertyDecorator[] => [
  Optional(),
  Transform(asMapOf(make)),
  AnyMap(),
  ValidateNested({ message: '$property must be a map of fields' }),
];

/** A constant is written as it is; a map with `jsonata` is an expression. */
const fieldOf = (value: unknown): ExtraField =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, 'jsonata')
    ? Object.assign(new ExtraField(), value)
    : Object.assign(new ExtraField(), { constant: value });

const IsOneOf = (words: readonly string[]): PropertyDecorator =>
  IsIn(words, { message: `$property must be ${words.length > 1 ? 'one of ' : ''}${words.join(', ')}` });

function decorate(type: new () => object, field: string, ...decorators: PropertyDecorator[]): void {
  for (const apply of decorators) apply(type.prototype as object, field);
}
