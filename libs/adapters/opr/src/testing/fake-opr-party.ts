import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  OprXmlError,
  readEvent,
  readEventChange,
  writeEvent,
  writeEventChange,
  type EventChange,
  type OprEvent,
} from '@opr-connect/opr';
import { FakeEvents } from './fake-events';
import { FakeFaults, type Fault } from './fake-faults';

export interface FakeOprPartyOptions {
  /** 0, the default, takes a free one. */
  port?: number;
  /** The login that it accepts. */
  user: string;
  password: string;
}

export interface ReceivedRequest {
  method: string;
  /** As it was sent: still encoded. */
  path: string;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: string;
}

export interface ProgrammedAnswer {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  /** Waits before it answers. */
  delayMs?: number;
  /** Does what was asked, then closes the connection without an answer. */
  loseAnswer?: boolean;
}

/**
 * What the endpoint answers to an event: `echo` the event itself, so that its own id is the external one; `minimal` two lines
 * with an id of its own; `record` id and drill-down.
 */
export type EndpointAnswers = 'echo' | 'minimal' | 'record';

const SYNC_ROOT = '/opr-gateway/rest/9.10/synchronization';
const ENDPOINT_ROOT = '/opr/hub';
const HTML = { 'Content-Type': 'text/html' };
const XML = { 'Content-Type': 'application/xml;charset=UTF-8' };

interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

/**
 * A party that speaks OPR, on loopback: an endpoint that events are forwarded to, and the Event Synchronization Web Service of
 * an OBM, which lets us see and change an event only after it was forwarded to us. Repeats are recognised by event and change id.
 */
export class FakeOprParty {
  /** Everything that came in, with a wrong login too. */
  readonly requests: ReceivedRequest[] = [];
  /** Changes that were accepted, repeats included, by the id in the path. */
  readonly changes: { id: string; change: EventChange }[] = [];
  readonly faults = new FakeFaults();
  /** How the endpoint answers events. */
  endpointAnswers: EndpointAnswers = 'record';
  /** Whether the endpoint offers `GET event/<external id>`; many do not. */
  endpointReads = true;
  /** It has forwarded whatever it is told of, by its own id: for those who post events in its name. */
  forwardsAll = false;
  private readonly own = new FakeEvents();
  private readonly taken = new FakeEvents();
  private readonly externalIds = new Map<string, string>();
  private readonly forwardedToUs = new Set<string>();
  private readonly programmed: ProgrammedAnswer[] = [];
  private readonly stop = new AbortController();
  private server: Server;
  private port = 0;

  private constructor(private readonly options: FakeOprPartyOptions) {
    this.server = createServer((request, response) => {
      this.serve(request, response).catch(() => response.destroy());
    });
  }

