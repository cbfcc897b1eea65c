/**
 * A value as PostgreSQL takes it as jsonb, which refuses two things that JavaScript's strings may hold: U+0000, and half of a
 * surrogate pair. Both become U+FFFD.
 */
export function toJson(value: unknown): string {
  const json = JSON.stringify(value);
  return UNSTORABLE.test(json)
    ? JSON.stringify(value, (_key, part: unknown) => (typeof part === 'string' ? storable(part) : part))
    : json;
}

const UNSTORABLE = /\\u(0000|d[89a-f])/i;

const LONE = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** A text as PostgreSQL takes it, by the same rule. */
export const storable = (text: string): string => text.replace(LONE, '\uFFFD');
