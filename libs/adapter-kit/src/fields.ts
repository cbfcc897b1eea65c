import { Transform, Type } from 'class-transformer';
import { ArrayNotEmpty, IsArray, ValidateBy, ValidateIf, ValidateNested } from 'class-validator';

/**
 * Decorators that say what a field of the configuration is, with messages for the person who wrote the file.
 * class-validator takes a list where a map is due for an empty map; these do not.
 */
const isMap = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);

const all =
  (decorators: PropertyDecorator[]): PropertyDecorator =>
  (target, field) => {
    for (const decorate of decorators) decorate(target, field);
  };

const mustBeMap = (options: { each?: boolean; message: string }) =>
  ValidateBy({ name: 'isMap', validator: { validate: isMap } }, options);

/** May be left out. Unlike IsOptional it does not let null pass for a value. */
export const Optional = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);

/** A map of the fields of `type`. */
export const MapOf = (type: () => new () => object): PropertyDecorator =>
  all([Type(type), mustBeMap({ message: '$property must be a map of fields' }), ValidateNested()]);

/** A map whose fields are not ours to judge. */
export const AnyMap = (): PropertyDecorator => mustBeMap({ message: '$property must be a map of fields' });

/** A list of maps of the fields of `type`. */
export const ListOf = (type: () => new () => object): PropertyDecorator =>
  all([
    Type(type),
    IsArray({ message: '$property must be a list' }),
    mustBeMap({ each: true, message: '$property must be a list of maps' }),
    ValidateNested({ each: true, message: '$property must be a list of maps' }),
  ]);

/** One value or a list of them; always a list once it is read. */
export const OneOrMore = (): PropertyDecorator =>
  all([
    Transform(({ value }: { value: unknown }) => (value === undefined || Array.isArray(value) ? value : [value])),
    ArrayNotEmpty({ message: '$property must not be an empty list' }),
  ]);
