import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Gate, Said } from './gate';
import {
  boundStatement,
  commandTag,
  FrameReader,
  inTransaction,
  parsed,
  queryText,
  type Frame,
} from './postgres-frames';
import { LOOKS, statementLabel } from './statement-label';

/**
 * Stands between a core and PostgreSQL, and asks a gate before each statement is passed on and before its answer is passed
 * back. A statement is everything up to `Query` or `Sync`; the driver sends the next one when it has the answer.
 */
export class PostgresProxy {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {}

  static async start(target: URL, gate: Gate): Promise<PostgresProxy> {
    const server = createServer((client) => {
      const upstream = connect(Number(target.port), target.hostname);
      for (const socket of [client, upstream]) {
        proxy.sockets.add(socket);
        socket.on('close', () => proxy.sockets.delete(socket)).on('error', () => undefined);
      }
      new Session(client, upstream, gate);
    });
    const proxy = new PostgresProxy(server, target);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  /** The database as a core is told of it. */
  get url(): string {
    const url = new URL(this.target);
    url.port = String((this.server.address() as AddressInfo).port);
    return url.href;
  }

  async close(): Promise<void> {
    const closed = once(this.server.close(), 'close');
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}

class Session {
  private readonly statements = new Map<string, string>();
  private request: Frame[] = [];
  private answer: Buffer[] = [];
  /** A transaction that has said nothing yet: its beginning is no point, nor is its end if it never does. */
  private isEmpty = false;
  private underWay: { label: string | undefined; tag: string } | undefined;
  private work: Promise<void> = Promise.resolve();

  constructor(
    private readonly client: Socket,
    private readonly upstream: Socket,
    private readonly gate: Gate,
  ) {
    const fromClient = new FrameReader(true);
    const fromServer = new FrameReader(false);
    client.on('data', (chunk: Buffer) => fromClient.read(chunk).forEach((frame) => this.asked(frame)));
    upstream.on('data', (chunk: Buffer) => fromServer.read(chunk).forEach((frame) => this.answered(frame)));
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  }

  private asked(frame: Frame): void {
    this.request.push(frame);
    const isWhole = frame.type === 'Q' || frame.type === 'S';
    const isPartOfOne = ['P', 'B', 'D', 'E', 'C', 'H'].includes(frame.type);
    if (isPartOfOne) return;
    const request = this.request;
    this.request = [];
    if (!isWhole) return this.passOn(request);
    this.do(async () => {
      const label = this.pointIn(request);
      if (label !== undefined && (await this.gate.before({ label })) === 'drop') return this.drop();
      this.underWay = { label, tag: '' };
      this.passOn(request);
    });
  }

  private answered(frame: Frame): void {
    const statement = this.underWay;
    if (!statement) return void this.client.write(frame.bytes);
    this.answer.push(frame.bytes);
    if (frame.type === 'C') statement.tag = commandTag(frame);
    if (frame.type !== 'Z') return;
    const answer = Buffer.concat(this.answer);
    this.answer = [];
    this.underWay = undefined;
    const said = effectOf(statement, inTransaction(frame));
    this.do(async () => {
      if (said && (await this.gate.after(said)) === 'drop') return this.drop();
      this.client.write(answer);
    });
  }

  private pointIn(request: readonly Frame[]): string | undefined {
    const label = this.labelOf(request);
    if (label === 'begin') this.isEmpty = true;
    else if (label !== undefined && label !== 'commit' && label !== 'rollback') this.isEmpty = false;
    return this.isEmpty ? undefined : label;
  }

  private labelOf(request: readonly Frame[]): string | undefined {
    for (const frame of request) {
      if (frame.type === 'Q') return statementLabel(queryText(frame));
      if (frame.type === 'P') this.statements.set(parsed(frame).name, parsed(frame).text);
      if (frame.type === 'B') return statementLabel(this.statements.get(boundStatement(frame)) ?? '');
    }
    return undefined;
  }

  private passOn(request: readonly Frame[]): void {
    this.upstream.write(Buffer.concat(request.map(({ bytes }) => bytes)));
  }

  private do(step: () => Promise<void>): void {
    this.work = this.work.then(step);
  }

  private drop(): void {
    this.client.destroy();
    this.upstream.destroy();
  }
}

/** What changed nothing is no point. */
function effectOf({ label, tag }: { label: string | undefined; tag: string }, open: boolean): Said | undefined {
  if (label === undefined || /^(UPDATE|DELETE) 0$/.test(tag) || (LOOKS.has(label) && / 0$/.test(tag))) return undefined;
  return { label, lasting: !open && !tag.startsWith('SELECT') };
}
