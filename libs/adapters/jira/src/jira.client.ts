import type { HttpService } from '@nestjs/axios';
import {
  basicAuthorization,
  callTool,
  MisconfiguredError,
  OutcomeUnknownError,
  toolHttp,
  TransientError,
  type HttpAnswer,
  type HttpCall,
  type HttpSettings,
  type Json,
} from '@opr-connect/adapter-kit';
import { failureOf, type Subject } from './jira.answers';
import { at, isObject, listAt, numberAt, parseJson, textAt, type JsonObject } from './jira.json';
import type { Flavour } from './jira.text';

export interface Connection extends HttpSettings {
  /** Where the REST API is, which under a service account is not where people look at issues. */
  apiUrl: string;
  /** With it `token` is an API token (Basic), without it a personal access token (Bearer). */
  user?: string;
  token: string;
  settleMs: number;
}

/** An issue as Jira tells it. */
export interface JiraIssue {
  /** The number that never changes. */
  id: string;
  /** Changes when the issue is moved to another project. */
  key: string;
  fields: JsonObject;
  /** The entity properties that were asked for. */
  properties: JsonObject;
}

export interface JiraPage {
  issues: JiraIssue[];
  /** What to ask for next; `undefined` after the last page. */
  next?: string;
}

type Query = Readonly<Record<string, string>>;

const COMMENT_PAGE = 100;
const COMMENT_PAGES = 10;

/** The REST API of one Jira site. Knows issues, nothing about events. */
export class JiraClient {
  private readonly http: HttpService;
  private known: Flavour | undefined;

  constructor(private readonly connection: Connection) {
    this.http = toolHttp(connection);
  }

  /** What this site is, asked once. `serverInfo` of REST v2 is there on both. */
  async flavour(signal: AbortSignal): Promise<Flavour> {
    if (this.known) return this.known;
    const info = await this.call('GET', '/rest/api/2/serverInfo', signal, { subject: 'site' });
    this.known = textAt(info, 'deploymentType') === 'Cloud' ? 'cloud' : 'dataCenter';
    return this.known;
  }

  async get(path: readonly string[], query: Query, signal: AbortSignal, subject: Subject = 'site'): Promise<unknown> {
    return this.call('GET', await this.address(path, signal), signal, { query, subject });
  }

  async send(
    method: 'POST' | 'PUT' | 'DELETE',
    path: readonly string[],
    body: Json | undefined,
    signal: AbortSignal,
    subject: Subject = 'issue',
  ): Promise<unknown> {
    return this.call(method, await this.address(path, signal), signal, { body, subject });
  }

  /** The id of the new issue. */
  async create(
    fields: { [name: string]: Json },
    properties: { [key: string]: Json },
    signal: AbortSignal,
  ): Promise<string> {
    const list = Object.entries(properties).map(([key, value]) => ({ key, value }));
    const answer = await this.send('POST', ['issue'], { fields, properties: list }, signal, 'create');
    const id = textAt(answer, 'id');
    if (id === undefined) throw this.notJira('POST /issue');
    return id;
  }

  async read(id: string, fields: readonly string[], property: string, signal: AbortSignal): Promise<JiraIssue> {
    const query = { fields: fields.join(','), properties: property };
    const issue = issueOf(await this.get(['issue', id], query, signal, 'issue'));
    if (!issue) throw this.notJira(`GET /issue/${id}`);
    return issue;
  }

  /** One page of what a JQL query finds. `reconcile`: ids that Cloud is to look at although its index may not know them yet. */
  async search(
    jql: string,
    fields: readonly string[],
    page: { size: number; at?: string; reconcile?: readonly string[] },
    signal: AbortSignal,
  ): Promise<JiraPage> {
    return (await this.flavour(signal)) === 'cloud'
      ? this.searchCloud(jql, fields, page, signal)
      : this.searchDataCenter(jql, fields, page, signal);
  }

  /** All comments of an issue, oldest first; of very many the newest thousand. */
  async comments(id: string, signal: AbortSignal): Promise<unknown[]> {
    const found = new Map<string, unknown>();
    for (let page = 0; page < COMMENT_PAGES; page += 1) {
      const query = { startAt: String(page * COMMENT_PAGE), maxResults: String(COMMENT_PAGE), orderBy: '-created' };
      const answer = await this.get(['issue', id, 'comment'], query, signal, 'issue');
      const comments = listAt(answer, 'comments');
      for (const comment of comments) found.set(textAt(comment, 'id') ?? '', comment);
      if (comments.length < COMMENT_PAGE) break;
    }
    return [...found.values()].reverse();
  }