  static async start(options: FakeOprPartyOptions): Promise<FakeOprParty> {
    const fake = new FakeOprParty(options);
    await fake.listen(options.port ?? 0);
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get endpointUrl(): string {
    return this.url + ENDPOINT_ROOT;
  }

  get syncUrl(): string {
    return this.url + SYNC_ROOT;
  }

  async close(): Promise<void> {
    this.stop.abort();
    await this.down();
  }

  /** Refuses connections from now on. */
  async down(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  /** Listens again, on the port it had. */
  async up(): Promise<void> {
    if (!this.server.listening && !this.stop.signal.aborted) await this.listen(this.port);
  }

  /** The next requests with a good login get these answers, in this order, instead of the usual ones. */
  answerNext(...answers: ProgrammedAnswer[]): void {
    this.programmed.push(...answers);
  }

  /** The party has this event, as one of its own. Until `forwarded`, we may neither see nor change it. */
  hold(event: OprEvent): void {
    this.own.put(event.id ?? '', event);
  }

  /** The party has noted that it forwarded this event to us. */
  forwarded(event: OprEvent | string): void {
    if (typeof event !== 'string') this.hold(event);
    this.forwardedToUs.add((typeof event === 'string' ? event : event.id) ?? '');
  }

  /** Its people change one of its own events, by id, or one that it took over, by external id. */
  edit(id: string, change: EventChange): void {
    (this.own.get(id) ? this.own : this.taken).apply(id, change);
  }

  /** Its people delete an event that it took over. */
  remove(externalId: string): void {
    this.taken.remove(externalId);
  }

  /** One of its own events by id, or one that it took over by external id, as it is now. */
  event(id: string): OprEvent | undefined {
    return this.own.get(id) ?? this.taken.get(id);
  }

  /** The id that the endpoint gave to an event that was forwarded to it. */
  externalId(eventId: string): string | undefined {
    return this.externalIds.get(eventId);
  }

  private async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    this.port = (this.server.address() as AddressInfo).port;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const received = await receive(request);
    this.requests.push(received);
    const programmed = this.isOurs(received) ? this.programmed.shift() : undefined;
    if (programmed?.delayMs) await sleep(programmed.delayMs, undefined, { signal: this.stop.signal });
    const fault = this.faults.take(received.method, received.path);
    if (fault?.kind === 'slow') await this.pause(fault.beforeMs ?? 0);
    const usual =
      programmed?.status === undefined
        ? (faulty(fault, received) ?? this.answer(received))
        : { status: programmed.status };
    if (fault?.kind === 'slow') await this.pause(fault.afterMs ?? 0);
    if (programmed?.loseAnswer || fault?.kind === 'lost') return void request.socket.destroy();
    const { status, headers, body = '' } = { ...usual, ...programmed, status: usual.status };
    const length = { 'Content-Length': String(Buffer.byteLength(body)) };
    response.writeHead(status, fault ? { ...length, ...headers } : headers);
    if (fault?.kind === 'cut') {
      response.write(body.slice(0, body.length / 2), () => request.socket.destroy());
      return;
    }
    if (fault?.kind === 'drip') return this.drip(body, fault.everyMs, response);
    response.end(received.method === 'HEAD' ? undefined : body);
  }

  private async drip(body: string, everyMs: number, response: ServerResponse): Promise<void> {
    for (const byte of Buffer.from(body)) {
      if (response.destroyed || this.stop.signal.aborted) return;
      response.write(Buffer.from([byte]));
      await this.pause(everyMs);
    }
    response.end();
  }

  private pause(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.stop.signal }).catch(() => undefined);
  }

  private isOurs({ headers }: ReceivedRequest): boolean {
    const { user, password } = this.options;
    return headers['authorization'] === `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  }

  private answer(request: ReceivedRequest): Answer {
    if (!this.isOurs(request)) return { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="OPR"' } };
    try {
      if (isBelow(request.path, SYNC_ROOT)) return this.syncService(request, partsBelow(request.path, SYNC_ROOT));
      if (isBelow(request.path, ENDPOINT_ROOT)) return this.endpoint(request, partsBelow(request.path, ENDPOINT_ROOT));
      return refusal(404, 'no such path');
    } catch (error) {
      if (error instanceof OprXmlError) return refusal(400, error.message);
      throw error;
    }
  }

  private endpoint({ method, body }: ReceivedRequest, [resource, id, ...rest]: string[]): Answer {
    if (resource === undefined) return method === 'HEAD' || method === 'GET' ? { status: 200 } : refusal(405, method);
    if (rest.length > 0) return refusal(404, 'no such path');
    if (resource === 'event' && id === undefined && method === 'POST') return this.takeOver(readEvent(body));
    if (resource === 'event_change' && id !== undefined && method === 'POST')
      return this.change(this.taken, id, readEventChange(body));
    if (resource === 'event' && id !== undefined && method === 'GET' && this.endpointReads) {
      const event = this.taken.get(id);
      return event ? { status: 200, headers: XML, body: writeEvent(event) } : refusal(404, 'no such event');
    }
    return refusal(404, 'no such path');
  }

  private takeOver(event: OprEvent): Answer {
    const eventId = event.id ?? '';
    const own = this.externalIds.get(eventId) ?? `EXT${String(this.externalIds.size + 1).padStart(5, '0')}`;
    const id = this.endpointAnswers === 'echo' ? eventId : own;
    this.externalIds.set(eventId, id);
    this.taken.put(id, event);
    switch (this.endpointAnswers) {
      case 'echo':
        return { status: 200, headers: XML, body: writeEvent(event) };
      case 'minimal':
        return { status: 200, headers: XML, body: writeEvent({ id }) };
      case 'record': {
        const drilldownUrl = `${this.url}/records/${encodeURIComponent(id)}`;
        return { status: 200, headers: XML, body: writeEvent({ id, drilldownUrl }) };
      }
    }
  }

  private syncService({ method, body }: ReceivedRequest, [resource, id, ...rest]: string[]): Answer {
    if (resource === undefined) return method === 'HEAD' ? { status: 200 } : refusal(405, method);
    if (id === undefined || rest.length > 0) return refusal(404, 'no such path');
    if (resource !== 'event' && resource !== 'event_change') return refusal(404, 'no such path');
    if (this.forwardsAll && !this.own.get(id)) this.forwarded({ id });
    const event = this.own.get(id);
    if (!event) return refusal(404, 'no such event');
    if (!this.forwardedToUs.has(id)) return refusal(403, 'the event was not forwarded to this server');
    if (resource === 'event_change')
      return method === 'POST' ? this.change(this.own, id, readEventChange(body)) : refusal(405, method);
    if (method === 'GET' || method === 'HEAD') return { status: 200, headers: XML, body: writeEvent(event) };
    return refusal(405, method);
  }

  private change(events: FakeEvents, id: string, change: EventChange): Answer {
    if (!events.get(id)) return refusal(404, 'no such event');
    if (change.eventRef?.targetId !== undefined && change.eventRef.targetId !== id)
      return refusal(400, 'event_ref names another event than the path');
    events.apply(id, change);
    this.changes.push({ id, change });
    return { status: 200, headers: XML, body: writeEventChange(change) };
  }
}

const refusal = (status: number, reason: string): Answer => ({
  status,
  headers: { 'Content-Type': 'text/plain;charset=UTF-8' },
  body: reason,
});

function faulty(fault: Fault | undefined, { headers }: ReceivedRequest): Answer | undefined {
  if (fault?.kind === 'html') return { status: 200, headers: HTML, body: '<!doctype html><title>Log in</title>' };
  if (fault?.kind !== 'status') return undefined;
  const reason = fault.quotes ? JSON.stringify(headers) : (fault.says ?? 'ordered by the test');
  const { headers: usual, ...answer } = refusal(fault.status, reason);
  return { ...answer, headers: { ...usual, ...fault.headers } };
}

const isBelow = (path: string, root: string): boolean => path === root || path.startsWith(`${root}/`);

const partsBelow = (path: string, root: string): string[] =>
  path
    .slice(root.length)
    .split('/')
    .filter((part) => part !== '')
    .map((part) => decodeURIComponent(part));

async function receive(request: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  const [path = ''] = (request.url ?? '').split('?');
  return { method: request.method ?? '', path, headers, body: Buffer.concat(chunks).toString('utf8') };
}
