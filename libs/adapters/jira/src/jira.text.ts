import type { Json } from '@opr-connect/adapter-kit';
import { adfToText, textToAdf } from './jira.adf';
import { textToWiki, wikiToText } from './jira.wiki';

/** Cloud is spoken to in REST v3 and documents, Data Center in REST v2 and wiki markup. */
export type Flavour = 'cloud' | 'dataCenter';

/** Descriptions and comments hold so many characters ("The entered text is too long. It exceeds the allowed limit of …"). */
export const TEXT_LIMIT = 32_767;
/** Limit of `summary`, which is one line. */
export const SUMMARY_LIMIT = 255;
export const CUT_MARK = '… (cut)';

/** XML knows no control characters but tab and line end, and half of a surrogate pair is no character. */
const NO_CHARACTER =
  /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Line ends as one character, and nothing that Jira would refuse. */
export const clean = (text: string): string => text.replace(/\r\n?/g, '\n').replace(NO_CHARACTER, '');

/** A text as Jira takes it, cut with a mark if it is too long for it. */
export function written(text: string, flavour: Flavour): Json {
  const fitting = cutToFit(text, flavour);
  return flavour === 'cloud' ? textToAdf(fitting) : textToWiki(fitting);
}

/** A text, cut with a mark if it and so many characters more are too long for Jira. */
export const cutToFit = (text: string, flavour: Flavour, room = 0): string =>
  cutTo(clean(text), TEXT_LIMIT - room, lengthIn(flavour));

const lengthIn = (flavour: Flavour): ((text: string) => number) =>
  flavour === 'cloud' ? (text) => text.length : (text) => textToWiki(text).length;

/** What `written` makes of a text, once it is read back. */
export const readBack = (text: string, flavour: Flavour): string => read(written(text, flavour));

/** A text as Jira tells it: a document of REST v3, or wiki markup. */
export const read = (value: unknown): string => (typeof value === 'string' ? wikiToText(value) : adfToText(value));

/** Whether a text goes into one field or comment. */
export const fits = (text: string, flavour: Flavour): boolean => lengthIn(flavour)(text) <= TEXT_LIMIT;

export function summary(title: string): string {
  const line = clean(title).replace(/\s+/g, ' ').trim();
  // Jira takes no issue without a summary.
  return cutTo(line || '(no title)', SUMMARY_LIMIT, (each) => each.length, '…');
}

/** The longest beginning that fits together with its mark: the length of what is written grows with the text. */
function cutTo(text: string, limit: number, lengthOf: (text: string) => number, mark = CUT_MARK): string {
  if (text.length <= limit && lengthOf(text) <= limit) return text;
  let fitting = 0;
  let tooLong = Math.min(text.length, limit) + 1;
  while (tooLong - fitting > 1) {
    const middle = Math.floor((fitting + tooLong) / 2);
    if (lengthOf(text.slice(0, middle) + mark) <= limit) fitting = middle;
    else tooLong = middle;
  }
  return text.slice(0, fitting).replace(/[\ud800-\udbff]$/, '') + mark;
}
