import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { Adapter } from '@opr-connect/adapter-kit';
import { setTimeout as sleep } from 'node:timers/promises';
import { Configuration } from '../config/configuration';
import type { ConnectedServer } from '../connected-servers/connected-server';
import { ConnectedServers } from '../connected-servers/connected-servers';
import { ServerStates } from '../connected-servers/server-states';
import type { Input } from '../conversation/conversation';
import { isDatabaseUnavailable } from '../database/errors';
import { Attempts } from '../metrics/attempts';
import { callInTime } from './call-in-time';
import { Carrier } from './carrier';
import { nextStep, type NextStep } from './next-step';
import { OutboxRepository, type OutboxMessage } from './outbox.repository';
import { Settlements } from './settlements';
import { Signals } from './signals';

/** The longest that a call may take. */
const CALL_MS = 45_000;
/** How long the messages of a core that died wait for another one. */
const LEASE_MS = 15_000;
const RENEW_MS = 5_000;
/** A call is ended so long before its lease, if the lease could not be renewed. */
const MARGIN_MS = 2_500;
/** Without a wake-up: how often to look for what has become due. */
const LOOK_MS = 1_000;
/** How long after a write that failed it is tried again. */
const AGAIN_MS = 1_000;
const SHUTDOWN_MS = 10_000;

interface Call {
  message: OutboxMessage;
  ending: AbortController;
  /** Ends the call before its lease does. */
  leaseTimer: NodeJS.Timeout;
  done: Promise<void>;
}

/**
 * Keeps the promises of the outbox. Invariants:
 * - every call ends before its lease: the lease is renewed as long as the call runs, and a call whose lease cannot be renewed
 *   is ended; what is written after it is fenced all the same, for a core may be held up between the two;
 * - how many calls a server gets is decided by the claim, for each server apart: nobody waits for somebody else's broken tool;
 * - what concerns a whole server pauses it for all cores, and costs its messages no attempt;
 * - on shutdown nothing new is claimed, and what is under way is finished or given back.
 */
