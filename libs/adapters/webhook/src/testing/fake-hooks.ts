import { createHmac, randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface HookTarget {
  url: string;
  /** `whsec_…` */
  secret: string;
}

/** How the hooks misbehave. */
export interface HookBehaviour {
  /** Sends nothing at all. */
  off: boolean;
  /** Waits so long before each post. */
  delayMs: number;
  /** Sends each hook twice, with one id. */
  doubled: boolean;
  /** Sends hooks in pairs, the later one first. A single one is sent after 50 ms. */
  reordered: boolean;
  /** Also tells what was written by a delivery, marked with its key. */
  echo: boolean;
  /** Signs with another secret. */
  forged: boolean;
  /** Somebody else posts each hook before us, signed with a secret of their own. */
  imitated: boolean;
  /** How far the clock is ahead. */
  clockSkewMs: number;
}

export interface SentHook {
  id: string;
  body: string;
  headers: Record<string, string>;
  /** Of the answer; 0 if there was none. */
  status: number;
}

type Message = Pick<SentHook, 'id' | 'body'>;

/** Hooks as Standard Webhooks 1.0 has them, sent in order and never tried again. */
export class FakeHooks {
  target: HookTarget | undefined;
  readonly behaviour: HookBehaviour = {
    ...{
      off: false,
      delayMs: 0,
      doubled: false,
      reordered: false,
      echo: false,
      forged: false,
      imitated: false,
      clockSkewMs: 0,
    },
  };
  readonly sent: SentHook[] = [];
  private queue: Promise<void> = Promise.resolve();
  private held: Message | undefined;

  constructor(private readonly stopped: AbortSignal) {}

  tell(data: object, type = 'event.changed'): void {
    if (!this.target || this.behaviour.off) return;
    const timestamp = new Date(Date.now() + this.behaviour.clockSkewMs).toISOString();
    const message = { id: `msg_${randomUUID()}`, body: JSON.stringify({ type, timestamp, data }) };
    if (!this.behaviour.reordered) return this.enqueue(message);
    const earlier = this.held;
    if (!earlier) {
      this.held = message;
      const later = this.pause(50).then(() => {
        if (this.held !== message) return;
        this.held = undefined;
        this.enqueue(message);
      });
      this.queue = Promise.all([this.queue, later]).then(() => undefined);
      return;
    }
    this.held = undefined;
    this.enqueue(message);
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

  private enqueue(message: Message): void {
    if (this.behaviour.imitated) this.queue = this.queue.then(() => this.post(message, true));
    for (let copies = this.behaviour.doubled ? 2 : 1; copies > 0; copies -= 1)
      this.queue = this.queue.then(() => this.post(message));
  }

  private async post({ id, body }: Message, forged = this.behaviour.forged): Promise<void> {
    if (this.behaviour.delayMs > 0) await this.pause(this.behaviour.delayMs);
    const { target } = this;
    if (!target || this.stopped.aborted) return;
    const timestamp = String(Math.floor((Date.now() + this.behaviour.clockSkewMs) / 1000));
    const secret = forged ? 'Zm9yZ2VkIGJ5IHNvbWVib2R5IGVsc2U=' : target.secret.replace(/^whsec_/, '');
    const mac = createHmac('sha256', Buffer.from(secret, 'base64')).update(`${id}.${timestamp}.${body}`);
    const headers = {
      ...{ 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) },
      ...{ 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${mac.digest('base64')}` },
    };
    this.sent.push({ id, body, headers, status: await send(target.url, body, headers, this.stopped) });
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
