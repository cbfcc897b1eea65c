import { Injectable, Logger } from '@nestjs/common';
import { RejectedError, type Cursor } from '@opr-connect/adapter-kit';
import type { ConnectedServer } from '../connected-servers/connected-server';
import { ConnectedServers } from '../connected-servers/connected-servers';
import { ServerCalls } from '../connected-servers/server-calls';
import { Statements } from '../database/statements';
import { Sightings } from '../hooks/sightings';
import { nextStep } from '../outbox/next-step';
import { Signals } from '../outbox/signals';
import { callInTime } from '../outbox/call-in-time';
import { LEFT, PAUSED, ScheduleRepository, type Ended, type ScheduledWork } from '../schedules/schedule.repository';
import type { Task } from '../schedules/task';

/** The longest that one page may take: an adapter may have to read much for it. */
const PAGE_MS = 120_000;

/**
 * Asks servers what changed. A page counts once: what it tells is decided in the transaction that moves the cursor beyond it,
 * so a page whose transaction did not end is asked for again.
 */
@Injectable()
export class Poller implements Task {
  readonly kind = 'poll';
  private readonly log = new Logger('Poller');

  constructor(
    private readonly database: Statements,
    private readonly schedule: ScheduleRepository,
    private readonly sightings: Sightings,
    private readonly servers: ConnectedServers,
    private readonly calls: ServerCalls,
    private readonly signals: Signals,
  ) {}

  recurring(): { server: string; everyMs: number; firstMs: number }[] {
    return this.servers
      .all()
      .filter(({ active, pollEvery }) => active && pollEvery > 0)
      .map(({ uuid, pollEvery }) => ({ server: uuid, everyMs: pollEvery, firstMs: 0 }));
  }

  async run(work: ScheduledWork, signal: AbortSignal): Promise<Ended> {
    let cursor = (work.cursor ?? undefined) as Cursor | undefined;
    for (;;) {
      // Looked up for each page: its settings may be put right meanwhile.
      const server = this.servers.find(work.server ?? '');
      if (!server?.active || server.pollEvery === 0) return LEFT;
      if (!(await this.calls.turn(server, signal))) return PAUSED;
      try {
        const page = await this.page(work, server, cursor, signal);
        if (!page.more) return { dueMs: server.pollEvery };
        cursor = page.cursor;
      } catch (error) {
        if (signal.aborted) return PAUSED;
        return this.failed(work, server, error);
      }
    }
  }

  private async page(
    work: ScheduledWork,
    server: ConnectedServer,
    before: Cursor | undefined,
    signal: AbortSignal,
  ): Promise<{ cursor: Cursor; more: boolean }> {
    const { adapter } = server;
    const { seen, cursor, more } = await callInTime(
      async (ending) => {
        if (!adapter?.pollChanges) throw new RejectedError('the adapter cannot poll');
        return adapter.pollChanges(before, ending);
      },
      PAGE_MS,
      signal,
    );
    await this.calls.worked(server);
    const told = await this.database.transaction(async (sql) =>
      (await this.schedule.advance(work, cursor, sql)) ? this.sightings.tellIn(sql, server.uuid, seen) : undefined,
    );
    if (!told) throw new Error('another core polls this server now');
    this.signals.due(told.carry);
    if (seen.length > 0)
      this.log.log({ server: server.name, kind: this.kind, records: seen.length, events: told.events }, 'polled');
    return { cursor, more };
  }

  private async failed(work: ScheduledWork, server: ConnectedServer, error: unknown): Promise<Ended> {
    const step = nextStep(error, { kind: this.kind, attempts: work.attempts + 1 });
    switch (step.kind) {
      case 'later':
        return { dueMs: step.ms, error: step.reason, countsAttempt: true };
      case 'pause':
        await this.calls.failed(server, step);
        return { ...PAUSED, error: step.reason };
      case 'reject':
      case 'gone':
      case 'unreadable':
        // Nothing that a poll could be told, so it is no reason to stop.
        return { dueMs: server.pollEvery, error: step.reason, countsAttempt: true };
    }
  }
}
