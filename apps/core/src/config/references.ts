import { fileFields, secretFields } from '@opr-connect/adapter-kit';
import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { reasonOf } from './config-error';

/** What references are resolved against. */
export interface ReferenceContext {
  /** `file:` paths are relative to it: the folder of the configuration file. */
  baseDir: string;
  variables: Readonly<Record<string, string | undefined>>;
}

export interface Resolved {
  plain: unknown;
  /** Field → what is wrong with the reference there. */
  problems: Map<string, string>;
}

const FILE = 'file:';
const SECRET_RULE = 'must be ${NAME} of an environment variable or file:<path>';
const REFERENCE = /(\$?)\$\{([^}]*)(\}?)/g;
const WHOLE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const MAX_SECRET_BYTES = 64_000;
/** A bundle of every public authority has about a quarter of this. */
const MAX_FILE_BYTES = 1_000_000;
/** Names by which an object would be changed instead of filled. */
const NEVER_A_FIELD = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Replaces `${NAME}` and `file:<path>` by what they stand for. Which fields are secret is known by the classes, so the
 * data is poured into `type` first and that instance, whatever its shape, leads the way through the plain data.
 * A field that `leave` points out is passed on as written.
 */
export function resolveReferences(
  type: Type<object>,
  raw: unknown,
  context: ReferenceContext,
  leave: (owner: unknown, field: string) => boolean = () => false,
): Resolved {
  const problems = new Map<string, string>();

  function walk(value: unknown, guide: unknown, path: string): unknown {
    if (typeof value === 'string') return attempt(path, value, () => expand(value, context));
    if (Array.isArray(value)) {
      return value.map((item, index) =>
        walk(item, Array.isArray(guide) ? guide[index] : undefined, `${path}[${index}]`),
      );
    }
    if (!isMap(value)) return value;
    const type = isMap(guide) ? (guide.constructor as Type<object>) : Object;
    const secrets = secretFields(type);
    const files = fileFields(type);
    const entries = Object.entries(value).flatMap(([field, item]): [string, unknown][] => {
      const at = path ? `${path}.${field}` : field;
      if (NEVER_A_FIELD.has(field)) problems.set(at, 'is not a known field');
      if (NEVER_A_FIELD.has(field) || item === null) return [];
      if (leave(guide, field)) return [[field, item]];
      if (secrets.includes(field)) return [[field, attempt(at, item, () => readSecret(item, context))]];
      if (files.includes(field) && typeof item === 'string' && item.startsWith(FILE))
        return [[field, attempt(at, item, () => readNamedFile(item, context, MAX_FILE_BYTES))]];
      return [[field, walk(item, isMap(guide) ? guide[field] : undefined, at)]];
    });
    return Object.fromEntries(entries);
  }

  function attempt(path: string, value: unknown, read: () => string): unknown {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof BadReference)) throw error;
      problems.set(path, error.message);
      return value;
    }
  }

  return { plain: walk(raw, isMap(raw) ? plainToInstance(type, raw) : undefined, ''), problems };
}

/** What is wrong with a reference also makes the value wrong; that is said once. */
export const withoutConsequences = (problems: readonly string[], references: ReadonlyMap<string, string>): string[] => [
  ...[...references].map(([path, rule]) => `${path}: ${rule}`),
  ...problems.filter((problem) => ![...references.keys()].some((path) => problem.startsWith(`${path}:`))),
];

class BadReference extends Error {}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function expand(value: string, { variables }: ReferenceContext): string {
  return value.replace(REFERENCE, (reference, escape: string, name: string, end: string) => {
    if (escape) return reference.slice(1);
    if (!end || !VARIABLE.test(name)) {
      throw new BadReference('has a ${ that is not ${NAME} of an environment variable; a plain one is written $${');
    }
    return readVariable(name, variables);
  });
}

function readSecret(value: unknown, context: ReferenceContext): string {
  if (typeof value !== 'string') throw new BadReference(SECRET_RULE);
  const variable = WHOLE.exec(value)?.[1];
  if (variable !== undefined) return readVariable(variable, context.variables);
  if (!value.startsWith(FILE) || value.length === FILE.length) throw new BadReference(SECRET_RULE);
  return readNamedFile(value, context, MAX_SECRET_BYTES);
}

function readVariable(name: string, variables: ReferenceContext['variables']): string {
  const value = variables[name];
  if (value === undefined || value === '') throw new BadReference(`environment variable ${name} is not set`);
  return value;
}

/** The path is not told: it is what someone wrote into a secret's field, by mistake perhaps the secret. */
function readNamedFile(reference: string, { baseDir }: ReferenceContext, maxBytes: number): string {
  const path = resolve(baseDir, reference.slice(FILE.length).trim());
  try {
    const found = statSync(path);
    if (!found.isFile()) throw new BadReference('the file that it names is not a regular file');
    if (found.size > maxBytes) throw new BadReference(`the file that it names is larger than ${maxBytes} bytes`);
    const secret = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    if (secret === '') throw new BadReference('the file that it names is empty');
    return secret;
  } catch (error) {
    if (error instanceof BadReference) throw error;
    throw new BadReference(`the file that it names cannot be read (${reasonOf(error)})`);
  }
}
