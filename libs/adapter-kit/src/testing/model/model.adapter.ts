import { createHmac, timingSafeEqual } from 'node:crypto';
import type { AnnotationPropertyChange, EventChange, OprEvent, PropertyChange } from '@opr-connect/opr';
import type {
  Adapter,
  Cursor,
  Delivery,
  ExternalEvent,
  Forwarded,
  HookRequest,
  Json,
  Polled,
  Preview,
  Seen,
  SeenAnnotation,
  Snapshot,
  Traits,
  Written,
} from '../../adapter';
import { answerAfter, droppedFrom } from '../../after-write';
import type { AdapterContext } from '../../event-adapter';
import {
  ForgedHookError,
  GoneError,
  MisconfiguredError,
  OutcomeUnknownError,
  RejectedError,
  TransientError,
} from '../../errors';
import {
  basicAuthorization,
  callTool,
  DEFAULT_HTTP_LIMITS,
  retryAfterMs,
  type HttpAnswer,
  type HttpCall,
} from '../../http';
import { toolHttp } from '../../tool-http';
import type { Note, Ticket } from './model-tool';
import { changedFields, changesBetween, fieldsOf, type Fields } from './model.mapping';
import type { ModelSettings } from './model.settings';

/** A note as we write it: its mark finds it again. */
type OwnNote = Required<Pick<Note, 'mark' | 'text'>>;

/** Keeps the whole contract, in as little code as that takes: what the mutants break, and what others may be written after. */
export class ModelAdapter implements Adapter {
  readonly traits: Traits = { hooksMayReorder: true };
  protected readonly http = toolHttp(this.settings);
  /** Tickets that we made: the search knows them late. */
  protected readonly made = new Map<string, string>();

  constructor(
    protected readonly settings: ModelSettings,
    protected readonly context: AdapterContext,
  ) {}

  async forwardEvent(event: OprEvent, { key, cause, signal }: Delivery): Promise<Written> {
    const fields = fieldsOf(event);
    const found = await this.find(key, signal);
    if (found) return this.adopt(found, fields);
    const notes = (event.annotationList?.annotation ?? []).map(({ id = '', text = '' }) => ({ mark: id, text }));
    const ticket = await this.create({ key, ...fields, notes }, signal);
    this.remember(key, ticket);
    const duplicates: string[] = [];
    const oldest = (await this.find(key, signal, duplicates)) ?? ticket;
    const own = oldest.id === ticket.id;
    const now = cause ? await this.tie(oldest, cause.id, signal) : ticket;
    return { ...(own ? this.written(now) : this.adopt(oldest, fields)), duplicates };
  }

  async forwardChange(change: EventChange, { ref, snapshot }: Forwarded, delivery: Delivery): Promise<Written> {
    const { cause, signal } = delivery;
    const changes = change.changedProperties ?? [];
    const [fields, before] = [changedFields(changes), snapshot?.fields ?? {}];
    if (Object.keys(fields).length > 0) await this.update(ref.id, fields, before, signal);
    await this.addNotes(
      ref.id,
      changes.filter(isNewNote).map(({ annotationId = '', currentValue: text = '' }) => ({ mark: annotationId, text })),
      signal,
    );
    const ticket = await this.ticket(ref.id, signal);
    const isAboutCause = changes.some(({ propertyName }) => propertyName === 'cause');
    const now = isAboutCause ? await this.tie(ticket, cause?.id, signal) : ticket;
    return this.answered(now, fields, before);
  }

  async receiveChange(hook: HookRequest): Promise<Seen[]> {
    const { event, ticket, notes } = this.parse(hook.body);
    if (event === 'deleted') return [{ id: ticket.id, gone: 'it was deleted in the tool', annotations: [] }];
    return [
      { id: ticket.id, snapshot: this.snapshot(ticket), annotations: notes.map((note) => this.annotation(note)) },
    ];
  }

  async pollChanges(cursor: Cursor | undefined, signal: AbortSignal): Promise<Polled> {
    const { since, page, told } = (cursor ?? { since: 0, page: 0, told: {} }) as unknown as Walk;
    const { tickets, more } = await this.call<{ tickets: Ticket[]; more: boolean }>(
      'GET',
      `/tickets?since=${since}&page=${page}`,
      signal,
    );
    const news = tickets.filter((ticket) => told[ticket.id] !== this.print(ticket));
    const known = { ...told, ...Object.fromEntries(tickets.map((ticket) => [ticket.id, this.print(ticket)])) };
    const latest = tickets.at(-1)?.updated ?? since;
    const next = more ? { since, page: page + 1, told: known } : { since: latest, page: 0, told: known };
    const seen = news.map((ticket) => ({ id: ticket.id, snapshot: this.snapshot(ticket), annotations: [] }));
    return { seen, cursor: next, more };
  }

