import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';

/** Marks fields of a settings class; a class that extends it has the mark too. */
function mark(name: string): { decorate: () => PropertyDecorator; fields: (type: Type<object>) => readonly string[] } {
  const key = Symbol(name);
  const fields = (type: Type<object>): readonly string[] => Reflect.getMetadata(key, type) ?? [];
  const decorate = (): PropertyDecorator => (target, field) => {
    const type = target.constructor as Type<object>;
    Reflect.defineMetadata(key, [...fields(type), String(field)], type);
  };
  return { decorate, fields };
}

const secret = mark('Secret');
const fromFile = mark('FromFile');

/** Marks a field of a settings class whose value is a secret: in a file it is written as `${NAME}` or `file:<path>` only. */
export const Secret = secret.decorate;

/** The fields of a settings class that are marked as secret. */
export const secretFields = secret.fields;

/** Marks a field whose value is no secret but long, such as a certificate: it may be written as `file:<path>` as well. */
export const FromFile = fromFile.decorate;

/** The fields of a settings class whose value may be written as `file:<path>`. */
export const fileFields = fromFile.fields;

export type Parsed<T> = { ok: true; value: T } | { ok: false; problems: string[] };

/**
 * Validates plain data against a settings class: unknown fields are refused, and every problem is listed as
 * `field: rule`. Values are never quoted, so that a secret cannot leak into a log.
 */
export function parseSettings<T extends object>(type: Type<T>, plain: unknown): Parsed<T> {
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain))
    return { ok: false, problems: ['must be a map of fields'] };
  const value = plainToInstance(type, plain);
  const errors = validateSync(value, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: false });
  return errors.length === 0
    ? { ok: true, value }
    : { ok: false, problems: errors.flatMap((error) => describe(error)) };
}

function describe(error: ValidationError, path = ''): string[] {
  const field =
    path + (/^\d+$/.test(error.property) && path ? `[${error.property}]` : (path ? '.' : '') + error.property);
  const own = Object.values(error.constraints ?? {}).map((rule) =>
    rule.startsWith('property ')
      ? `${field}: is not a known field`
      : `${field}: ${rule.replace(`${error.property} `, '')}`,
  );
  return [...own, ...(error.children ?? []).flatMap((child) => describe(child, field))];
}
