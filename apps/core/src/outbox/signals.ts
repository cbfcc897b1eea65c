import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { EventEmitter } from 'node:events';
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { DatabaseUrl } from '../database/database-url';

const CHANNEL = 'opr_connect';
/** Wake-ups of other cores are gathered for this long. */
const GATHER_MS = 10;
const RECONNECT_MS = 1_000;
/** A connection over which nothing comes may be quiet or lost: how often that is found out, and how long an answer may take. */
const CHECK_MS = 5_000;
const ANSWER_MS = 3_000;

type Signal = { from: string; due: boolean; settled: string[] };

/**
 * Wake-ups: that something is due, and that a forward of an event was settled. They are hints that save waiting; whoever
 * misses one finds the same by looking. Other cores are told over LISTEN/NOTIFY, after the commit, for inside a transaction
 * a NOTIFY makes all commits wait for each other.
 */
@Injectable()
export class Signals implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly log = new Logger('Signals');
  private readonly local = new EventEmitter().setMaxListeners(0);
  private readonly me = randomUUID();
  private gathered?: Signal;
  private listener?: Client;
  private reconnecting?: NodeJS.Timeout;
  private checking?: NodeJS.Timeout;
  private stopped = false;

  constructor(
    private readonly database: DataSource,
    private readonly url: DatabaseUrl,
  ) {}

  /** Messages were committed. */
  due(messages: readonly unknown[]): void {
    if (messages.length === 0) return;
    this.local.emit('due');
    this.gather().due = true;
  }

  /** A message of this event was settled. */
  settled(event: string): void {
    this.local.emit(`settled ${event}`);
    this.gather().settled.push(event);
  }

  onDue(listener: () => void): void {
    this.local.on('due', listener);
  }

  /** Resolves when a message of this event is settled, or after so many milliseconds. */
  async untilSettled(event: string, withinMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.local.off(`settled ${event}`, done).off('stopping', done);
        resolve();
      };
      const timer = setTimeout(done, withinMs).unref();
      this.local.once(`settled ${event}`, done).once('stopping', done);
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    this.checking = setInterval(() => this.check(), CHECK_MS);
    await this.listen();
  }

  /** Nobody waits for a settlement any more: the server can close. */
  beforeApplicationShutdown(): void {
    this.local.emit('stopping');
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.reconnecting);
    clearInterval(this.checking);
    await this.listener?.end().catch(() => undefined);
  }

  private gather(): Signal {
    if (!this.gathered) {
      this.gathered = { from: this.me, due: false, settled: [] };
      setTimeout(() => this.publish(), GATHER_MS).unref();
    }
    return this.gathered;
  }

  private publish(): void {
    const signal = this.gathered;
    this.gathered = undefined;
    if (!signal || this.stopped) return;
    // A payload holds less than 8000 bytes: of more settled events than fit, the others look for themselves.
    const payload = JSON.stringify({ ...signal, settled: signal.settled.slice(0, 150) });
    this.database
      .query('select pg_notify($1, $2)', [CHANNEL, payload])
      .catch((error: unknown) => this.log.debug(`no wake-up was sent: ${String(error)}`));
  }

  private async listen(): Promise<void> {
    const client = new Client({
      ...{ connectionString: this.url.value, application_name: 'opr-connect signals', keepAlive: true },
      ...{ connectionTimeoutMillis: ANSWER_MS, query_timeout: ANSWER_MS },
    });
    client.on('notification', ({ payload }) => this.hear(payload ?? ''));
    client.on('error', () => this.listenAgain(client));
    client.on('end', () => this.listenAgain(client));
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      this.listener = client;
      this.local.emit('due');
    } catch {
      this.listenAgain(client);
    }
  }

  private check(): void {
    const client = this.listener;
    client?.query('select').catch(() => this.listenAgain(client));
  }

  private listenAgain(lost: Client): void {
    if (this.stopped || this.reconnecting) return;
    this.listener = undefined;
    lost.removeAllListeners();
    lost.on('error', () => undefined);
    void lost.end().catch(() => undefined);
    this.reconnecting = setTimeout(() => {
      this.reconnecting = undefined;
      void this.listen();
    }, RECONNECT_MS);
  }

  private hear(payload: string): void {
    const signal = signalIn(payload);
    if (!signal || signal.from === this.me) return;
    if (signal.due) this.local.emit('due');
    for (const event of signal.settled) this.local.emit(`settled ${event}`);
  }
}

/** Anybody with a login may notify on the channel: what no core sent is passed over. */
function signalIn(payload: string): Signal | undefined {
  try {
    const said = JSON.parse(payload) as Partial<Signal> | null;
    if (typeof said?.from !== 'string' || !Array.isArray(said.settled)) return undefined;
    return { from: said.from, due: said.due === true, settled: said.settled };
  } catch {
    return undefined;
  }
}