  async getExternalEvent({ ref }: Forwarded, { signal }: Delivery): Promise<Seen> {
    const ticket = await this.ticket(ref.id, signal);
    const notes = await this.notes(ref.id, signal);
    return { id: ticket.id, snapshot: this.snapshot(ticket), annotations: notes.map((note) => this.annotation(note)) };
  }

  changes(before: Snapshot | undefined, after: Snapshot): PropertyChange[] {
    return changesBetween(before, after);
  }

  compareVersions(a: string, b: string): number {
    return Number(a) - Number(b);
  }

  describe({ fields }: Snapshot): ExternalEvent {
    return { title: String(fields['title']), state: String(fields['status']), severity: String(fields['level']) };
  }

  verifyHook({ headers, body }: HookRequest): void {
    const given = headers['x-model-signature'];
    if (given === undefined) throw new ForgedHookError('x-model-signature: is missing');
    if (!same(Buffer.from(given, 'hex'), createHmac('sha256', this.settings.hookSecret).update(body).digest()))
      throw new ForgedHookError('x-model-signature: does not fit the body');
  }

  async preview({ event, change }: Preview, { key }: Delivery): Promise<Json> {
    const changed: Partial<Fields> = change ? changedFields(change.changedProperties ?? []) : fieldsOf(event);
    return { key, ...changed };
  }

  async ping(signal: AbortSignal): Promise<void> {
    await this.call('GET', '/me', signal);
  }

  /** The oldest live ticket that carries the key; all others are retired. Whoever made one may have died, so everybody does that. */
  protected async find(key: string, signal: AbortSignal, duplicates: string[] = []): Promise<Ticket | undefined> {
    const { tickets } = await this.call<{ tickets: Ticket[] }>(
      'GET',
      `/tickets?key=${encodeURIComponent(key)}`,
      signal,
    );
    const made = this.made.get(key);
    if (made !== undefined && !tickets.some(({ id }) => id === made)) tickets.push(await this.ticket(made, signal));
    const ours = tickets.filter((ticket) => this.carries(ticket, key) && !ticket.retired);
    const [oldest, ...extras] = ours.sort((a, b) => Number(a.id) - Number(b.id));
    for (const { id, number } of extras) {
      await this.retire(id, signal);
      duplicates.push(number);
    }
    return oldest;
  }

  protected carries(ticket: Ticket, key: string): boolean {
    return ticket.key === key;
  }

  protected async retire(id: string, signal: AbortSignal): Promise<void> {
    await this.call('PATCH', `/tickets/${id}`, signal, { retired: true });
  }

  protected remember(key: string, { id }: Ticket): void {
    this.made.set(key, id);
  }

  protected create(values: Fields & { key: string; notes: OwnNote[] }, signal: AbortSignal): Promise<Ticket> {
    return this.call<Ticket>('POST', '/tickets', signal, values);
  }

  protected answered(ticket: Ticket, fields: Partial<Fields>, before: Snapshot['fields']): Written {
    return { ...this.written(ticket), ...answerAfter(fields, before, this.snapshot(ticket)) };
  }

  /** What the tool passed over is written once more. */
  protected async update(
    id: string,
    fields: Partial<Fields>,
    before: Snapshot['fields'],
    signal: AbortSignal,
  ): Promise<void> {
    const ticket = await this.call<Ticket>('PATCH', `/tickets/${id}`, signal, fields);
    const dropped = droppedFrom(fields, before, this.snapshot(ticket).fields);
    if (Object.keys(dropped).length > 0) await this.call('PATCH', `/tickets/${id}`, signal, dropped);
  }

  /** Somebody made it before us and people may have edited it: what it would hold, had nobody done so. */
  protected adopt(ticket: Ticket, fields: Fields): Written {
    const { title, text, level, status } = fields;
    return { ...this.written(ticket), snapshot: { version: '0', fields: { title, text, level, status } }, found: true };
  }

  /** Only we link tickets to causes, so every other link was ours. */
  protected async tie(ticket: Ticket, cause: string | undefined, signal: AbortSignal): Promise<Ticket> {
    const path = `/tickets/${ticket.id}/causes`;
    for (const other of ticket.causes.filter((each) => each !== cause))
      await this.call('DELETE', `${path}/${other}`, signal);
    if (cause !== undefined && !ticket.causes.includes(cause)) await this.call('POST', path, signal, { cause });
    return this.ticket(ticket.id, signal);
  }

