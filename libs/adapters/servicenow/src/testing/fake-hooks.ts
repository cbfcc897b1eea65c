import { createHmac } from 'node:crypto';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { glideTime, type FakeTables, type Row } from './fake-tables';

export interface HookTarget {
  /** Where the business rule posts to. */
  url: string;
  secret: string;
}

/** How the business rule misbehaves. */
export interface HookBehaviour {
  /** Sends nothing at all. */
  off: boolean;
  /** Waits so long before each post. */
  delayMs: number;
  /** Sends each hook twice. */
  doubled: boolean;
  /** Sends hooks in pairs, the later one first. A single one is sent after 50 ms. */
  reordered: boolean;
  /** Signs with a key of its own. */
  forged: boolean;
  /** Somebody else posts each hook before us, signed with a secret of their own. */
  imitated: boolean;
  /** Also sends what these logins wrote. The rule in the manual leaves the integration user out. */
  echo: boolean;
}

export interface SentHook {
  body: string;
  signature: string;
  /** Of the answer; 0 if there was none. */
  status: number;
}

const FIELDS = [
  ...['short_description', 'description', 'state', 'impact', 'urgency', 'priority', 'close_code', 'close_notes'],
  ...['assigned_to', 'assignment_group'],
];
const JOURNAL_WINDOW_MS = 300_000;

/** The business rule of the manual: asynchronous, signed, in order, and never tried again. */
export class FakeHooks {
  target: HookTarget | undefined;
  readonly behaviour: HookBehaviour = {
    off: false,
    delayMs: 0,
    doubled: false,
    reordered: false,
    forged: false,
    imitated: false,
    echo: true,
  };
  readonly sent: SentHook[] = [];
  /** The system property `opr_connect.fields`. */
  furtherFields: readonly string[] = [];
  private queue: Promise<void> = Promise.resolve();
  private held: string | undefined;

  constructor(
    private readonly tables: () => FakeTables,
    private readonly stopped: AbortSignal,
  ) {}

  /** Queues the hook of one write, with the record as it is now. */
  announce(row: Row, operation: 'insert' | 'update', integrationUser: string): void {
    if (!this.target || this.behaviour.off) return;
    if (!this.behaviour.echo && row['sys_updated_by'] === integrationUser) return;
    const body = this.bodyOf(row, operation);
    if (!this.behaviour.reordered) return this.enqueue(body);
    if (this.held === undefined) {
      this.held = body;
      this.enqueueLater(body);
      return;
    }
    const earlier = this.held;
    this.held = undefined;
    this.enqueue(body);
    this.enqueue(earlier);
  }

  /** Resolves when every hook so far was posted. */
  async quiet(): Promise<void> {
    let seen: Promise<void> | undefined;
    while (seen !== this.queue) {
      seen = this.queue;
      await seen;
    }
  }

  private enqueue(body: string): void {
    if (this.behaviour.imitated) this.queue = this.queue.then(() => this.post(body, true));
    for (let copies = this.behaviour.doubled ? 2 : 1; copies > 0; copies -= 1)
      this.queue = this.queue.then(() => this.post(body));
  }

  private enqueueLater(body: string): void {
    const later = this.pause(50).then(() => {
      if (this.held !== body) return;
      this.held = undefined;
      this.enqueue(body);
    });
    this.queue = Promise.all([this.queue, later]).then(() => undefined);
  }

  private bodyOf(row: Row, operation: 'insert' | 'update'): string {
    const tables = this.tables();
    const walk = (column: string, table: string, field: string) =>
      tables.table(table).find((other) => other['sys_id'] === row[column])?.[field] ?? '';
    const since = glideTime(new Date(tables.now() - JOURNAL_WINDOW_MS));
    const entries = tables.journal(row['sys_id'] ?? '').filter((entry) => (entry['sys_created_on'] ?? '') >= since);
    const body = {
      ...{
        sys_id: row['sys_id'],
        number: row['number'],
        table: row['sys_class_name'],
        correlation_id: row['correlation_id'],
      },
      ...{
        sys_mod_count: row['sys_mod_count'],
        sys_created_on: row['sys_created_on'],
        sys_updated_by: row['sys_updated_by'],
        operation,
        sent_at: glideTime(new Date(tables.now())),
      },
      fields: {
        ...Object.fromEntries([...FIELDS, ...this.furtherFields].map((field) => [field, row[field] ?? ''])),
        'assigned_to.user_name': walk('assigned_to', 'sys_user', 'user_name'),
        'assignment_group.name': walk('assignment_group', 'sys_user_group', 'name'),
      },
      journal: entries.map(({ sys_id, element, value, sys_created_on, sys_created_by }) => ({
        ...{ sys_id, element, value, sys_created_on, sys_created_by },
      })),
    };
    // The rule escapes what is not ASCII, so that signature and body cannot disagree about an encoding.
    return JSON.stringify(body).replace(
      /[\u007f-\uffff]/g,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
  }

  private async post(body: string, forged = this.behaviour.forged): Promise<void> {
    if (this.behaviour.delayMs > 0) await this.pause(this.behaviour.delayMs);
    const target = this.target;
    if (!target || this.stopped.aborted) return;
    const signature = createHmac('sha256', forged ? `not ${target.secret}` : target.secret)
      .update(body)
      .digest('base64');
    const status = await send(target.url, body, signature, this.stopped);
    this.sent.push({ body, signature, status });
  }

  private pause(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.stopped }).catch(() => undefined);
  }
}

function send(url: string, body: string, signature: string, signal: AbortSignal): Promise<number> {
  return new Promise((resolve) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'x-opr-connect-signature': signature,
    };
    const call = request(url, { method: 'POST', headers, agent: false, signal, timeout: 10_000 }, (answer) => {
      answer.resume();
      answer.on('close', () => resolve(answer.statusCode ?? 0));
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(0));
    call.end(body);
  });
}
