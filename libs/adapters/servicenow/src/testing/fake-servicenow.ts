import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { FakeFaults, FakeServer, received, type ReceivedCall } from '@opr-connect/adapter-kit/testing';
import { control } from './fake-control';
import { answerInstead, type Fault } from './fake-faults';
import { FakeHooks, type HookTarget } from './fake-hooks';
import { FakeImports } from './fake-import';
import { FakeLogins, type FakeLogin } from './fake-logins';
import { listPage, missingPage, recordPage } from './fake-pages';
import { errorAnswer, IMPORT_PATH, importApi, tableApi, TABLE_PATH, type ApiAnswer } from './fake-table-api';
import { FakeTables, type Row } from './fake-tables';

/** The integration user, and how it may log in. */
export interface FakeServiceNowOptions extends FakeLogin {
  /** 0, the default, takes a free one. */
  port?: number;
  hook?: HookTarget;
  /** The business rule runs for records with this `correlation_display` only. */
  correlationDisplay?: string;
}

/** Somebody who works in ServiceNow. */
export interface Person {
  /** Changes fields of a record; `work_notes` and `comments` add entries. */
  update(record: string, fields: Row): Row;
  workNote(record: string, text: string): Row;
  comment(record: string, text: string): Row;
  resolve(record: string, closeNotes: string, closeCode?: string): Row;
}

/** Headers that a real instance sends with every answer of the Table API. */
const USUAL_HEADERS = {
  'Content-Type': 'application/json;charset=UTF-8',
  Server: 'ServiceNow',
  'X-Is-Logged-In': 'true',
  'Cache-Control': 'no-cache,no-store,must-revalidate,max-age=-1',
  Pragma: 'no-store,no-cache',
  Expires: '0',
  'Server-Timing': 'sem_wait;dur=0, sesh_wait;dur=0',
};

/**
 * A stateful ServiceNow on loopback, for specs and demos: the Table API of incidents, users, groups, choices and journals,
 * the business rule of the manual, pages to look at, people to work in it, and faults to order. `/_fake/…` offers the same
 * over HTTP (see `fake-control.ts`).
 */
export class FakeServiceNow extends FakeServer {
  readonly counts = { posts: 0, patches: 0, reads: 0, /** Writes whose login was refused. */ strangers: 0 };
  readonly requests: ReceivedCall[] = [];
  readonly faults = new FakeFaults<Fault>();
  readonly logins: FakeLogins;
  /** How long after its creation a query does not find a record, as on a replica that lags behind. */
  lagMs = 0;
  readonly hooks: FakeHooks;
  readonly tables: FakeTables;
  readonly imports: FakeImports;

  private constructor(private readonly options: FakeServiceNowOptions) {
    super();
    const display = options.correlationDisplay ?? 'OPR Connect';
    this.logins = new FakeLogins(options);
    this.hooks = new FakeHooks(() => this.tables, this.stop.signal);
    this.hooks.target = options.hook;
    this.tables = new FakeTables((row, operation) => {
      if (row['correlation_display'] === display) this.hooks.announce(row, operation, options.user);
    });
    this.tables.addUser(options.user);
    this.imports = new FakeImports(this.tables);
  }

