export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * What stands at this path of own properties, `undefined` if nothing does. Change logs of Jira have a field `toString`, which
 * every object inherits, so only own properties count.
 */
export const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((held, name) => (isObject(held) && Object.hasOwn(held, name) ? held[name] : undefined), value);

/** The text at this path. */
export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const held = at(value, ...path);
  return typeof held === 'string' ? held : undefined;
}

/** The number at this path. */
export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const held = at(value, ...path);
  return typeof held === 'number' ? held : undefined;
}

/** The list at this path; an empty one if there is none. */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const held = at(value, ...path);
  return Array.isArray(held) ? held : [];
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `undefined` unless the text is JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
