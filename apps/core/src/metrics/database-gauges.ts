import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConnectedServers } from '../connected-servers/connected-servers';
import { ServerStates } from '../connected-servers/server-states';
import { Backlog, type Heap } from '../outbox/backlog';
import { Metrics } from './metrics';

/** So long a scrape waits for the database; then it answers without what the database knows. */
const WAIT_MS = 5_000;

/** What has to be counted anew for each scrape. However many ask, the database counts once at a time. */
@Injectable()
export class DatabaseGauges {
  private readonly log = new Logger('Metrics');
  private counting?: Promise<Heap[] | undefined>;

  constructor(
    private readonly metrics: Metrics,
    private readonly backlog: Backlog,
    private readonly servers: ConnectedServers,
    private readonly states: ServerStates,
  ) {}

  /** A database that is away makes no error: its gauges are left out, and `database_up` says so. */
  async refresh(): Promise<void> {
    this.counting ??= this.count().finally(() => (this.counting = undefined));
    const ending = new AbortController();
    const late = sleep(WAIT_MS, undefined, { signal: ending.signal, ref: false }).catch(() => undefined);
    const heaps = await Promise.race([this.counting, late]);
    ending.abort();
    this.setServers();
    this.setHeaps(heaps);
  }

  private async count(): Promise<Heap[] | undefined> {
    try {
      return await this.backlog.count();
    } catch (error) {
      this.log.warn({ reason: String(error) }, 'the outbox cannot be counted');
      return undefined;
    }
  }

  private setServers(): void {
    const { paused, held, alarm, quarantined } = this.metrics;
    for (const gauge of [paused, held, alarm, quarantined]) gauge.reset();
    for (const { uuid, name: server, problems } of this.servers.all()) {
      const state = this.states.of(uuid);
      paused.set({ server }, Number(this.states.isPaused(uuid)));
      held.set({ server }, Number(state?.heldAt !== undefined));
      alarm.set({ server }, Number(state?.alarm ?? false));
      quarantined.set({ server }, Number(problems.length > 0));
    }
  }

  private setHeaps(heaps: readonly Heap[] | undefined): void {
    const { databaseUp, waiting, underWay, oldest, deadLetters, waitingHooks, oldestHook } = this.metrics;
    databaseUp.set(Number(heaps !== undefined));
    for (const gauge of [waiting, underWay, oldest, deadLetters, waitingHooks, oldestHook]) gauge.reset();
    if (heaps === undefined) return;
    // A server for which there is nothing has zeros: a line that vanishes would end an alert as if it were resolved.
    const uuids = new Set([...this.servers.all().map(({ uuid }) => uuid), ...heaps.map(({ server }) => server)]);
    for (const uuid of uuids) {
      const server = this.servers.find(uuid)?.name ?? uuid;
      const own = heaps.filter((heap) => heap.server === uuid);
      const of = (kind: Heap['kind']): Heap =>
        own.find((heap) => heap.kind === kind) ?? { ...EMPTY, server: uuid, kind };
      for (const kind of ['forward', 'change', 'read'] as const) {
        waiting.set({ server, kind }, of(kind).waiting);
        underWay.set({ server, kind }, of(kind).underWay);
      }
      for (const kind of ['forward', 'change', 'hook'] as const) deadLetters.set({ server, kind }, of(kind).dead);
      oldest.set({ server }, Math.max(0, ...own.map((heap) => (heap.kind === 'hook' ? 0 : (heap.oldest ?? 0)))));
      waitingHooks.set({ server }, of('hook').waiting + of('hook').underWay);
      oldestHook.set({ server }, of('hook').oldest ?? 0);
    }
  }
}

const EMPTY = { waiting: 0, underWay: 0, dead: 0, oldest: null };