  static async start(options: FakeServiceNowOptions): Promise<FakeServiceNow> {
    const fake = new FakeServiceNow(options);
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

  /** Copies of all incidents, oldest first. */
  incidents(): Row[] {
    return this.records('incident');
  }

  /** Copies of all records of a task table, oldest first. */
  records(table: string): Row[] {
    return this.tables.table(table).map((row) => ({ ...row }));
  }

  /** A copy of one record, by number or sys_id. */
  incident(record: string): Row {
    return { ...this.row(record) };
  }

  /** The journal entries of a record, oldest first. */
  journal(record: string): Row[] {
    return this.tables.journal(this.row(record)['sys_id'] ?? '').map((entry) => ({ ...entry }));
  }

  asPerson(login: string): Person {
    const write = (record: string, fields: Row) => ({
      ...this.tables.update(this.row(record), fields, login, login === 'itil.admin'),
    });
    return {
      update: write,
      workNote: (record, text) => write(record, { work_notes: text }),
      comment: (record, text) => write(record, { comments: text }),
      resolve: (record, close_notes, close_code = 'Solution provided') =>
        write(record, { state: '6', close_code, close_notes }),
    };
  }

  private row(record: string): Row {
    const row = this.tables.find(record);
    if (!row) throw new Error(`no record ${record}`);
    return row;
  }

  protected override async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = await received(request);
    const { method, headers, body } = call;
    const url = new URL(call.path, this.url);
    if (url.pathname.startsWith('/_fake/')) return control(this, method, url, body, response);
    const isToken = url.pathname === '/oauth_token.do';
    if (!isToken && !url.pathname.startsWith('/api/')) return this.page(url, response);
    if (!isToken) {
      this.requests.push(call);
      this.count(method);
    }
    const fault = this.faults.take(method, url.pathname);
    await this.answerCall(request, response, {
      fault,
      act: () => {
        const answer = this.answer(method, url, headers, body, fault);
        const own = {
          Date: new Date(this.tables.now()).toUTCString(),
          'Set-Cookie': `glide_session=${randomBytes(6).toString('hex')}; Path=/; HttpOnly`,
          'X-Transaction-ID': randomBytes(6).toString('hex'),
        };
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
  ): ApiAnswer {
    const instead = answerInstead(fault, headers, this.tables.now());
    if (instead) return instead;
    if (url.pathname === '/oauth_token.do') {
      // Parameters in the URL are refused.
      return this.logins.grant(url.search === '' ? (headers['content-type'] ?? '') : '', body);
    }
    if (fault?.kind === 'token_expiry') this.logins.expire();
    if (!this.logins.admits(headers)) {
      if (method !== 'GET') this.counts.strangers += 1;
      const refused = errorAnswer(401, 'User Not Authenticated', 'Required to provide Auth information');
      return { ...refused, headers: { 'WWW-Authenticate': 'Basic realm="Service-now"', 'X-Is-Logged-In': 'false' } };
    }
    const call = {
      ...{ method, url, by: this.options.user },
      body: fault?.kind === 'dropped' ? without(fault.field, body) : body,
      lagMs: this.lagMs,
      ...{ ignoreQuery: fault?.kind === 'ignore_query', hidden: fault?.kind === 'hidden' },
    };
    if (TABLE_PATH.test(url.pathname)) return tableApi(this.tables, call);
    if (IMPORT_PATH.test(url.pathname)) return importApi(this.imports, call);
    return errorAnswer(400, 'Requested URI does not represent any resource', url.pathname);
  }

  private page(url: URL, response: ServerResponse): void {
    const inner = url.pathname === '/nav_to.do' ? new URL(`/${url.searchParams.get('uri') ?? ''}`, this.url) : url;
    const row = this.tables.find(inner.searchParams.get('sys_id') ?? '');
    const known = inner.pathname === '/' || /^\/\w+\.do$/.test(inner.pathname);
    response.writeHead(known && (row || inner.pathname === '/') ? 200 : 404, { 'Content-Type': 'text/html' });
    if (inner.pathname === '/') return void response.end(listPage(this.tables));
    response.end(row ? recordPage(this.tables, row) : missingPage());
  }

  private count(method: string): void {
    if (method === 'POST') this.counts.posts += 1;
    else if (method === 'PATCH' || method === 'PUT') this.counts.patches += 1;
    else this.counts.reads += 1;
  }
}

function without(field: string, body: string): string {
  const values = JSON.parse(body || '{}') as Record<string, unknown>;
  const rest = Object.entries(values).filter(([name]) => name !== field && name !== `u_${field}`);
  return JSON.stringify(Object.fromEntries(rest));
}
