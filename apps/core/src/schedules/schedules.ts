import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { ConnectedServers } from '../connected-servers/connected-servers';
import { Metrics } from '../metrics/metrics';
import { backoffMs } from '../outbox/backoff';
import { Poller } from '../polling/poller';
import { Reconciler } from '../reconciliation/reconciler';
import { Retention } from '../retention/retention';
import { ScheduleRepository, type Ended, type Recurring, type ScheduledWork } from './schedule.repository';
import type { Task } from './task';

/** How long the work of a core that died waits for another one. */
const LEASE_MS = 15_000;
const RENEW_MS = 5_000;
/** Work is ended so long before its lease, if the lease could not be renewed. */
const MARGIN_MS = 2_500;
const LOOK_MS = 1_000;
/** How long work may take to end after its signal was aborted. */
const SHUTDOWN_MS = 10_000;

interface Running {
  work: ScheduledWork;
  ending: AbortController;
  /** Ends the work before its lease does. */
  leaseTimer: NodeJS.Timeout;
  done: Promise<void>;
}

/**
 * Work by the clock, done once for all cores, and by none in particular. Invariants:
 * - a piece of work is a row of `scheduled_work`; when it is due, and how far it got, stands in the row and nowhere else;
 * - it is claimed by one statement and by one core at a time, until its lease ends; the lease is renewed as long as the work
 *   goes on, and work whose lease cannot be renewed is ended before the lease is;
 * - the claim fences: every transaction of the work begins by noting how far it got under its claim, so whoever lost the lease
 *   writes nothing, and a core that dies is followed by another one that goes on from there;
 * - nothing is claimed for a server that is held or paused, nor for one that is inactive or has bad settings;
 * - a piece of work waits for nobody: one whose server is slow takes no place from another.
 */
@Injectable()
export class Schedules implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('Schedules');
  private readonly tasks: ReadonlyMap<string, Task>;
  private readonly running = new Set<Running>();
  private readonly timers: NodeJS.Timeout[] = [];
  private ensured = '';
  private looking?: Promise<void>;
  private stopped = false;

  constructor(
    private readonly repository: ScheduleRepository,
    private readonly servers: ConnectedServers,
    private readonly metrics: Metrics,
    poller: Poller,
    reconciler: Reconciler,
    retention: Retention,
  ) {
    this.tasks = new Map([poller, reconciler, retention].map((task) => [task.kind, task]));
  }

  onApplicationBootstrap(): void {
    this.timers.push(
      setInterval(() => this.look(), LOOK_MS),
      setInterval(() => void this.renew(), RENEW_MS),
    );
    this.look();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await this.looking;
    this.running.forEach(({ ending }) => ending.abort());
    const patience = new Promise((resolve) => setTimeout(resolve, SHUTDOWN_MS).unref());
    await Promise.race([Promise.all([...this.running].map(({ done }) => done)), patience]);
    this.timers.forEach(clearInterval);
  }

  private look(): void {
    if (this.looking || this.stopped) return;
    this.looking = this.claim()
      .catch((error: unknown) =>
        this.log.warn({ reason: String(error) }, 'the schedules cannot be read; looking again'),
      )
      .finally(() => (this.looking = undefined));
  }

  private async claim(): Promise<void> {
    const recurring = [...this.tasks.values()].flatMap((task) =>
      task.recurring().map((one): Recurring => ({ kind: task.kind, ...one })),
    );
    const known = JSON.stringify(recurring);
    if (known !== this.ensured) await this.repository.ensure(recurring);
    this.ensured = known;
    for (const work of await this.repository.claim(recurring, LEASE_MS)) this.start(work);
  }

  private start(work: ScheduledWork): void {
    const ending = new AbortController();
    const leaseTimer = setTimeout(() => ending.abort(), LEASE_MS - MARGIN_MS);
    const running: Running = { work, ending, leaseTimer, done: Promise.resolve() };
    this.running.add(running);
    running.done = this.carryOut(work, ending.signal).finally(() => {
      clearTimeout(leaseTimer);
      this.running.delete(running);
    });
  }

  private async carryOut(work: ScheduledWork, signal: AbortSignal): Promise<void> {
    try {
      const ended = await this.run(work, signal);
      await this.repository.end(work, ended);
      this.count(work, ended);
    } catch (error) {
      // It is claimed again when its lease ends.
      this.log.warn({ kind: work.kind, reason: String(error) }, 'work by the clock could not be let go of');
    }
  }

  private async run(work: ScheduledWork, signal: AbortSignal): Promise<Ended> {
    const about = { kind: work.kind, server: work.server };
    try {
      const ended = await this.tasks.get(work.kind)?.run(work, signal);
      // Ended by a shutdown: whoever looks next goes on.
      if (!ended || signal.aborted) return { dueMs: 0, error: 'interrupted' };
      if (ended.error !== undefined) this.log.warn({ ...about, reason: ended.error }, 'work by the clock failed');
      return ended;
    } catch (error) {
      if (signal.aborted) return { dueMs: 0, error: 'interrupted' };
      this.log.error({ ...about, reason: String(error) }, 'work by the clock failed');
      return { dueMs: backoffMs(work.attempts + 1), error: String(error), countsAttempt: true };
    }
  }

  private count({ kind, server }: ScheduledWork, { error, countsAttempt }: Ended): void {
    const name = server === null ? '' : (this.servers.find(server)?.name ?? '');
    const outcome = error === undefined ? 'done' : countsAttempt ? 'failed' : 'put_off';
    this.metrics.scheduledWork.inc({ server: name, kind, outcome });
  }

  private async renew(): Promise<void> {
    const held = [...this.running];
    if (held.length === 0) return;
    try {
      const kept = await this.repository.renew(
        held.map(({ work }) => work),
        LEASE_MS,
      );
      for (const { work, ending, leaseTimer } of held) {
        if (kept.has(work.id)) leaseTimer.refresh();
        else ending.abort();
      }
    } catch (error) {
      this.log.warn({ reason: String(error) }, 'leases could not be renewed');
    }
  }
}