@Injectable()
export class Dispatcher implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('Dispatcher');
  private readonly calls = new Set<Call>();
  private readonly timers: NodeJS.Timeout[] = [];
  private looking = false;
  private lookAgain = false;
  private claiming?: Promise<OutboxMessage[]>;
  private stopped = false;

  constructor(
    private readonly outbox: OutboxRepository,
    private readonly carrier: Carrier,
    private readonly settlements: Settlements,
    private readonly servers: ConnectedServers,
    private readonly states: ServerStates,
    private readonly signals: Signals,
    private readonly attempts: Attempts,
    private readonly configuration: Configuration,
  ) {}

  onApplicationBootstrap(): void {
    this.signals.onDue(() => void this.look());
    this.configuration.follow(() => void this.look());
    this.timers.push(
      setInterval(() => void this.look(), LOOK_MS),
      setInterval(() => void this.renew(), RENEW_MS),
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    // What is being claimed at this moment is started, since `look` was the first to wait for it.
    await this.claiming?.catch(() => undefined);
    const end = setTimeout(() => this.calls.forEach(({ ending }) => ending.abort()), SHUTDOWN_MS);
    await Promise.all([...this.calls].map(({ done }) => done));
    clearTimeout(end);
    this.timers.forEach(clearInterval);
  }

  /** Claims and starts what is due. A call while one is running makes it look once more. */
  private async look(): Promise<void> {
    this.lookAgain = true;
    if (this.looking) return;
    this.looking = true;
    try {
      while (this.lookAgain && !this.stopped) {
        this.lookAgain = false;
        const rooms = this.servers
          .all()
          .flatMap(({ uuid, active, adapter, concurrency, ratePerMinute }) =>
            active && adapter ? [{ server: uuid, concurrency, ratePerMinute }] : [],
          );
        if (rooms.length === 0) break;
        this.claiming = this.outbox.claim(rooms, LEASE_MS);
        for (const message of await this.claiming) this.start(message);
      }
    } catch (error) {
      this.log.warn({ reason: String(error) }, 'the outbox cannot be read; looking again');
    } finally {
      this.looking = false;
    }
  }

  private async renew(): Promise<void> {
    const held = [...this.calls];
    if (held.length === 0) return;
    try {
      const kept = await this.outbox.renew(
        held.map(({ message }) => message),
        LEASE_MS,
      );
      for (const call of held) if (kept.has(call.message.id)) call.leaseTimer.refresh();
    } catch (error) {
      this.log.warn({ reason: String(error) }, 'leases could not be renewed');
    }
  }

  private start(message: OutboxMessage): void {
    const ending = new AbortController();
    const leaseTimer = setTimeout(() => ending.abort(), LEASE_MS - MARGIN_MS);
    const call: Call = { message, ending, leaseTimer, done: Promise.resolve() };
    this.calls.add(call);
    call.done = this.carry(message, ending.signal).finally(() => {
      clearTimeout(leaseTimer);
      this.calls.delete(call);
      // A place is free again, and the next message of the same row may go.
      void this.look();
    });
  }

  private async carry(message: OutboxMessage, signal: AbortSignal): Promise<void> {
    const server = this.servers.find(message.server);
    if (!server?.adapter) return;
    const { id, kind, event, eventId, attempts, age } = message;
    const ended = this.attempts.begin(
      { server: server.name, kind, message: id, attempt: attempts, event, eventId },
      age,
    );
    try {
      const answer = await this.call(message, server, server.adapter, signal);
      if ('failure' in answer) {
        const step = nextStep(answer.failure, message);
        await persistently(() => this.failed(message, server, step), signal);
        return ended(step.kind, { reason: step.reason });
      }
      await persistently(async () => {
        await this.states.worked(server.uuid);
        await this.settlements.settle({ message, input: answer.input });
      }, signal);
      ended('done', answer.input.kind === 'delivered' ? { duplicates: answer.input.duplicates } : {});
    } catch (error) {
      // The database failed us: nothing was written, and the message comes back when its lease ends.
      ended('unsettled', { reason: String(error) });
    }
  }

  private async call(
    message: OutboxMessage,
    server: ConnectedServer,
    adapter: Adapter,
    signal: AbortSignal,
  ): Promise<{ input: Input } | { failure: unknown }> {
    try {
      return {
        input: await callInTime((ending) => this.carrier.carry(message, server, adapter, ending), CALL_MS, signal),
      };
    } catch (failure) {
      return { failure };
    }
  }

  private async failed(message: OutboxMessage, server: ConnectedServer, step: NextStep): Promise<void> {
    switch (step.kind) {
      case 'later':
        return this.release(message, { ms: step.ms, countsAttempt: true, error: step.reason });
      case 'pause': {
        await this.states.failed(server.uuid, step);
        if (step.alarm)
          this.log.error(
            { server: server.name, reason: step.reason },
            `nothing can be carried to ${server.name} until its configuration is put right`,
          );
        // The pause alone holds it up, so that it goes as soon as somebody resumes the server.
        return this.release(message, { ms: 0, countsAttempt: false, error: step.reason });
      }
      case 'reject':
        if (message.kind === 'read') return this.unreadable(message);
        return this.settlements.settle({
          message,
          dead: step.reason,
          input: { kind: 'rejected', to: message.row, message: message.id, reason: step.reason },
        });
      case 'gone':
        return this.settlements.settle({
          message,
          input: { kind: 'gone', to: message.row, message: message.id, reason: step.reason },
        });
      case 'unreadable':
        return this.unreadable(message);
    }
  }

  private unreadable(message: OutboxMessage): Promise<void> {
    const input: Input = { kind: 'read', from: message.row, message: message.id, outcome: 'unreadable' };
    return this.settlements.settle({ message, input });
  }

  private async release(message: OutboxMessage, after: Parameters<OutboxRepository['release']>[1]): Promise<void> {
    await this.outbox.release(message, after);
    // Whoever waits for the external id looks whether it is still worth waiting.
    this.signals.settled(message.event);
  }
}

/**
 * While the database is away and the lease is ours, what became of a call is not forgotten. To write it twice does no harm: the
 * claim fences it.
 */
async function persistently(write: () => Promise<void>, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (signal.aborted || !isDatabaseUnavailable(error)) throw error;
      await sleep(AGAIN_MS);
    }
  }
}
