/** What a tool counts when it limits a text: code units (most tools, written in Java or JavaScript), characters, or UTF-8 bytes. */
export type TextUnit = 'utf16' | 'codePoints' | 'bytes';

export interface TextLimit {
  limit: number;
  /** Default: `utf16`. */
  unit?: TextUnit;
}

const MARK = '…';

/**
 * The text if it fits, else its beginning with the mark `…` at its end, the two together not longer than the limit. A character
 * is never split, be it of two code units or of four bytes. Where not even the mark fits there is none.
 */
export function truncate(text: string, { limit, unit = 'utf16' }: TextLimit): string {
  if (lengthOf(text, unit) <= limit) return text;
  const mark = lengthOf(MARK, unit) <= limit ? MARK : '';
  let room = limit - lengthOf(mark, unit);
  let end = 0;
  for (const character of text) {
    room -= lengthOf(character, unit);
    if (room < 0) break;
    end += character.length;
  }
  return text.slice(0, end) + mark;
}

/** The length of a text as a tool counts it. */
export function lengthOf(text: string, unit: TextUnit): number {
  switch (unit) {
    case 'utf16':
      return text.length;
    case 'codePoints':
      return Array.from(text).length;
    case 'bytes':
      return Buffer.byteLength(text);
  }
}
