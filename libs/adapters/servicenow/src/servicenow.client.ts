import type { HttpService } from '@nestjs/axios';
import {
  basicAuthorization,
  callTool,
  DEFAULT_HTTP_LIMITS,
  GoneError,
  MisconfiguredError,
  OutcomeUnknownError,
  RejectedError,
  retryAfterMs,
  TransientError,
  type HttpAnswer,
  type HttpCall,
} from '@opr-connect/adapter-kit';

/** A row as the adapter reads it: raw values; of a reference, what it refers to. A field that was not answered is absent. */
export type ServiceNowRow = Readonly<Record<string, string | undefined>>;

export interface Connection {
  url: string;
  user: string;
  password: string;
  timeoutMs: number;
  settleMs: number;
}

/** What becomes of a call that was not answered with success. `busy` concerns the whole instance. */
type Outcome = 'transient' | 'busy' | 'unknown' | 'rejected' | 'gone' | 'misconfigured';

export interface AnswerRule {
  /** From … to, both included. */
  status: readonly [number, number];
  /** Only if the tool's own message matches. */
  says?: RegExp;
  /** Only for calls that name one record, or only for those that name a table. */
  of?: 'record' | 'table';
  read: Outcome;
  write: Outcome;
  hint?: string;
}

const only = (status: number): readonly [number, number] => [status, status];

/**
 * What we make of an answer; the first row that fits counts. Source: ServiceNow product documentation, "Table API" and "REST
 * API HTTP response codes" (statuses), "Inbound REST API rate limiting" (429); the wording of 401, 403 and 404 as instances
 * answer it. The manual, `docs/servicenow.md`, has the same table in words.
 */
export const ANSWERS: readonly AnswerRule[] = [
  {
    ...{ status: [300, 399], read: 'misconfigured', write: 'misconfigured' },
    hint: 'redirects are not followed: check the URL',
  },
  { status: only(400), says: /invalid table|represent any resource/i, read: 'misconfigured', write: 'misconfigured' },
  { status: only(400), read: 'rejected', write: 'rejected' },
  { status: only(401), read: 'misconfigured', write: 'misconfigured', hint: 'check user and password' },
  {
    ...{ status: only(403), says: /user not authorized/i, read: 'misconfigured', write: 'misconfigured' },
    hint: 'check the roles of the user',
  },
  { status: only(403), read: 'rejected', write: 'rejected' },
  {
    ...{ status: only(404), of: 'record', read: 'gone', write: 'gone' },
    hint: 'the record was deleted, or an ACL hides it from the user',
  },
  { status: only(404), read: 'misconfigured', write: 'misconfigured', hint: 'check URL and table' },
  { status: [405, 406], read: 'misconfigured', write: 'misconfigured', hint: 'check the URL' },
  { status: only(408), read: 'transient', write: 'unknown' },
  { status: only(415), read: 'misconfigured', write: 'misconfigured', hint: 'check the URL' },
  { status: only(429), read: 'busy', write: 'busy' },
  { status: [400, 499], read: 'rejected', write: 'rejected' },
  // A proxy may say so after the instance has done it.
  { status: only(503), read: 'busy', write: 'unknown' },
  { status: [500, 599], read: 'transient', write: 'unknown' },
];

const TEXT_LIMIT = 500;

/** The Table API of one instance. Knows rows, nothing about events. */
export class ServiceNowClient {
  constructor(
    private readonly http: HttpService,
    private readonly connection: Connection,
  ) {}

  /** Rows that an encoded query names. ServiceNow drops conditions it does not understand: callers check what they get. */
  async list(
    table: string,
    query: readonly string[],
    fields: readonly string[],
    page: { limit: number; offset?: number },
    signal: AbortSignal,
  ): Promise<ServiceNowRow[]> {
    const result = await this.call('GET', [table], signal, {
      sysparm_query: query.join('^'),
      sysparm_fields: fields.join(','),
      sysparm_limit: String(page.limit),
      sysparm_offset: String(page.offset ?? 0),
      sysparm_no_count: 'true',
    });
    if (!Array.isArray(result)) throw this.notJson('GET', [table]);
    return result.map(rowOf);
  }

  async read(table: string, id: string, fields: readonly string[], signal: AbortSignal): Promise<ServiceNowRow> {
    return rowOf(await this.call('GET', [table, id], signal, { sysparm_fields: fields.join(',') }));
  }

  /** Fields in the words that people see: of a journal, all its entries in one text. */
  async display(table: string, id: string, fields: readonly string[], signal: AbortSignal): Promise<ServiceNowRow> {
    const parameters = { sysparm_fields: fields.join(','), sysparm_display_value: 'true' };
    return rowOf(await this.call('GET', [table, id], signal, parameters));
  }

