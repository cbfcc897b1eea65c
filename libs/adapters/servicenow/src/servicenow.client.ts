import type { HttpService } from '@nestjs/axios';
import {
  callTool,
  MisconfiguredError,
  RejectedError,
  toolHttp,
  type HttpAnswer,
  type HttpCall,
  type HttpSettings,
} from '@opr-connect/adapter-kit';
import { failureOf } from './servicenow.answers';
import { credentialsFor, type Credentials, type Login } from './servicenow.credentials';
import { parseJson, property } from './servicenow.json';

/** A row as the adapter reads it: raw values; of a reference, what it refers to. A field that was not answered is absent. */
export type ServiceNowRow = Readonly<Record<string, string | undefined>>;

/** The settings that the client needs. */
export interface Connection extends HttpSettings, Login {
  settleMs: number;
}

/** What a transform map did with a row, and its own words about it. */
export interface Imported {
  status: string;
  said: string;
}

/** The Table API and the Import Set API of one instance. Knows rows, nothing about events. */
export class ServiceNowClient {
  private readonly http: HttpService;
  private readonly credentials: Credentials;

  constructor(private readonly connection: Connection) {
    this.http = toolHttp(connection);
    this.credentials = credentialsFor(connection, this.http, connection);
  }

  /** Rows that an encoded query names. ServiceNow drops conditions it does not understand: callers check what they get. */
  async list(
    table: string,
    query: readonly string[],
    fields: readonly string[],
    page: { limit: number; offset?: number },
    signal: AbortSignal,
  ): Promise<ServiceNowRow[]> {
    const result = await this.call('GET', ['table', table], signal, {
      sysparm_query: query.join('^'),
      sysparm_fields: fields.join(','),
      sysparm_limit: String(page.limit),
      sysparm_offset: String(page.offset ?? 0),
      sysparm_no_count: 'true',
    });
    if (!Array.isArray(result)) throw this.notJson('GET', ['table', table]);
    return result.map(rowOf);
  }

  async read(table: string, id: string, fields: readonly string[], signal: AbortSignal): Promise<ServiceNowRow> {
    return rowOf(await this.call('GET', ['table', table, id], signal, { sysparm_fields: fields.join(',') }));
  }

  /** Fields in the words that people see: of a journal, all its entries in one text. */
  async display(table: string, id: string, fields: readonly string[], signal: AbortSignal): Promise<ServiceNowRow> {
    const parameters = { sysparm_fields: fields.join(','), sysparm_display_value: 'true' };
    return rowOf(await this.call('GET', ['table', table, id], signal, parameters));
  }

  async create(
    table: string,
    values: ServiceNowRow,
    fields: readonly string[],
    signal: AbortSignal,
  ): Promise<ServiceNowRow> {
    return rowOf(await this.call('POST', ['table', table], signal, { sysparm_fields: fields.join(',') }, values));
  }

  async update(
    table: string,
    id: string,
    values: ServiceNowRow,
    fields: readonly string[],
    signal: AbortSignal,
  ): Promise<ServiceNowRow> {
    return rowOf(await this.call('PATCH', ['table', table, id], signal, { sysparm_fields: fields.join(',') }, values));
  }

  /**
   * One row into a staging table, whose transform map makes it a record at once. Whatever became of it is answered with 201; the
   * `sys_id` of an ignored row is that of no record, so it is not told. Source: "Import Set API".
   */
  async import(staging: string, values: ServiceNowRow, signal: AbortSignal): Promise<Imported> {
    const result = await this.call('POST', ['import', staging], signal, {}, values);
    const [row = {}] = Array.isArray(result) ? (result as unknown[]) : [];
    const said = [property(row, 'error_message'), property(row, 'status_message')].filter((each) => each);
    return {
      status: rawOf(property(row, 'status')),
      said: said.map(rawOf).join(' ').replace(/\s+/g, ' ').slice(0, 500),
    };
  }

  private async call(
    method: 'GET' | 'POST' | 'PATCH',
    path: readonly string[],
    signal: AbortSignal,
    parameters: Record<string, string>,
    values?: ServiceNowRow,
  ): Promise<unknown> {
    const query = new URLSearchParams({ ...parameters, sysparm_exclude_reference_link: 'true' });
    const url = this.address(path);
    const body = values && JSON.stringify(values);
    const answer = await this.answerTo({ method, url: `${url}?${query}`, signal, body });
    if (answer.status < 200 || answer.status > 299)
      throw failureOf(
        { method, url, isRecord: path.length > 2, answer },
        this.credentials.hint,
        this.connection.settleMs,
      );
    const result = property(parseJson(answer.body), 'result');
    if (typeof result !== 'object' || result === null) throw this.notJson(method, path);
    return result;
  }

  /** A call that is refused for its login did nothing, so it is made once more if there can be another login. */
  private async answerTo(call: HttpCall): Promise<HttpAnswer> {
    const type = { accept: 'application/json', ...(call.body !== undefined && { 'content-type': 'application/json' }) };
    const login = await this.credentials.headers(call.signal);
    const answer = await callTool(this.http, { ...call, headers: { ...type, ...login } }, this.connection);
    if (answer.status !== 401 || !this.credentials.renew(login)) return answer;
    const renewed = await this.credentials.headers(call.signal);
    return callTool(this.http, { ...call, headers: { ...type, ...renewed } }, this.connection);
  }

  private address(path: readonly string[]): string {
    const base = this.connection.url.replace(/\/+$/, '');
    return `${base}/api/now/${path.map(encodeURIComponent).join('/')}`;
  }

  private notJson(method: string, path: readonly string[]): MisconfiguredError {
    return new MisconfiguredError(
      `${method} ${this.address(path)}: the answer is no result of the API (a log-in page, an instance that sleeps, or another server)`,
    );
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
