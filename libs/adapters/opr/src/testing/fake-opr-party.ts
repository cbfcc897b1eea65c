import type { IncomingMessage, ServerResponse } from 'node:http';
import { FakeFaults, FakeServer, received, type FakeAnswer, type ReceivedCall } from '@opr-connect/adapter-kit/testing';
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
import type { Fault } from './fake-faults';

export interface FakeOprPartyOptions {
  /** 0, the default, takes a free one. */
  port?: number;
  /** The login that it accepts. */
  user: string;
  password: string;
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

/**
 * A party that speaks OPR, on loopback: an endpoint that events are forwarded to, and the Event Synchronization Web Service of
 * an OBM, which lets us see and change an event only after it was forwarded to us. Repeats are recognised by event and change id.
 */
export class FakeOprParty extends FakeServer {
  /** Everything that came in, with a wrong login too. */
  readonly requests: ReceivedCall[] = [];
  /** Changes that were accepted, repeats included, by the id in the path. */
  readonly changes: { id: string; change: EventChange }[] = [];
  readonly faults = new FakeFaults<Fault>();
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

  private constructor(private readonly options: FakeOprPartyOptions) {
    super();
  }

  static async start(options: FakeOprPartyOptions): Promise<FakeOprParty> {
    const fake = new FakeOprParty(options);
    await fake.listen(options.port);
    return fake;
  }

  get url(): string {
    return this.origin;
  }

  get endpointUrl(): string {
    return this.url + ENDPOINT_ROOT;
  }

  get syncUrl(): string {
    return this.url + SYNC_ROOT;
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

  protected override async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = await received(request);
    const [path = ''] = call.path.split('?');
    const asked = { ...call, path };
    this.requests.push(asked);
    const programmed = this.isOurs(asked) ? this.programmed.shift() : undefined;
    await this.pause(programmed?.delayMs);
    const ordered = this.faults.take(asked.method, path);
    await this.answerCall(request, response, {
      fault: programmed?.loseAnswer ? { kind: 'lost' } : ordered,
      act: () => {
        const { status, ...said } = programmed ?? {};
        const usual = status === undefined ? (faulty(ordered, asked) ?? this.answer(asked)) : { status };
        return { ...usual, ...said };
      },
    });
  }

  private isOurs({ headers }: ReceivedCall): boolean {
    const { user, password } = this.options;
    return headers['authorization'] === `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  }

  private answer(request: ReceivedCall): FakeAnswer {
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

  private endpoint({ method, body }: ReceivedCall, [resource, id, ...rest]: string[]): FakeAnswer {
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

  private takeOver(event: OprEvent): FakeAnswer {
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

  private syncService({ method, body }: ReceivedCall, [resource, id, ...rest]: string[]): FakeAnswer {
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

  private change(events: FakeEvents, id: string, change: EventChange): FakeAnswer {
    if (!events.get(id)) return refusal(404, 'no such event');
    if (change.eventRef?.targetId !== undefined && change.eventRef.targetId !== id)
      return refusal(400, 'event_ref names another event than the path');
    events.apply(id, change);
    this.changes.push({ id, change });
    return { status: 200, headers: XML, body: writeEventChange(change) };
  }
}

const refusal = (status: number, reason: string): FakeAnswer => ({
  status,
  headers: { 'Content-Type': 'text/plain;charset=UTF-8' },
  body: reason,
});

function faulty(fault: Fault | undefined, { headers }: ReceivedCall): FakeAnswer | undefined {
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
