import { createHmac, randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FakeIssue, Happening } from './fake-issues';
import type { FakeJson } from './fake-json';
import { hookText } from './fake-text';

export interface HookTarget {
  /** Where the web hook posts to. */
  url: string;
  secret: string;
}

/** How the web hook behaves. */
export interface HookBehaviour {
  /** Sends nothing at all. */
  off: boolean;
  /** Waits so long before each post. */
  delayMs: number;
  /** Sends each hook twice. */
  doubled: boolean;
  /** Sends hooks in pairs, the later one first. A single one is sent after 50 ms. */
  reordered: boolean;
  /** Also sends what the integration user did, as Jira does. */
  echo: boolean;
  /** Signs with another secret. */
  forged: boolean;
  /** Somebody else posts each hook before us, signed with a secret of their own. */
  imitated: boolean;
  /** Tells a comment in both forms, as a server does where an administrator ticked both. */
  bothForms: boolean;
}

export interface SentHook {
  body: string;
  signature: string;
  /** Of the answer; 0 if there was none. */
  status: number;
}

/** The shapes of Cloud and of Data Center, as recorded bodies have them: signed, in order, and never tried again. */
export class FakeHooks {
  target: HookTarget | undefined;
  readonly behaviour: HookBehaviour = {
    ...{
      off: false,
      delayMs: 0,
      doubled: false,
      reordered: false,
      echo: true,
      forged: false,
      imitated: false,
      bothForms: false,
    },
  };
  readonly sent: SentHook[] = [];
  private queue: Promise<void> = Promise.resolve();
  private held: string | undefined;

  constructor(
    private readonly json: FakeJson,
    private readonly integrationUser: string,
    private readonly now: () => number,
    private readonly stopped: AbortSignal,
  ) {}

  /** Queues the hooks of one happening, with the issue as it is now. */
  announce(what: Happening): void {
    if (!this.target || this.behaviour.off) return;
    if (!this.behaviour.echo && what.by === this.integrationUser) return;
    for (const body of this.bodiesOf(what)) this.order(JSON.stringify(body));
  }

  /** Resolves when every hook so far was posted. */
  async quiet(): Promise<void> {
    let seen: Promise<void> | undefined;
    while (seen !== this.queue) {
      seen = this.queue;
      await seen;
    }
  }

  bodiesOf(what: Happening): Record<string, unknown>[] {
    const timestamp = this.now();
    const user = this.json.user(what.by);
    switch (what.kind) {
      case 'created':
        return [
          {
            timestamp,
            webhookEvent: 'jira:issue_created',
            issue_event_type_name: 'issue_created',
            user,
            issue: this.whole(what.issue),
          },
        ];
      case 'deleted':
        return [{ timestamp, webhookEvent: 'jira:issue_deleted', user, issue: this.whole(what.issue) }];
      case 'updated': {
        const changelog = { id: String(timestamp), items: what.items.map((item) => ({ ...item, fieldtype: 'jira' })) };
        const names = { webhookEvent: 'jira:issue_updated', issue_event_type_name: what.type };
        return [{ timestamp, ...names, user, issue: this.whole(what.issue), changelog }];
      }
      case 'commented': {
        const comment = this.json.comment(what.issue, what.comment, hookText(what.comment.body));
        const event = { timestamp, webhookEvent: what.edited ? 'comment_updated' : 'comment_created', comment };
        if (this.json.cloud) return [{ ...event, issue: this.few(what.issue), eventType: 'primaryAction' }];
        if (!this.behaviour.bothForms) return [event];
        const names = {
          webhookEvent: 'jira:issue_updated',
          issue_event_type_name: what.edited ? 'issue_comment_edited' : 'issue_commented',
        };
        return [{ timestamp, ...names, user, issue: this.whole(what.issue), comment }, event];
      }
    }
  }

  private whole(issue: FakeIssue): unknown {
    return {
      id: issue.id,
      key: issue.key,
      self: `/rest/api/2/issue/${issue.id}`,
      fields: this.json.fields(issue, hookText),
    };
  }

  /** Comment events of Cloud carry six fields of the issue. */
  private few(issue: FakeIssue): unknown {
    const { summary, issuetype, project, assignee, priority, status } = this.json.fields(issue, hookText);
    const fields = { summary, issuetype, project, assignee, priority, status };
    return { id: issue.id, key: issue.key, self: `/rest/api/2/${issue.id}`, fields };
  }

  private order(body: string): void {
    if (!this.behaviour.reordered) return this.enqueue(body);
    const earlier = this.held;
    if (earlier === undefined) {
      this.held = body;
      const later = this.pause(50).then(() => {
        if (this.held !== body) return;
        this.held = undefined;
        this.enqueue(body);
      });
      this.queue = Promise.all([this.queue, later]).then(() => undefined);
      return;
    }
    this.held = undefined;
    this.enqueue(body);
    this.enqueue(earlier);
  }

  private enqueue(body: string): void {
    const identifier = randomUUID();
    if (this.behaviour.imitated) this.queue = this.queue.then(() => this.post(body, identifier, true));
    for (let copies = this.behaviour.doubled ? 2 : 1; copies > 0; copies -= 1)
      this.queue = this.queue.then(() => this.post(body, identifier));
  }

  private async post(body: string, identifier: string, forged = this.behaviour.forged): Promise<void> {
    if (this.behaviour.delayMs > 0) await this.pause(this.behaviour.delayMs);
    const target = this.target;
    if (!target || this.stopped.aborted) return;
    const secret = forged ? `not ${target.secret}` : target.secret;
    const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
    const headers = {
      ...{ 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) },
      ...{ 'x-hub-signature': signature, 'user-agent': 'Atlassian HttpClient unknown / JIRA' },
      ...(this.json.cloud && {
        ...{ 'x-atlassian-webhook-identifier': identifier, 'x-atlassian-webhook-flow': 'Primary' },
      }),
    };
    this.sent.push({ body, signature, status: await send(target.url, body, headers, this.stopped) });
  }

  private pause(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.stopped }).catch(() => undefined);
  }
}

function send(url: string, body: string, headers: Record<string, string>, signal: AbortSignal): Promise<number> {
  return new Promise((resolve) => {
    const call = request(url, { method: 'POST', headers, agent: false, signal, timeout: 10_000 }, (answer) => {
      answer.resume();
      answer.on('close', () => resolve(answer.statusCode ?? 0));
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(0));
    call.end(body);
  });
}