  async create(
    table: string,
    values: ServiceNowRow,
    fields: readonly string[],
    signal: AbortSignal,
  ): Promise<ServiceNowRow> {
    return rowOf(await this.call('POST', [table], signal, { sysparm_fields: fields.join(',') }, values));
  }

  async update(
    table: string,
    id: string,
    values: ServiceNowRow,
    fields: readonly string[],
    signal: AbortSignal,
  ): Promise<ServiceNowRow> {
    return rowOf(await this.call('PATCH', [table, id], signal, { sysparm_fields: fields.join(',') }, values));
  }

  private async call(
    method: 'GET' | 'POST' | 'PATCH',
    path: readonly string[],
    signal: AbortSignal,
    parameters: Record<string, string>,
    values?: ServiceNowRow,
  ): Promise<unknown> {
    const query = new URLSearchParams({ ...parameters, sysparm_exclude_reference_link: 'true' });
    const body = values && JSON.stringify(values);
    const call: HttpCall = {
      ...{ method, url: `${this.address(path)}?${query}`, signal, body },
      headers: {
        authorization: basicAuthorization(this.connection.user, this.connection.password),
        accept: 'application/json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
    };
    const { timeoutMs, settleMs } = this.connection;
    const answer = await callTool(this.http, call, { ...DEFAULT_HTTP_LIMITS, timeoutMs, settleMs });
    if (answer.status < 200 || answer.status > 299) throw this.failure(method, path, answer);
    const result = property(parse(answer.body), 'result');
    if (typeof result !== 'object' || result === null) throw this.notJson(method, path);
    return result;
  }

  private address(path: readonly string[]): string {
    const base = this.connection.url.replace(/\/+$/, '');
    return `${base}/api/now/table/${path.map(encodeURIComponent).join('/')}`;
  }

  private notJson(method: string, path: readonly string[]): MisconfiguredError {
    return new MisconfiguredError(
      `${method} ${this.address(path)}: the answer is no result of the Table API (a log-in page, an instance that sleeps, or another server)`,
    );
  }

  private failure(method: string, path: readonly string[], answer: HttpAnswer): Error {
    const said = wordsOf(answer.body);
    const rule = ANSWERS.find(
      ({ status: [from, to], says, of }) =>
        answer.status >= from &&
        answer.status <= to &&
        (!says || says.test(said)) &&
        (!of || (of === 'record') === path.length > 1),
    );
    const text = [`${method} ${this.address(path)}: ${answer.status}`, said, rule?.hint].filter(Boolean).join(' – ');
    const outcome = rule ? (method === 'GET' ? rule.read : rule.write) : 'misconfigured';
    const wait = retryAfterMs(answer.headers);
    switch (outcome) {
      case 'transient':
        return new TransientError(text);
      case 'busy':
        return new TransientError(text, { scope: 'server', retryAfterMs: wait });
      case 'unknown':
        return new OutcomeUnknownError(text, { settleMs: Math.max(this.connection.settleMs, wait ?? 0) });
      case 'rejected':
        return new RejectedError(text);
      case 'gone':
        return new GoneError(text);
      case 'misconfigured':
        return new MisconfiguredError(text);
    }
  }
}

/**
 * One condition of an encoded query. `^` would end it and start another, and `javascript:` is run by the instance
 * ("Encoded query strings"), so a value with either is refused.
 */
export function condition(field: string, value: string): string {
  if (!isQueryable(value)) throw new RejectedError(`${field}: a value with ^ or javascript: cannot be looked up`);
  return `${field}=${value}`;
}

export const isQueryable = (value: string): boolean => !/[\^\r\n]|^\s*javascript:/i.test(value);

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
}

/** The tool's own `error.message` and `error.detail`, on one line. */
function wordsOf(body: string): string {
  const error = property(parse(body), 'error');
  const parts = [property(error, 'message'), property(error, 'detail')];
  const text = parts.filter((part) => typeof part === 'string' && part !== '').join(': ');
  return text.replace(/\s+/g, ' ').trim().slice(0, TEXT_LIMIT);
}

function rowOf(result: unknown): ServiceNowRow {
  const entries = typeof result === 'object' && result !== null ? Object.entries(result) : [];
  return Object.fromEntries(entries.map(([name, value]: [string, unknown]) => [name, rawOf(value)]));
}

/** A value comes plain or, of a reference, as `{ link, value }` or `{ display_value, link }`. */
function rawOf(value: unknown): string {
  if (typeof value === 'object' && value !== null)
    return rawOf(property(value, 'value') ?? property(value, 'display_value'));
  return value === null || value === undefined ? '' : String(value);
}
