import { createHash } from 'node:crypto';
import type { SeenAnnotation } from '@opr-connect/adapter-kit';
import type { ServiceNowRow } from './servicenow.client';

/** One text for a record's journal. */
export interface Note {
  /** Made from what the note is about, so that a repeated write finds it again in the journal. */
  id: string;
  text: string;
  author?: string;
  /** What we tell people in ServiceNow of our own accord; no annotation of the event. */
  remark?: boolean;
}

/** The same parts always make the same id. */
export const noteId = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);

/** The last line of each note. People see it in the activity stream, so it is short. */
const FOOTER = /(?:^|\n)— ?([^\n]*?) ?\[opr(-info)?:([0-9a-f]{16})\](?:\n\n|\n|$)/g;

/** The notes as one journal entry: the Table API takes one value for a journal in a call. */
export function journalEntry(notes: readonly Note[]): string {
  return notes
    .map(({ id, text, author, remark }) => {
      const by = ['—', ...(author ? [author.replace(/\s+/g, ' ')] : []), `[opr${remark ? '-info' : ''}:${id}]`];
      return `${text.replace(/\r\n/g, '\n')}\n${by.join(' ')}`;
    })
    .join('\n\n');
}

/** Whether a journal's text holds this note. */
export const holdsNote = (journal: string, { id }: Note): boolean =>
  journal.includes(`[opr:${id}]`) || journal.includes(`[opr-info:${id}]`);

interface Part {
  text: string;
  /** Whether it ends with our footer, and of which kind. */
  ours: 'annotation' | 'remark' | undefined;
}

/** The notes that make up one entry. What stands after the last footer was added by somebody else. */
function partsOf(entry: string): Part[] {
  const value = entry.replace(/\r\n/g, '\n');
  const parts: Part[] = [];
  let start = 0;
  for (const footer of value.matchAll(FOOTER)) {
    parts.push({ text: value.slice(start, footer.index), ours: footer[2] ? 'remark' : 'annotation' });
    start = footer.index + footer[0].length;
  }
  return [...parts, { text: value.slice(start), ours: undefined }].filter(({ text }) => text.trim() !== '');
}

/**
 * The annotations that an entry of `sys_journal_field` holds: one, unless we wrote several at once. Those carry the entry's id
 * with a number behind it. Remarks of ours are no annotations.
 */
export function annotationsOf(entry: ServiceNowRow, isUs: (login: string) => boolean): SeenAnnotation[] {
  const id = entry['sys_id'] ?? '';
  const author = entry['sys_created_by'] ?? '';
  const time = isoTime(entry['sys_created_on'] ?? '');
  return partsOf(entry['value'] ?? '').flatMap(({ text, ours }, index): SeenAnnotation[] => {
    if (ours === 'remark') return [];
    return [
      {
        id: index === 0 ? id : `${id}.${index + 1}`,
        ...(author && { author }),
        text,
        ...(time && { time }),
        own: ours !== undefined || isUs(author),
      },
    ];
  });
}

/** ServiceNow tells times in UTC without saying so. */
function isoTime(value: string): string | undefined {
  const iso = `${value.replace(' ', 'T')}Z`;
  return Number.isNaN(Date.parse(iso)) ? undefined : iso;
}
