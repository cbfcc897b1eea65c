import { select, show, type View } from './fake-query';
import type { FakeImports } from './fake-import';
import { isTask } from './fake-kinds';
import { COLUMNS, Refusal, type FakeTables, type Row } from './fake-tables';

export interface ApiCall {
  method: string;
  url: URL;
  body: string;
  /** The login that was authenticated. */
  by: string;
  ignoreQuery: boolean;
  hidden: boolean;
  /** A query does not find records that are younger. */
  lagMs: number;
}

export interface ApiAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export const TABLE_PATH = /^\/api\/now(?:\/v\d+)?\/table\/([a-z0-9_]+)(?:\/([^/]+))?$/;

export const errorAnswer = (status: number, message: string, detail: string | null): ApiAnswer => ({
  status,
  headers: {},
  body: JSON.stringify({ error: { message, detail }, status: 'failure' }),
});

const answer = (status: number, result: unknown, headers: Record<string, string> = {}): ApiAnswer => ({
  status,
  headers,
  body: JSON.stringify({ result }),
});

const missing = () => errorAnswer(404, 'No Record found', "Record doesn't exist or ACL restricts the record retrieval");

/** The Table API, as far as an integration of incidents uses it. */
export function tableApi(tables: FakeTables, call: ApiCall): ApiAnswer {
  const [, table = '', id] = TABLE_PATH.exec(call.url.pathname) ?? [];
  if (!COLUMNS[table]) return errorAnswer(400, `Invalid table ${table}`, null);
  try {
    if (call.method === 'GET') return id === undefined ? list(tables, table, call) : read(tables, table, id, call);
    if (!isTask(table)) return errorAnswer(403, 'Operation Failed', 'ACL Exception Insert Failed');
    if (call.method === 'POST' && id === undefined) return create(tables, table, call);
    if ((call.method === 'PATCH' || call.method === 'PUT') && id !== undefined) return update(tables, table, id, call);
    return errorAnswer(405, 'Method not supported', call.method);
  } catch (refusal) {
    if (refusal instanceof Refusal) return errorAnswer(refusal.status, refusal.message, refusal.detail);
    throw refusal;
  }
}

function viewOf(url: URL): View {
  const display = url.searchParams.get('sysparm_display_value');
  return {
    fields: url.searchParams.get('sysparm_fields')?.split(','),
    displayValue: display === 'true' || display === 'all' ? display : 'false',
    excludeReferenceLink: url.searchParams.get('sysparm_exclude_reference_link') === 'true',
    origin: url.origin,
  };
}

function list(tables: FakeTables, table: string, { url, ignoreQuery, hidden, lagMs }: ApiCall): ApiAnswer {
  const rows = hidden ? [] : tables.table(table).filter((row) => !tables.isYounger(row, lagMs));
  const found = select(table, rows, ignoreQuery ? '' : (url.searchParams.get('sysparm_query') ?? ''));
  const offset = Number(url.searchParams.get('sysparm_offset') ?? 0);
  const limit = Number(url.searchParams.get('sysparm_limit') ?? 10_000);
  const page = found.slice(offset, offset + limit).map((row) => show(tables, table, row, viewOf(url)));
  const at = (rel: string, start: number) => {
    const target = new URL(url);
    target.searchParams.set('sysparm_offset', String(start));
    return `<${target.href}>;rel="${rel}"`;
  };
  const links = [
    at('first', 0),
    at('prev', offset - limit < 0 ? -1 : offset - limit),
    ...(offset + limit < found.length ? [at('next', offset + limit)] : []),
  ];
  return answer(200, page, { 'X-Total-Count': String(found.length), Link: links.join(',') });
}

function read(tables: FakeTables, table: string, id: string, { url, hidden }: ApiCall): ApiAnswer {
  const row = hidden ? undefined : tables.table(table).find((each) => each['sys_id'] === id);
  return row ? answer(200, show(tables, table, row, viewOf(url))) : missing();
}

function create(tables: FakeTables, table: string, { url, body, by }: ApiCall): ApiAnswer {
  const row = tables.insert(fieldsOf(body), by, table);
  const location = `${url.origin}/api/now/table/${table}/${row['sys_id']}`;
  return answer(201, show(tables, table, row, viewOf(url)), { Location: location });
}

function update(tables: FakeTables, table: string, id: string, { url, body, by, hidden }: ApiCall): ApiAnswer {
  const row = hidden ? undefined : tables.table(table).find((each) => each['sys_id'] === id);
  if (!row) return missing();
  return answer(200, show(tables, table, tables.update(row, fieldsOf(body), by), viewOf(url)));
}

export const IMPORT_PATH = /^\/api\/now(?:\/v\d+)?\/import\/([a-z0-9_]+)$/;

/** The Import Set API. */
export function importApi(imports: FakeImports, { method, url, body, by }: ApiCall): ApiAnswer {
  const [, staging = ''] = IMPORT_PATH.exec(url.pathname) ?? [];
  if (method !== 'POST') return errorAnswer(405, 'Method not supported', method);
  try {
    const loaded = imports.load(staging, fieldsOf(body), by, url.origin);
    if (!loaded) return errorAnswer(400, `Invalid staging table ${staging}`, null);
    return { status: 201, headers: {}, body: JSON.stringify(loaded) };
  } catch (refusal) {
    if (refusal instanceof Refusal) return errorAnswer(refusal.status, refusal.message, refusal.detail);
    throw refusal;
  }
}

/** Of an array only the first element counts. */
function fieldsOf(body: string): Row {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw new Refusal(400, 'Exception while reading request', 'The payload is not valid JSON.');
  }
  const first: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  if (typeof first !== 'object' || first === null) throw new Refusal(400, 'Exception while reading request', '');
  return Object.fromEntries(Object.entries(first).map(([name, value]) => [name, value === null ? '' : String(value)]));
}
