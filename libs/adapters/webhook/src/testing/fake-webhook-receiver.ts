import { createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { FakeFaults, FakeServer, received, type FakeAnswer } from '@opr-connect/adapter-kit/testing';
import { control } from './fake-control';
import type { Fault } from './fake-faults';
import { FakeHooks, type HookTarget } from './fake-hooks';
import { FIELDS, TOLD_FIELDS, type Body, type Entry, type Fields, type Ticket } from './fake-tickets';

export interface FakeWebhookReceiverOptions {
  /** 0, the default, takes a free one. */
  port?: number;
  /** `whsec_…`, by which deliveries must be signed. */
  secret: string;
  hook?: HookTarget;
}

export interface RecordedDelivery {
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** Somebody who works in the tool. */
export interface Person {
  update(ticket: string, fields: Fields): Ticket;
  comment(ticket: string, text: string): Ticket;
  delete(ticket: string): void;
}

const TOLERANCE_SECONDS = 300;
const LOGIN_PAGE = '<!doctype html><title>Log in</title><form><input name="user"></form>';

/**
 * A small ticketing tool behind a web hook, on loopback, for specs and demos. It verifies signatures, takes each delivery
 * once, keeps tickets, and tells what people do in it. `/_fake/…` offers the same over HTTP (see `fake-control.ts`).
 */
export class FakeWebhookReceiver extends FakeServer {
  readonly counts = { deliveries: 0, repeated: 0, refused: 0 };
  readonly deliveries: RecordedDelivery[] = [];
  readonly faults = new FakeFaults<Fault>();
  readonly hooks: FakeHooks;
  clockSkewMs = 0;
  private readonly kept = new Map<string, Ticket>();
  private readonly answers = new Map<string, FakeAnswer>();
  private numbers = 0;
  private comments = 0;

  private constructor(private readonly options: FakeWebhookReceiverOptions) {
    super();
    this.hooks = new FakeHooks(this.stop.signal);
    this.hooks.target = options.hook;
  }

  static async start(options: FakeWebhookReceiverOptions): Promise<FakeWebhookReceiver> {
    const fake = new FakeWebhookReceiver(options);
    await fake.listen(options.port);
    return fake;
  }

  /** Where deliveries go. Below it, `/<number>` takes changes of one ticket only. */
  get url(): string {
    return `${this.origin}/tickets`;
  }

  override async close(): Promise<void> {
    await super.close();
    await this.hooks.quiet();
  }

  /** Copies of all tickets, oldest first. */
  tickets(): Ticket[] {
    return [...this.kept.values()].map((ticket) => structuredClone(ticket));
  }

  /** A copy of one ticket, by its number or key. */
  ticket(name: string): Ticket {
    return structuredClone(this.find(name));
  }

  asPerson(login: string): Person {
    return {
      update: (name, fields) => {
        const ticket = this.find(name);
        this.set(ticket, fields);
        this.hooks.tell({ id: ticket.number, changes: fields });
        return structuredClone(ticket);
      },
      comment: (name, text) => {
        const ticket = this.find(name);
        const comment = { id: `c-${++this.comments}`, author: login, text };
        ticket.comments.push(comment);
        this.hooks.tell({ id: ticket.number, annotations: [comment] });
        return structuredClone(ticket);
      },
      delete: (name) => {
        const { number } = this.find(name);
        this.kept.delete(number);
        this.hooks.tell({ id: number }, 'event.deleted');
      },
    };
  }

  private find(name: string): Ticket {
    const ticket = this.kept.get(name) ?? [...this.kept.values()].find(({ key }) => key === name);
    if (!ticket) throw new Error(`no ticket ${name}`);
    return ticket;
  }

  private set(ticket: Ticket, { customAttributes, ...fields }: Fields): void {
    for (const field of FIELDS) if (field in fields) ticket[field] = fields[field] ?? null;
    if (customAttributes) ticket.customAttributes = { ...ticket.customAttributes, ...customAttributes };
  }

  protected override async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, path, headers, body } = await received(request);
    const url = new URL(path, this.url);
    if (url.pathname.startsWith('/_fake/')) return control(this, method, url, body, response);
    this.deliveries.push({ path: url.pathname, headers, body });
    this.counts.deliveries += 1;
    const fault = this.faults.take(method, url.pathname);
    await this.answerCall(request, response, {
      fault,
      act: () => {
        const answer = faulty(fault, headers) ?? this.take(method, url.pathname, headers, body);
        if (answer.status >= 400) this.counts.refused += 1;
        return { ...answer, headers: { 'Content-Type': 'application/json', ...answer.headers } };
      },
    });
  }

  /** One delivery: who it is from, whether it came before, what it says. */
  private take(method: string, path: string, headers: Record<string, string>, body: string): FakeAnswer {
    if (method !== 'POST') return refusal(405, 'only POST');
    const forged = this.forgery(headers, body);
    if (forged !== undefined) return refusal(401, forged);
    const id = headers['webhook-id'] ?? '';
    const before = this.answers.get(id);
    if (before) {
      this.counts.repeated += 1;
      return before;
    }
    const reply = this.apply(path, id, JSON.parse(body) as Body);
    if (reply.status < 300) this.answers.set(id, reply);
    return reply;
  }

  private apply(path: string, deliveryKey: string, { type, data }: Body): FakeAnswer {
    switch (type) {
      case 'ping':
        return { status: 204, body: '' };
      case 'event.forwarded': {
        const ticket: Ticket = { number: `T-${++this.numbers}`, key: data.key, cause: data.causeId, comments: [] };
        const { annotations = [], ...fields } = data.event;
        this.set(ticket, fields);
        this.note(ticket, annotations);
        this.kept.set(ticket.number, ticket);
        this.echo(ticket, deliveryKey, { state: ticket.state ?? null, title: ticket.title ?? null }, annotations);
        return { status: 201, body: JSON.stringify({ id: ticket.number, url: `${this.url}/${ticket.number}` }) };
      }
      case 'event.changed': {
        const isOne = path !== '/tickets';
        const number = isOne ? path.split('/').at(-1) : data.id;
        const ticket = this.kept.get(number ?? '');
        // Somebody deleted it. Who posts to the ticket is told so; who posts to all tickets could only be told that the path is wrong.
        if (!ticket) return isOne ? refusal(404, 'no such ticket') : { status: 200, body: '{}' };
        this.set(ticket, data.changes ?? {});
        if (data.changes && 'cause' in data.changes) ticket.cause = data.causeId;
        this.note(ticket, data.annotations ?? []);
        this.echo(ticket, deliveryKey, data.changes ?? {}, data.annotations ?? []);
        return { status: 200, body: '{}' };
      }
      default:
        return refusal(422, `unknown type ${type}`);
    }
  }

  private note(ticket: Ticket, entries: readonly Entry[]): void {
    for (const { id = '', operation = 'insert', author = '', text = '' } of entries) {
      const index = ticket.comments.findIndex((comment) => comment.id === id);
      if (operation === 'delete') ticket.comments = ticket.comments.filter((comment) => comment.id !== id);
      else if (index >= 0) ticket.comments[index] = { id, author, text };
      else ticket.comments.push({ id, author, text });
    }
  }

  private echo(ticket: Ticket, deliveryKey: string, changes: Fields, entries: readonly Entry[]): void {
    if (!this.hooks.behaviour.echo) return;
    const settable = Object.fromEntries(
      TOLD_FIELDS.flatMap((field) => (changes[field] ? [[field, changes[field]]] : [])),
    );
    const annotations = entries.flatMap(({ author, text }) => (text ? [{ author, text }] : []));
    this.hooks.tell({ id: ticket.number, deliveryKey, changes: settable, annotations });
  }

  /** Why a delivery is not believed. Standard Webhooks 1.0, "Verifying webhooks". */
  private forgery(headers: Record<string, string>, body: string): string | undefined {
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': given } = headers;
    if (!id || !timestamp || !given) return 'a header is missing';
    const now = Math.floor((Date.now() + this.clockSkewMs) / 1000);
    if (Math.abs(now - Number(timestamp)) > TOLERANCE_SECONDS) return 'the timestamp is too far away';
    const key = Buffer.from(this.options.secret.replace(/^whsec_/, ''), 'base64');
    const mac = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
    return given.split(' ').includes(`v1,${mac}`) ? undefined : 'no signature fits';
  }
}

function faulty(fault: Fault | undefined, request: object): FakeAnswer | undefined {
  if (fault?.kind === 'html') return { status: 200, body: LOGIN_PAGE, headers: { 'Content-Type': 'text/html' } };
  if (fault?.kind !== 'status') return undefined;
  const location = fault.status < 400 ? { Location: 'http://127.0.0.1:1/elsewhere' } : undefined;
  const reason = fault.quotes ? JSON.stringify(request) : (fault.says ?? 'ordered by the test');
  return { ...refusal(fault.status, reason), headers: { ...location, ...fault.headers } };
}

const refusal = (status: number, error: string): FakeAnswer => ({ status, body: JSON.stringify({ error }) });
