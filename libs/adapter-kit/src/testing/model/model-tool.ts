import { createHmac } from 'node:crypto';
import { Agent, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { FakeServer, received, type ReceivedCall } from '../fake/server';
import type { Edit, FakeTool, Fault, Operation, ToolRecord } from '../harness';
import { LEVEL, plainText, STATUS, TEXT_LIMIT, TITLE_LIMIT } from './model.mapping';

export const LOGIN = { user: 'hub', password: 'p4ssword-of-the-hub' };
export const HOOK_SECRET = 'secret-of-the-hooks';
export const PAGE = 3;

export interface Note {
  id: string;
  by: string;
  text: string;
  /** Told by whoever wrote it, and found again by it. */
  mark?: string;
}

export interface Ticket {
  id: string;
  /** What people call it. */
  number: string;
  key: string;
  title: string;
  /** Markup: `&lt;` and `&amp;`. */
  text: string;
  level: string;
  status: string;
  /** Closed as a duplicate of another. */
  retired: boolean;
  /** Ids of the tickets that it is linked to as to its causes: the tool takes a link twice. */
  causes: string[];
  version: number;
  /** Ticks of a clock that is slower than the changes. */
  updated: number;
}

interface Answer {
  status: number;
  body?: unknown;
}

/** A small ticketing tool with everything that makes tools hard: the contract of the kit is tried out on it. */
export class ModelTool extends FakeServer implements FakeTool {
  private readonly tickets = new Map<string, Ticket>();
  private readonly noted = new Map<string, Note[]>();
  private readonly searchable = new Map<string, number>();
  private readonly faults: Fault[] = [];
  private readonly agent = new Agent({ keepAlive: true });
  private sending: Promise<void> = Promise.resolve();
  private lagMs = 0;
  private impostorKey: string | undefined;
  private dropsTitle = false;
  private count = 0;
  private ids = 0;
  private versions = 0;

  private constructor(private readonly door: string) {
    super();
  }

  static async start(door: string): Promise<ModelTool> {
    const tool = new ModelTool(door);
    await tool.listen();
    return tool;
  }

  get url(): string {
    return this.origin;
  }

  records(key: string): ToolRecord[] {
    const live = [...this.tickets.values()].filter((ticket) => ticket.key === key && !ticket.retired);
    return live.map(({ id, title, text, level, status, causes }) => ({
      ...{ id, title, description: plainText(text), severity: level, state: status, causes: [...causes] },
      notes: this.notes(id).map((note) => note.text),
    }));
  }

  edit(id: string, { title, severity, state }: Edit): void {
    this.write(this.get(id), {
      ...(title !== undefined && { title }),
      ...(severity && { level: LEVEL[severity] }),
      ...(state && { status: STATUS[state] }),
    });
  }

  note(id: string, text: string): void {
    this.addNote(this.get(id), { by: 'jane', text });
  }

  remove(id: string): void {
    const ticket = this.get(id);
    this.tickets.delete(id);
    this.tell({ event: 'deleted', ticket });
  }

  fault(fault: Fault): void {
    this.faults.push({ ...fault, times: fault.times === 0 ? Infinity : (fault.times ?? 1) });
  }

  lag(ms: number): void {
    this.lagMs = ms;
  }

  impostor(key: string): void {
    this.impostorKey = key;
    this.create({ key: 'of somebody else', title: 'A stranger' });
  }

  trouble(): void {
    this.dropsTitle = true;
  }

  async quiet(): Promise<void> {
    await this.sending;
  }

  calls(): number {
    return this.count;
  }

  override async close(): Promise<void> {
    await super.close();
    await this.sending;
    this.agent.destroy();
  }

  private get(id: string): Ticket {
    const ticket = this.tickets.get(id);
    if (!ticket) throw new Error(`no ticket ${id}`);
    return ticket;
  }

  private notes(id: string): Note[] {
    return this.noted.get(id) ?? [];
  }

  private create({ notes = [], ...values }: Partial<Ticket> & { notes?: Omit<Note, 'id' | 'by'>[] }): Ticket {
    const id = String(++this.ids);
    const ticket: Ticket = {
      ...{ key: '', title: '', text: '', level: 'p5', status: 'new' },
      ...values,
      ...{ id, number: `M-${id}`, retired: false, causes: [], version: 1, updated: this.tick() },
    };
    this.tickets.set(id, ticket);
    this.searchable.set(id, Date.now() + this.lagMs);
    for (const note of notes)
      this.noted.set(id, [...this.notes(id), { ...note, id: `n${++this.ids}`, by: LOGIN.user }]);
    return ticket;
  }

  private write(ticket: Ticket, values: Partial<Ticket>): Ticket {
    Object.assign(ticket, values, { version: ticket.version + 1, updated: this.tick() });
    this.tell({ event: 'changed', ticket });
    return ticket;
  }

  private addNote(ticket: Ticket, note: Omit<Note, 'id'>): Ticket {
    const added = { ...note, id: `n${++this.ids}` };
    this.noted.set(ticket.id, [...this.notes(ticket.id), added]);
    Object.assign(ticket, { version: ticket.version + 1, updated: this.tick() });
    this.tell({ event: 'changed', ticket, notes: [added] });
    return ticket;
  }

  /** Two writes fall into one tick. */
  private tick(): number {
    return Math.floor(++this.versions / 2);
  }

  private tell(hook: { event: string; ticket: Ticket; notes?: Note[] }): void {
    const body = JSON.stringify({ ...hook, notes: hook.notes ?? [] });
    const signature = createHmac('sha256', HOOK_SECRET).update(body).digest('hex');
    const headers = { 'content-type': 'application/json', 'x-model-signature': signature };
    const post = () =>
      new Promise<void>((resolve) => {
        const call = request(
          this.door,
          { method: 'POST', headers, agent: this.agent, signal: this.stop.signal },
          (answer) => answer.resume().on('close', resolve),
        );
        call.on('error', () => resolve()).end(body);
      });
    this.sending = this.sending.then(post);
  }

  protected override async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = await received(request);
    this.count += 1;
    const url = new URL(call.path, 'http://tool');
    const fault = this.take(operationOf(call.method, url.pathname));
    await this.answerCall(request, response, {
      fault,
      act: () => {
        const { status, body } = refused(fault, call) ?? this.answer(call, url, JSON.parse(call.body || '{}'));
        const headers = fault?.kind === 'status' ? fault.headers : undefined;
        const isPage = fault?.kind === 'html';
        return { status, headers, body: isPage ? '<!doctype html><title>Log in</title>' : JSON.stringify(body ?? {}) };
      },
    });
  }

  private take(operation: Operation): Fault | undefined {
    const index = this.faults.findIndex(({ on }) => on === operation || on === 'whichever');
    const fault = this.faults[index];
    if (!fault) return undefined;
    fault.times = (fault.times ?? 1) - 1;
    if (fault.times <= 0) this.faults.splice(index, 1);
    return fault;
  }

  private answer(
    call: ReceivedCall,
    url: URL,
    body: Partial<Ticket> & { notes?: Note[]; cause?: string } & Partial<Note>,
  ): Answer {
    const expected = `Basic ${Buffer.from(`${LOGIN.user}:${LOGIN.password}`).toString('base64')}`;
    if (call.headers['authorization'] !== expected) return refusal(401, 'who are you?');
    const [, root, id = '', rest, more] = url.pathname.split('/');
    if (root === 'me') return { status: 200, body: { user: LOGIN.user } };
    if (root !== 'tickets') return refusal(404, 'no such path');
    const page = Number(url.searchParams.get('page') ?? 0);
    if (id === '' && call.method === 'GET') return { status: 200, body: this.search(url.searchParams, page) };
    const problem = problemIn(body);
    if (problem) return refusal(422, problem);
    if (id === '') return { status: 201, body: this.create(body) };
    const ticket = this.tickets.get(id);
    if (!ticket) return refusal(404, 'no such ticket');
    if (rest === 'notes' && call.method === 'GET') {
      const from = page * PAGE;
      return {
        status: 200,
        body: { notes: this.notes(id).slice(from, from + PAGE), more: this.notes(id).length > from + PAGE },
      };
    }
    if (rest === 'causes' && call.method === 'POST')
      return { status: 201, body: this.write(ticket, { causes: [...ticket.causes, body.cause ?? ''] }) };
    if (rest === 'causes')
      return { status: 200, body: this.write(ticket, { causes: ticket.causes.filter((each) => each !== more) }) };
    if (rest === 'notes')
      return { status: 201, body: this.addNote(ticket, { by: LOGIN.user, text: body.text ?? '', mark: body.mark }) };
    return { status: 200, body: call.method === 'PATCH' ? this.write(ticket, this.kept(body)) : ticket };
  }

  /** What of a write is not dropped without a word. */
  private kept({ title, ...rest }: Partial<Ticket>): Partial<Ticket> {
    const isDropped = this.dropsTitle || title === undefined;
    if (title !== undefined) this.dropsTitle = false;
    return isDropped ? rest : { title, ...rest };
  }

  private search(query: URLSearchParams, page: number): unknown {
    const [key, since] = [query.get('key'), Number(query.get('since') ?? 0)];
    const all = [...this.tickets.values()].filter(({ id }) => (this.searchable.get(id) ?? 0) <= Date.now());
    const found = all.filter((ticket) =>
      key === null ? ticket.updated >= since : ticket.key === key || key === this.impostorKey,
    );
    found.sort((a, b) => a.updated - b.updated || Number(a.id) - Number(b.id));
    const from = page * PAGE;
    return { tickets: found.slice(from, from + PAGE), more: found.length > from + PAGE };
  }
}

function operationOf(method: string, path: string): Operation {
  if (method === 'PATCH') return 'change';
  if (path.includes('/causes')) return 'whichever';
  if (method === 'POST') return path === '/tickets' ? 'create' : 'note';
  return /^\/tickets\/\d+$/.test(path) ? 'read' : 'whichever';
}

const refusal = (status: number, error: string): Answer => ({ status, body: { error } });

function refused(fault: Fault | undefined, { headers }: ReceivedCall): Answer | undefined {
  if (fault?.kind === 'html') return { status: 200 };
  if (fault?.kind !== 'status') return undefined;
  return refusal(fault.status, fault.quotes ? JSON.stringify(headers) : (fault.says ?? 'ordered by the test'));
}

function problemIn({ title = '', text = '' }: { title?: string; text?: string }): string | undefined {
  if (title.length > TITLE_LIMIT) return `title: at most ${TITLE_LIMIT} characters`;
  if (text.length > TEXT_LIMIT) return `text: at most ${TEXT_LIMIT} characters`;
  return /[^\P{Cc}\n\t\r]/u.test(title + text) ? 'control characters are not allowed' : undefined;
}