  /** Without `total` and `startAt`: a page names the next one ("Issue search", `POST /rest/api/3/search/jql`). */
  private async searchCloud(
    jql: string,
    fields: readonly string[],
    { size, at: token, reconcile = [] }: { size: number; at?: string; reconcile?: readonly string[] },
    signal: AbortSignal,
  ): Promise<JiraPage> {
    const ids = reconcile.map(Number).filter(Number.isSafeInteger).slice(0, 50);
    const body: Json = {
      ...{ jql, fields: [...fields], maxResults: size },
      ...(token !== undefined && { nextPageToken: token }),
      ...(ids.length > 0 && { reconcileIssues: ids }),
    };
    const address = await this.address(['search', 'jql'], signal);
    const answer = await this.call('POST', address, signal, { body, subject: 'site', reads: true });
    const next = textAt(answer, 'nextPageToken');
    return { issues: this.issuesOf(answer), ...(next && at(answer, 'isLast') !== true && { next }) };
  }

  private async searchDataCenter(
    jql: string,
    fields: readonly string[],
    { size, at: start = '0' }: { size: number; at?: string },
    signal: AbortSignal,
  ): Promise<JiraPage> {
    const body: Json = { jql, fields: [...fields], maxResults: size, startAt: Number(start) };
    const address = await this.address(['search'], signal);
    const answer = await this.call('POST', address, signal, { body, subject: 'site', reads: true });
    const issues = this.issuesOf(answer);
    // The site may give smaller pages than asked for.
    const end = Number(start) + issues.length;
    const more = issues.length > 0 && end < (numberAt(answer, 'total') ?? 0);
    return { issues, ...(more && { next: String(end) }) };
  }

  private issuesOf(answer: unknown): JiraIssue[] {
    if (!Array.isArray(at(answer, 'issues'))) throw this.notJira('POST /search');
    return listAt(answer, 'issues').flatMap((each) => issueOf(each) ?? []);
  }

  private async address(path: readonly string[], signal: AbortSignal): Promise<string> {
    const version = (await this.flavour(signal)) === 'cloud' ? 3 : 2;
    return `/rest/api/${version}/${path.map(encodeURIComponent).join('/')}`;
  }

  /** `reads`: the call changes nothing, whatever its method is. */
  private async call(
    method: HttpCall['method'],
    path: string,
    signal: AbortSignal,
    {
      query,
      body,
      subject,
      reads = method === 'GET',
    }: { query?: Query; body?: Json; subject: Subject; reads?: boolean },
  ): Promise<unknown> {
    const { apiUrl, settleMs } = this.connection;
    const address = apiUrl.replace(/\/+$/, '') + path;
    const call: HttpCall = {
      ...{ method, url: query ? `${address}?${new URLSearchParams(query)}` : address, signal },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      headers: {
        authorization: this.authorization,
        accept: 'application/json',
        // Data Center takes a write without it for one that a browser was tricked into.
        ...(method !== 'GET' && { 'x-atlassian-token': 'no-check' }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
    };
    const what = `${method} ${address}`;
    const answer = await this.answerTo(call, reads);
    if (answer.status < 200 || answer.status > 299) throw failureOf({ what, reads, subject }, answer, settleMs);
    if (answer.status === 204 || answer.body === '') return undefined;
    const told = parseJson(answer.body);
    if (!isObject(told) && !Array.isArray(told)) throw this.notJira(what);
    return told;
  }

  private async answerTo(call: HttpCall, reads: boolean): Promise<HttpAnswer> {
    try {
      return await callTool(this.http, call, this.connection);
    } catch (error) {
      // Searches are asked by POST, and change nothing.
      if (reads && error instanceof OutcomeUnknownError) throw new TransientError(error.message, { cause: error });
      throw error;
    }
  }

  private get authorization(): string {
    const { user, token } = this.connection;
    return user === undefined ? `Bearer ${token}` : basicAuthorization(user, token);
  }

  private notJira(what: string): MisconfiguredError {
    return new MisconfiguredError(
      `${what}: the answer is not what Jira answers (a log-in page, a proxy, or another server): check url and apiUrl`,
    );
  }
}

function issueOf(value: unknown): JiraIssue | undefined {
  const [id, key, fields, properties] = ['id', 'key', 'fields', 'properties'].map((name) => at(value, name));
  if (typeof id !== 'string' || typeof key !== 'string') return undefined;
  return { id, key, fields: isObject(fields) ? fields : {}, properties: isObject(properties) ? properties : {} };
}
