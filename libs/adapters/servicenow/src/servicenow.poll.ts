import { MisconfiguredError, type Cursor, type Json } from '@opr-connect/adapter-kit';
import { condition, type ServiceNowClient, type ServiceNowRow } from './servicenow.client';
import { property } from './servicenow.json';
import type { ServiceNowSettings } from './servicenow.settings';

const PAGE = 50;

/** A place in the order of `sys_updated_on` and `sys_id`. Times are the instance's own, and no finer than a second. */
interface Place {
  at: string;
  id: string;
}

/**
 * Walks begin anew a while before where the last one ended, because a record may become visible later than the time that it
 * carries, and another may be changed within a second that was passed. What was told before is known by its `sys_mod_count`.
 */
interface PollCursor {
  since: string;
  /** By sys_id, of every record that was updated from `since` on. */
  told: { [id: string]: { at: string; count: string } };
  /** The last row of the walk under way. */
  place?: Place;
}

export interface PolledRows {
  /** Those that changed since they were told, oldest change first. */
  rows: ServiceNowRow[];
  /** Nothing older belongs to them. */
  since: string;
  cursor: Cursor;
  more: boolean;
}

/** One page of the records of this hub that changed since the cursor; from its end backwards without one. */
export async function pollRows(
  client: ServiceNowClient,
  { table, correlationDisplay, pollOverlapSeconds }: ServiceNowSettings,
  fields: readonly string[],
  given: Cursor | undefined,
  signal: AbortSignal,
): Promise<PolledRows> {
  const ours = condition('correlation_display', correlationDisplay);
  const isOurs = (row: ServiceNowRow) => row['correlation_display'] === correlationDisplay;
  const order = ['ORDERBYsys_updated_on', 'ORDERBYsys_id'];
  const newest = async () => {
    const last = ['ORDERBYDESCsys_updated_on'];
    const [row] = await client.list(table, [ours, ...last], ['sys_updated_on'], { limit: 1 }, signal);
    return before(row?.['sys_updated_on'] ?? '', pollOverlapSeconds);
  };
  const cursor = cursorOf(given) ?? { since: await newest(), told: {} };
  const from = cursor.place ?? { at: cursor.since, id: '' };
  // Every part of a query with NQ is a query of its own, so what holds for all is said in each.
  const query = [
    ...[ours, `sys_updated_on>${from.at}`],
    ...[`NQ${ours}`, `sys_updated_on=${from.at}`, ...(from.id ? [`sys_id>${from.id}`] : []), ...order],
  ];
  const page = await client.list(table, query, fields, { limit: PAGE }, signal);
  const found = page.filter((row) => isOurs(row) && isAfter(placeOf(row), from));
  if (page.length > 0 && found.length === 0)
    throw new MisconfiguredError(
      `GET ${table}: the poll answers other records: check that the user may read correlation_display, sys_updated_on and sys_id`,
    );
  const rows = found.filter((row) => cursor.told[row['sys_id'] ?? '']?.count !== row['sys_mod_count']);
  const told = { ...cursor.told };
  for (const row of found)
    told[row['sys_id'] ?? ''] = { at: row['sys_updated_on'] ?? '', count: row['sys_mod_count'] ?? '' };
  // A page may be short because of what an ACL hides, so only an empty one is the last.
  const last = found.at(-1);
  const next = last ? { ...cursor, told, place: placeOf(last) } : ended(cursor, pollOverlapSeconds);
  return { rows, since: cursor.since, cursor: { ...next } as unknown as Json, more: last !== undefined };
}

function ended({ since, told, place }: PollCursor, overlapSeconds: number): PollCursor {
  const next = place ? before(place.at, overlapSeconds) : since;
  const kept = Object.entries(told).filter(([, { at }]) => at >= next);
  return { since: next > since ? next : since, told: Object.fromEntries(kept) };
}

const placeOf = (row: ServiceNowRow): Place => ({ at: row['sys_updated_on'] ?? '', id: row['sys_id'] ?? '' });

const isAfter = (a: Place, b: Place): boolean => a.at > b.at || (a.at === b.at && a.id > b.id);

const BEGINNING = '1970-01-01 00:00:00';

/** A time of the instance, so much earlier. */
function before(time: string, seconds: number): string {
  const at = Date.parse(`${time.replace(' ', 'T')}Z`);
  if (Number.isNaN(at)) return BEGINNING;
  return new Date(at - seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
}

function cursorOf(given: Cursor | undefined): PollCursor | undefined {
  const since = property(given, 'since');
  if (typeof since !== 'string') return undefined;
  const [at, id] = ['at', 'id'].map((name) => property(property(given, 'place'), name));
  const told = Object.entries(property(given, 'told') ?? {}).map(([key, value]: [string, unknown]) => {
    const [when, count] = [property(value, 'at'), property(value, 'count')];
    return [key, { at: String(when), count: String(count) }] as const;
  });
  const place = typeof at === 'string' && typeof id === 'string' ? { place: { at, id } } : {};
  return { since, told: Object.fromEntries(told), ...place };
}
