import type { IncomingMessage, ServerResponse } from 'node:http';
import { FakeFaults, FakeServer, received, type FakeAnswer, type ReceivedCall } from '@opr-connect/adapter-kit/testing';
import { control } from './fake-control';
import type { CustomField, FakeSite } from './fake-fields';
import { FakeWriteLimits, limitHeaders, type Fault } from './fake-faults';
import { FakeHooks, type HookTarget } from './fake-hooks';
import { FakeIssues, Refusal, type FakeIssue } from './fake-issues';
import { FakeJson } from './fake-json';
import { issuePage, listPage, loginPage, missingPage } from './fake-pages';
import { personIn, type Person } from './fake-people';
import { restApi } from './fake-rest';
import { FakeIndex } from './fake-search';
import { FakeWorkflow } from './fake-workflow';

export interface FakeJiraOptions {
  /** 0, the default, takes a free one. */
  port?: number;
  flavour?: 'cloud' | 'dataCenter';
  /** The integration user: login, which on Cloud is also told as `<login>@example.com`. */
  user: string;
  /** API token (Cloud, with the mail address of the user) or personal access token (Data Center). */
  token: string;
  hook?: HookTarget;
}

/**
 * A stateful Jira on loopback, for specs and demos: the REST API of issues, search, transitions and comments as Cloud (v3) or Data
 * Center (v2) has it, signed web hooks, pages to look at, people to work in it, and faults to order. `/_fake/…` offers the same
 * over HTTP (see `fake-control.ts`).
 */
export class FakeJira extends FakeServer implements FakeSite {
  readonly counts = { creates: 0, writes: 0, searches: 0, reads: 0 };
  readonly requests: ReceivedCall[] = [];
  readonly faults = new FakeFaults<Fault>();
  readonly limits = new FakeWriteLimits();
  readonly index = new FakeIndex();
  readonly workflow = new FakeWorkflow();
  readonly customFields: Record<string, CustomField> = {};
  readonly missingFields = new Set<string>();
  linking = true;
  readonly issues: FakeIssues;
  readonly json: FakeJson;
  readonly hooks: FakeHooks;
  readonly cloud: boolean;

  private constructor(private readonly options: FakeJiraOptions) {
    super();
    this.cloud = options.flavour !== 'dataCenter';
    this.issues = new FakeIssues((what) => {
      this.index.note(what.issue, what.kind === 'deleted');
      this.hooks.announce(what);
    });
    this.json = new FakeJson(this.issues, this.workflow, this.cloud, () => this.url);
    this.hooks = new FakeHooks(this.json, options.user, () => this.issues.now(), this.stop.signal);
    this.hooks.target = options.hook;
    this.issues.addUser(options.user);
  }

  static async start(options: FakeJiraOptions): Promise<FakeJira> {
    const fake = new FakeJira(options);
    await fake.listen(options.port);
    return fake;
  }

  get url(): string {
    return this.origin;
  }

  override async close(): Promise<void> {
    await super.close();
    await this.hooks.quiet();
  }

  /** Copies of all issues, oldest first. */
  all(): FakeIssue[] {
    return this.issues.all().map((issue) => structuredClone(issue));
  }

  /** A copy of one issue, by id or key. */
  issue(idOrKey: string): FakeIssue {
    return structuredClone(this.issues.get(idOrKey));
  }

  asPerson(login: string): Person {
    return personIn(this.issues, this.workflow, this.cloud, login);
  }

