import { createHash } from 'node:crypto';
import type { SeenAnnotation } from '@opr-connect/adapter-kit';
import { at, textAt } from './jira.json';
import { userName } from './jira.mapping';
import { clean, cutToFit, fits, read, type Flavour } from './jira.text';

/** One text for an issue's comments. */
export interface Note {
  /** Made from what the note is about, so that a repeated write finds it again among the comments. */
  id: string;
  text: string;
  author?: string;
  /** What we tell people in Jira of our own accord; no annotation of the event. */
  remark?: boolean;
}

/** The same parts always make the same id. */
export const noteId = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);

/** The last line of each note. People see it, so it is short. */
const FOOTER = /(?:^|\n)— ?([^\n]*?) ?\[opr(-info)?:([0-9a-f]{16})\](?:\n\n|\n|$)/g;
const AUTHOR_LIMIT = 100;
/** Room for a footer, every character of it hidden by a backslash. */
const FOOTER_ROOM = 300;

/** The notes as few comments as hold them: each write to an issue counts against its limit. */
export function commentsFor(notes: readonly Note[], flavour: Flavour): string[] {
  const comments: string[] = [];
  for (const { id, text, author, remark } of notes) {
    const by = ['—', ...(author ? [author.replace(/\s+/g, ' ').slice(0, AUTHOR_LIMIT)] : [])];
    const footer = [...by, `[opr${remark ? '-info' : ''}:${id}]`].join(' ');
    const entry = clean(`${cutToFit(text, flavour, FOOTER_ROOM)}\n${footer}`);
    const joined = [...comments.slice(-1), entry].join('\n\n');
    if (comments.length > 0 && fits(joined, flavour)) comments[comments.length - 1] = joined;
    else comments.push(entry);
  }
  return comments;
}

/** The notes that none of these comments holds. */
export function notYetIn(comments: readonly unknown[], notes: readonly Note[]): Note[] {
  const text = comments.map((comment) => read(at(comment, 'body'))).join('\n');
  return notes.filter(({ id }) => !text.includes(`[opr:${id}]`) && !text.includes(`[opr-info:${id}]`));
}

/**
 * The annotations that a comment holds: one, unless we wrote several at once. Those carry the comment's id with a number behind it.
 * Remarks of ours are no annotations.
 */
export function annotationsOf(comment: unknown, isUs: (author: unknown) => boolean): SeenAnnotation[] {
  const id = textAt(comment, 'id');
  if (id === undefined) return [];
  const author = at(comment, 'author');
  const name = textAt(author, 'displayName') ?? userName(author);
  const time = isoTime(textAt(comment, 'created') ?? '');
  return partsOf(read(at(comment, 'body'))).flatMap(({ text, ours }, index): SeenAnnotation[] => {
    if (ours === 'remark') return [];
    return [
      {
        id: index === 0 ? id : `${id}.${index + 1}`,
        ...(name && { author: name }),
        text,
        ...(time && { time }),
        own: ours !== undefined || isUs(author),
      },
    ];
  });
}

interface Part {
  text: string;
  /** Whether it ends with our footer, and of which kind. */
  ours: 'annotation' | 'remark' | undefined;
}

/** The notes that make up one comment. What stands after the last footer was added by somebody else. */
function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let start = 0;
  for (const footer of text.matchAll(FOOTER)) {
    parts.push({ text: text.slice(start, footer.index), ours: footer[2] ? 'remark' : 'annotation' });
    start = footer.index + footer[0].length;
  }
  return [...parts, { text: text.slice(start), ours: undefined }].filter((part) => part.text.trim() !== '');
}

function isoTime(value: string): string | undefined {
  const time = Date.parse(value.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}
