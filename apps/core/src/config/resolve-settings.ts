import { parseSettings, type Parsed } from '@opr-connect/adapter-kit';
import type { Type } from '@nestjs/common';
import { resolveReferences, withoutConsequences } from './references';

/**
 * Turns the `settings` of a connected server, as written in the file, into its adapter's class: references resolved,
 * secrets given as references only, every field validated. No problem quotes a value.
 */
export function resolveSettings<T extends object>(
  type: Type<T>,
  raw: unknown,
  baseDir: string,
  variables: Readonly<Record<string, string | undefined>>,
): Parsed<T> {
  const { plain, problems } = resolveReferences(type, raw, { baseDir, variables });
  const parsed = parseSettings(type, plain);
  if (parsed.ok && problems.size === 0) return parsed;
  return { ok: false, problems: withoutConsequences(parsed.ok ? [] : parsed.problems, problems) };
}
