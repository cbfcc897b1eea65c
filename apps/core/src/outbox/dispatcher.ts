import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { OutcomeUnknownError, type Adapter } from '@opr-connect/adapter-kit';
import type { ConnectedServer } from '../connected-servers/connected-server';
import { ConnectedServers } from '../connected-servers/connected-servers';
import { backoffMs } from './backoff';
import { Carrier } from './carrier';
import { nextStep } from './next-step';
import { OutboxRepository, type OutboxMessage } from './outbox.repository';
import { Signals } from './signals';

/** Calls under way to one server at a time: a slow server takes no place from another. */
const PLACES = 8;
/** The longest that a call may take. */
const CALL_MS = 45_000;
/** How long an adapter may take to end a call that was aborted. */
const GRACE_MS = 2_000;
/** How long the messages of a core that died wait for another one. */
const LEASE_MS = 15_000;
const RENEW_MS = 5_000;
/** Without a wake-up: how often to look for what has become due. */
const LOOK_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
const SHUTDOWN_MS = 10_000;

interface Pause {
  until: number;
  failures: number;
}

/**
 * Keeps the promises of the outbox. Invariants:
 * - every call has a deadline, its lease is kept as long as it runs, and the claim fences what is written after it: a core
 *   that was held up beyond its leases writes nothing any more;
 * - each server has places of its own, so nobody waits for somebody else's broken tool;
 * - what concerns a whole server pauses it, and costs its messages no attempt;
 * - on shutdown nothing new is claimed, and what is under way is finished or given back.
 */
