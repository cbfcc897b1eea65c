import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { RejectedError, type Adapter, type HookRequest, type Seen } from '@opr-connect/adapter-kit';
import type { ConnectedServer } from '../connected-servers/connected-server';
import { ConnectedServers } from '../connected-servers/connected-servers';
import { ServerStates } from '../connected-servers/server-states';
import { Statements } from '../database/statements';
import { Attempts } from '../metrics/attempts';
import { nextStep, type NextStep } from '../outbox/next-step';
import { Signals } from '../outbox/signals';
import { InboxRepository, type InboxLease, type InboxMessage } from './inbox.repository';
import { Sightings } from './sightings';

const LEASE_MS = 15_000;
const RENEW_MS = 5_000;
/** The longest that the translation of one hook may take: shorter than the lease, whose renewal may fail. */
const TRANSLATE_MS = 10_000;
const LOOK_MS = 1_000;
const BATCH = 50;

/**
 * Translates web hooks, those of one server one after the other in the order in which they came. One hook, one transaction:
 * whatever it tells of any number of events counts together, or is translated again.
 */
@Injectable()
export class Inbox implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('Inbox');
  private readonly leases = new Map<InboxLease, Promise<void>>();
  private readonly timers: NodeJS.Timeout[] = [];
  private looking = false;
  private lookAgain = false;
  private stopped = false;

  constructor(
    private readonly database: Statements,
    private readonly inbox: InboxRepository,
    private readonly sightings: Sightings,
    private readonly servers: ConnectedServers,
    private readonly states: ServerStates,
    private readonly signals: Signals,
    private readonly attempts: Attempts,
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
    this.timers.forEach(clearInterval);
    await Promise.all(this.leases.values());
  }

  private async look(): Promise<void> {
    this.lookAgain = true;
    if (this.looking) return;
    this.looking = true;
    try {
      while (this.lookAgain && !this.stopped) {
        this.lookAgain = false;
        const servers = this.servers.all().filter(({ active, adapter }) => active && adapter?.receiveChange);
        if (servers.length === 0) break;
        const leased = await this.inbox.lease(
          servers.map(({ uuid }) => uuid),
          LEASE_MS,
        );
        for (const lease of leased) this.start(lease);
      }
    } catch (error) {
      this.log.warn({ reason: String(error) }, 'the inbox cannot be read; looking again');
    } finally {
      this.looking = false;
    }
  }

  private async renew(): Promise<void> {
    if (this.leases.size === 0) return;
    await this.inbox
      .renew([...this.leases.keys()], LEASE_MS)
      .catch((error: unknown) => this.log.warn({ reason: String(error) }, 'leases could not be renewed'));
  }

  private start(lease: InboxLease): void {
    const done = this.translateAll(lease)
      .catch((error: unknown) =>
        this.log.warn({ reason: String(error) }, 'the database failed while hooks were translated'),
      )
      .finally(async () => {
        this.leases.delete(lease);
        await this.inbox.giveUp(lease).catch(() => undefined);
        // What came after the last look had found the lease taken.
        void this.look();
      });
    this.leases.set(lease, done);
  }

  private async translateAll(lease: InboxLease): Promise<void> {
    for (;;) {
      // Looked up for each batch: a mapping that was put right counts for what waits.
      const server = this.servers.find(lease.server);
      if (!server?.adapter) return;
      const messages = await this.inbox.first(lease, BATCH);
      if (messages.length === 0) return;
      for (const message of messages) {
        if (this.stopped || !(await this.translate(message, lease, server, server.adapter))) return;
      }
    }
  }

  /** False: what came after it has to wait. */
  private async translate(
    message: InboxMessage,
    lease: InboxLease,
    server: ConnectedServer,
    adapter: Adapter,
  ): Promise<boolean> {
    const { id, age } = message;
    const attempt = message.attempts + 1;
    const ended = this.attempts.begin({ server: server.name, kind: 'hook', message: id, attempt }, age);
    try {
      const seen = await understand(message, adapter);
      const told = await this.database.transaction(async (sql) =>
        (await this.inbox.complete(message, lease, sql)) ? this.sightings.tellIn(sql, server.uuid, seen) : undefined,
      );
      if (!told) return false;
      this.signals.due(told.carry);
      ended('done', { records: seen.length, events: told.events });
      return true;
    } catch (error) {
      const step = nextStep(error, { kind: 'hook', attempts: attempt });
      await this.failed(message, lease, step);
      ended(step.kind, { reason: step.reason });
      return step.kind !== 'later' && step.kind !== 'pause';
    }
  }

  private async failed(message: InboxMessage, lease: InboxLease, step: NextStep): Promise<void> {
    switch (step.kind) {
      case 'later':
        return this.inbox.postpone(message, lease, step.ms, step.reason);
      case 'pause':
        return this.inbox.postpone(message, lease, await this.states.failed(lease.server, step), step.reason);
      case 'reject':
      case 'gone':
      case 'unreadable':
        return this.inbox.bury(message, lease, step.reason);
    }
  }
}

function understand(message: InboxMessage, adapter: Adapter): Promise<Seen[]> {
  if (!adapter.receiveChange) throw new RejectedError('the adapter takes no hooks');
  const hook: HookRequest = { ...message.payload, body: Buffer.from(message.payload.body, 'base64') };
  return adapter.receiveChange(hook, AbortSignal.timeout(TRANSLATE_MS));
}