  protected override async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = await received(request);
    const { method, headers, body } = call;
    const url = new URL(call.path, this.url);
    if (url.pathname.startsWith('/_fake/')) return control(this, method, url, body, response);
    if (!url.pathname.startsWith('/rest/')) return this.page(url, response);
    this.requests.push(call);
    this.count(method, url.pathname);
    const fault = this.faults.take(method, url.pathname);
    await this.answerCall(request, response, {
      fault,
      act: () => {
        const answer = this.answer(method, url, headers, body, fault);
        const own = { Date: new Date(this.issues.now()).toUTCString() };
        return { ...answer, headers: { ...USUAL_HEADERS, ...own, ...answer.headers } };
      },
    });
  }

  private answer(
    method: string,
    url: URL,
    headers: Record<string, string>,
    body: string,
    fault: Fault | undefined,
  ): FakeAnswer {
    const say = (status: number, value?: unknown, more: Record<string, string> = {}): FakeAnswer => ({
      ...{ status, headers: more, body: value === undefined ? '' : JSON.stringify(value) },
    });
    const refused = ({ status, errorMessages, errors }: Refusal, more = {}) =>
      say(status, { errorMessages, errors }, more);
    if (fault?.kind === 'html')
      return { status: fault.status ?? 200, headers: { 'Content-Type': 'text/html' }, body: loginPage() };
    if (fault?.kind === 'text')
      return { status: fault.status, headers: { 'Content-Type': 'text/plain' }, body: fault.body };
    if (fault?.kind === 'limit') {
      const busy = new Refusal(429, ['Rate limit exceeded.']);
      return refused(busy, limitHeaders(fault.limit, fault.wait ?? 1, this.issues.now()));
    }
    if (fault?.kind === 'status') {
      const messages = fault.quotes ? [JSON.stringify(headers)] : (fault.errorMessages ?? []);
      return refused(new Refusal(fault.status, messages, fault.errors), fault.headers);
    }
    if (!this.isAuthenticated(headers['authorization']))
      return say(401, { message: 'Client must be authenticated to access this resource.', 'status-code': 401 });
    const [, , , version, ...path] = url.pathname.split('/').map(decodeURIComponent);
    if (method !== 'GET' && !this.cloud && headers['x-atlassian-token'] !== 'no-check' && headers['origin'])
      return { status: 403, headers: {}, body: 'XSRF check failed' };
    if (version !== '2' && !(this.cloud && version === '3')) return say(404, { message: 'null for uri' });
    const wait = this.writeLimit(method, path);
    if (wait !== undefined) {
      const busy = new Refusal(429, ['Too many writes to this issue.']);
      return refused(busy, limitHeaders('jira-per-issue-on-write', wait, this.issues.now()));
    }
    try {
      if (fault?.kind === 'hidden')
        throw new Refusal(404, ['Issue does not exist or you do not have permission to see it.']);
      const parsed = withoutField(parse(body), fault);
      const { status, value } = restApi(this, { method, url, path, body: parsed, by: this.options.user });
      return say(status, value, this.cloud ? {} : DATA_CENTER_BUCKET);
    } catch (refusal) {
      if (refusal instanceof Refusal) return refused(refusal);
      throw refusal;
    }
  }

  /** Seconds to wait if this is one write too many to its issue. */
  private writeLimit(method: string, [resource, id]: string[]): number | undefined {
    const issue = resource === 'issue' && method !== 'GET' ? this.issues.find(id ?? '') : undefined;
    return issue && this.cloud ? this.limits.take(issue.id) : undefined;
  }

  private isAuthenticated(header: string | undefined): boolean {
    const { user, token } = this.options;
    const basic = `Basic ${Buffer.from(`${user}@example.com:${token}`).toString('base64')}`;
    return header === (this.cloud ? basic : `Bearer ${token}`);
  }

  private page(url: URL, response: ServerResponse): void {
    const [, place, key] = url.pathname.split('/');
    const issue = place === 'browse' ? this.issues.find(key ?? '') : undefined;
    response.writeHead(issue || url.pathname === '/' ? 200 : 404, { 'Content-Type': 'text/html' });
    if (url.pathname === '/') return void response.end(listPage(this.issues.all()));
    response.end(issue ? issuePage(issue) : missingPage());
  }

  private count(method: string, path: string): void {
    if (path.includes('/search')) this.counts.searches += 1;
    else if (method === 'GET') this.counts.reads += 1;
    else if (path.endsWith('/issue')) this.counts.creates += 1;
    else this.counts.writes += 1;
  }
}

const USUAL_HEADERS = { 'Content-Type': 'application/json;charset=UTF-8', 'X-AREQUESTID': 'fake' };

/** With rate limiting on, a server tells its bucket with every answer, and `retry-after: 0` while tokens remain. */
const DATA_CENTER_BUCKET = {
  ...{ 'X-RateLimit-Limit': '100', 'X-RateLimit-Remaining': '99', 'X-RateLimit-FillRate': '10' },
  ...{ 'X-RateLimit-Interval-Seconds': '1', 'retry-after': '0' },
};

function parse(body: string): Record<string, unknown> {
  if (body === '') return {};
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    throw new Refusal(400, ['There was an error parsing JSON. Check that your request body is valid.']);
  }
}

function withoutField(body: Record<string, unknown>, fault: Fault | undefined): Record<string, unknown> {
  if (fault?.kind !== 'dropped') return body;
  const without = (value: object) => Object.fromEntries(Object.entries(value).filter(([name]) => name !== fault.field));
  const fields: unknown = body['fields'];
  return { ...without(body), ...(typeof fields === 'object' && fields && { fields: without(fields) }) };
}