@Injectable()
export class Dispatcher implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('Dispatcher');
  private readonly underWay = new Map<string, Map<OutboxMessage, Promise<void>>>();
  private readonly pauses = new Map<string, Pause>();
  private readonly callsUnderWay = new Set<AbortController>();
  private readonly timers: NodeJS.Timeout[] = [];
  private looking = false;
  private claiming?: Promise<OutboxMessage[]>;
  private lookAgain = false;
  private stopped = false;

  constructor(
    private readonly outbox: OutboxRepository,
    private readonly carrier: Carrier,
    private readonly servers: ConnectedServers,
    private readonly signals: Signals,
  ) {}

  onApplicationBootstrap(): void {
    this.signals.onDue(() => void this.look());
    this.timers.push(
      setInterval(() => void this.look(), LOOK_MS),
      setInterval(() => void this.renew(), RENEW_MS),
    );
    void this.look();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    // What is being claimed at this moment is started, since `look` was the first to wait for it.
    await this.claiming?.catch(() => undefined);
    const end = setTimeout(() => this.callsUnderWay.forEach((call) => call.abort()), SHUTDOWN_MS);
    await Promise.all([...this.underWay.values()].flatMap((calls) => [...calls.values()]));
    clearTimeout(end);
    this.timers.forEach(clearInterval);
  }

  /** Whether messages to this server wait because of the server itself. */
  isPaused(server: string): boolean {
    return (this.pauses.get(server)?.until ?? 0) > Date.now();
  }

  /** Claims and starts what is due. A call while one is running makes it look once more. */
  private async look(): Promise<void> {
    this.lookAgain = true;
    if (this.looking) return;
    this.looking = true;
    try {
      while (this.lookAgain && !this.stopped) {
        this.lookAgain = false;
        const room = this.room();
        if (room.size === 0) break;
        this.claiming = this.outbox.claim(room, LEASE_MS);
        for (const message of await this.claiming) this.start(message);
      }
    } catch (error) {
      this.log.warn({ reason: String(error) }, 'the outbox cannot be read; looking again');
    } finally {
      this.looking = false;
    }
  }

  private async renew(): Promise<void> {
    const held = [...this.underWay.values()].flatMap((calls) => [...calls.keys()]);
    if (held.length === 0) return;
    await this.outbox
      .renew(held, LEASE_MS)
      .catch((error: unknown) => this.log.warn({ reason: String(error) }, 'leases could not be renewed'));
  }

  private room(): Map<string, number> {
    const free = this.servers
      .all()
      .filter((server) => server.active && server.adapter && !this.isPaused(server.uuid))
      .map((server) => [server.uuid, this.places(server.uuid) - (this.underWay.get(server.uuid)?.size ?? 0)] as const);
    return new Map(free.filter(([, places]) => places > 0));
  }

  /** After a failure of the whole server one call tries it out. */
  private places(server: string): number {
    return this.pauses.has(server) ? 1 : PLACES;
  }

  private start(message: OutboxMessage): void {
    const calls = this.underWay.get(message.server) ?? new Map<OutboxMessage, Promise<void>>();
    this.underWay.set(message.server, calls);
    const call = this.carry(message).finally(() => {
      calls.delete(message);
      // A place is free again, and the next message of the same row may go.
      void this.look();
    });
    calls.set(message, call);
  }

  private async carry(message: OutboxMessage): Promise<void> {
    const server = this.servers.find(message.server);
    if (!server?.adapter) return;
    try {
      await this.call(message, server, server.adapter);
    } catch (error) {
      // The database failed us: nothing was written, and the message comes back when its lease ends.
      this.log.error(
        { server: server.name, message: message.id, kind: message.kind, reason: String(error) },
        'a message was carried and could not be settled',
      );
    }
  }

  private async call(message: OutboxMessage, server: ConnectedServer, adapter: Adapter): Promise<void> {
    // A controller for each call: signals derived from one that lives as long as the process would pile up on it.
    const ending = new AbortController();
    const deadline = setTimeout(() => ending.abort(), CALL_MS);
    this.callsUnderWay.add(ending);
    const about = {
      server: server.name,
      kind: message.kind,
      message: message.id,
      event: 'event' in message ? message.event : undefined,
      attempt: message.attempts,
    };
    let failure: unknown;
    try {
      await Promise.race([this.carrier.carry(message, server, adapter, ending.signal), this.overdue(ending.signal)]);
      if (message.kind !== 'hook') this.pauses.delete(server.uuid);
      this.log.log(about, 'carried');
      return;
    } catch (error) {
      failure = error;
    } finally {
      clearTimeout(deadline);
      this.callsUnderWay.delete(ending);
    }
    const step = nextStep(failure, message);
    this.log.warn({ ...about, next: step.kind, reason: step.reason }, 'not carried');
    switch (step.kind) {
      case 'later':
        return this.release(message, { ms: step.ms, countsAttempt: true, error: step.reason });
      case 'pause':
        return this.release(message, {
          ms: this.pause(server, step.ms, step.alarm, step.reason),
          countsAttempt: false,
          error: step.reason,
        });
      case 'reject':
        return this.carrier.reject(message, step.reason);
      case 'gone':
        return this.carrier.gone(message, step.reason);
      case 'unreadable':
        return this.carrier.unreadable(message);
    }
  }

  /** An adapter that does not end when its signal aborts is not waited for. */
  private overdue(signal: AbortSignal): Promise<never> {
    return new Promise((_resolve, reject) => {
      const give = () =>
        setTimeout(
          () => reject(new OutcomeUnknownError('the call did not end', { settleMs: CALL_MS })),
          GRACE_MS,
        ).unref();
      signal.addEventListener('abort', give, { once: true });
    });
  }

  private async release(message: OutboxMessage, after: Parameters<OutboxRepository['release']>[1]): Promise<void> {
    await this.outbox.release(message, after);
    // Whoever waits for the external id looks whether it is still worth waiting.
    if ('event' in message) this.signals.settled(message.event);
  }

  private pause(server: ConnectedServer, ms: number | undefined, alarm: boolean, reason: string): number {
    const failures = (this.pauses.get(server.uuid)?.failures ?? 0) + 1;
    const wait = ms ?? (alarm ? LONGEST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, backoffMs(failures)));
    this.pauses.set(server.uuid, { until: Date.now() + wait, failures });
    if (alarm)
      this.log.error(
        { server: server.name, reason },
        `nothing can be carried to ${server.name} until its configuration is put right`,
      );
    return wait;
  }
}
