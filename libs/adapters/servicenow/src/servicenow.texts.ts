import { truncate } from '@opr-connect/adapter-kit';
import { TITLE_LIMIT } from './servicenow.facts';

const TITLE_LINE = 'OPR title: ';
const EVENT_LINE = 'OPR event: ';
const SPACE = '\n\n';
const OWN_FIRST_LINE = new RegExp(`^${TITLE_LINE}([^\\n]*)(?:\\n\\n|$)`);
const OWN_LAST_LINE = new RegExp(`(?:^|\\n\\n)${EVENT_LINE}[^\\n]*\\s*$`);

export const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** The title as `short_description` takes it: one line, cut with an ellipsis. */
export const shortDescription = (title: string): string => truncate(oneLine(title), { limit: TITLE_LIMIT });

/** Whether a title does not fit as it is. */
export const isCut = (title: string | undefined): boolean => oneLine(title ?? '').length > TITLE_LIMIT;

/** Whether a description's first line repeats a title that was cut. */
export const repeatsTitle = (description: string | undefined): boolean => description?.startsWith(TITLE_LINE) ?? false;

/**
 * What `description` holds: the event's, a first line with the title if that was cut, and a last line with the event's page. Where
 * that is longer than the column, the event's description is what is cut.
 */
export function fullDescription(
  event: { title?: string; description?: string; drilldownUrl?: string },
  limit = Infinity,
): string {
  const page = oneLine(event.drilldownUrl ?? '');
  const whole = isCut(event.title) && truncate(oneLine(event.title ?? ''), { limit: limit / 2 });
  const first = whole ? TITLE_LINE + whole : '';
  const last = page ? EVENT_LINE + page : '';
  const room = limit - [first, last].reduce((sum, line) => sum + (line === '' ? 0 : line.length + SPACE.length), 0);
  const parts = [first, truncate(event.description ?? '', { limit: Math.max(0, room) }), last];
  return truncate(parts.filter((part) => part !== '').join(SPACE), { limit });
}

/** The event's description: the record's without the lines that we put there. */
export const eventDescription = (description: string): string =>
  description.replace(/\r\n/g, '\n').replace(OWN_FIRST_LINE, '').replace(OWN_LAST_LINE, '');

/** The event's title: the whole one, as long as what stands in the record is what we cut it to. */
export function eventTitle(short: string, description: string): string {
  const whole = OWN_FIRST_LINE.exec(description.replace(/\r\n/g, '\n'))?.[1];
  return whole !== undefined && shortDescription(whole) === short ? whole : short;
}