  protected async addNotes(id: string, notes: OwnNote[], signal: AbortSignal): Promise<void> {
    if (notes.length === 0) return;
    const marks = (await this.notes(id, signal)).map(({ mark }) => mark);
    for (const note of notes.filter(({ mark }) => !marks.includes(mark)))
      await this.call('POST', `/tickets/${id}/notes`, signal, note);
  }

  protected ticket(id: string, signal: AbortSignal): Promise<Ticket> {
    return this.call<Ticket>('GET', `/tickets/${id}`, signal);
  }

  protected async notes(id: string, signal: AbortSignal): Promise<Note[]> {
    const all: Note[] = [];
    for (let page = 0; ; page += 1) {
      const { notes, more } = await this.call<{ notes: Note[]; more: boolean }>(
        'GET',
        `/tickets/${id}/notes?page=${page}`,
        signal,
      );
      all.push(...notes);
      if (!more) return all;
    }
  }

  protected written(ticket: Ticket): Written {
    const { id, number: displayId } = ticket;
    return { ref: { id, displayId, url: `${this.settings.url}/tickets/${id}` }, snapshot: this.snapshot(ticket) };
  }

  protected snapshot({ version, title, text, level, status }: Ticket): Snapshot {
    return { version: String(version), fields: { title, text, level, status } };
  }

  protected annotation({ id, by, text }: Note): SeenAnnotation {
    return { id, author: by, text, own: by === this.settings.user };
  }

  /** What a poll knows a ticket by. */
  protected print({ version }: Ticket): number {
    return version;
  }

  protected parse(body: Buffer): { event: string; ticket: Ticket; notes: Note[] } {
    const hook = jsonOf(body.toString()) as { event?: unknown; ticket?: Ticket; notes?: Note[] } | null | undefined;
    if (typeof hook?.ticket?.id !== 'string') throw new RejectedError('hook: ticket: must be a ticket');
    if (hook.event !== 'changed' && hook.event !== 'deleted')
      throw new RejectedError('hook: event: must be changed or deleted');
    return { event: hook.event, ticket: hook.ticket, notes: hook.notes ?? [] };
  }

  protected async call<T>(method: HttpCall['method'], path: string, signal: AbortSignal, body?: object): Promise<T> {
    const answer = await this.send({
      ...{ method, url: this.settings.url + path, signal, body: body && JSON.stringify(body) },
      headers: { authorization: basicAuthorization(this.settings.user, this.settings.password) },
    });
    if (answer.status < 200 || answer.status > 299) throw this.failure(method, path, answer);
    return this.read<T>(answer, `${method} ${path}`);
  }

  protected send(call: HttpCall): Promise<HttpAnswer> {
    const { timeoutMs, maxAnswerBytes, settleMs } = this.settings;
    return callTool(this.http, call, { ...DEFAULT_HTTP_LIMITS, timeoutMs, maxAnswerBytes, settleMs });
  }

  protected read<T>({ body }: HttpAnswer, what: string): T {
    const said = jsonOf(body);
    if (said === undefined) throw new MisconfiguredError(`${what}: the answer is not what this tool answers`);
    return said as T;
  }

  /** What becomes of a call that was not answered with success. */
  protected failure(method: string, path: string, { status, headers, body }: HttpAnswer): Error {
    const said = jsonOf(body) as { error?: string } | undefined;
    const text = `${method} ${path}: ${status} – ${said?.error ?? ''}`;
    const wait = retryAfterMs(headers);
    const { settleMs } = this.settings;
    if (status === 429) return new TransientError(text, { scope: 'server', retryAfterMs: wait });
    if (status >= 500) return new OutcomeUnknownError(text, { settleMs: Math.max(settleMs, wait ?? 0) });
    if (status === 404 && /^\/tickets\/./.test(path)) return new GoneError(text);
    if ([401, 403, 404, 410].includes(status) || status < 400) return new MisconfiguredError(text);
    return status === 409 ? new TransientError(text) : new RejectedError(text);
  }
}

/** Where a poll stands. `told`: the print of every ticket that it told. */
interface Walk {
  since: number;
  page: number;
  told: { [id: string]: number };
}

const isNewNote = (change: PropertyChange): change is AnnotationPropertyChange =>
  change.kind === 'annotation_property_change' && change.changeOperation === 'insert';

const same = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
