import { Injectable, Logger } from '@nestjs/common';
import { UnreadableError, type Seen } from '@opr-connect/adapter-kit';
import type { ConnectedServer } from '../connected-servers/connected-server';
import { ConnectedServers } from '../connected-servers/connected-servers';
import { ServerCalls } from '../connected-servers/server-calls';
import type { Carry, Input, Party } from '../conversation/conversation';
import { ConversationRepository, type Stored } from '../conversation/conversation.repository';
import { Conversations } from '../conversation/conversations';
import { RULES, takesPart } from '../conversation/rules';
import { Statements, type Sql } from '../database/statements';
import { nextStep } from '../outbox/next-step';
import { Signals } from '../outbox/signals';
import { callInTime } from '../outbox/call-in-time';
import { LEFT, PAUSED, ScheduleRepository, type Ended, type ScheduledWork } from '../schedules/schedule.repository';
import type { Task } from '../schedules/task';
import type { Found, Reconciliation, RowToCompare } from './reconciliation';
import { ReconciliationRepository } from './reconciliation.repository';

const READ_MS = 45_000;
/** Rows of the registry that one look takes, most of them of events that were closed long ago. */
const BATCH = 500;
/** A record that fails so often in a row holds up the others no longer. */
const MOST_ATTEMPTS = 5;
/** So many records may be gone before it is asked whether it is rather the login that sees nothing any more. */
const GONE_UNDOUBTED = 5;

/** What a read said of a record: nothing if there was none to make. */
type Read = { outcome?: Seen; found?: Found };

/**
 * Compares what is shared with a server: the registry, the stored event, what waits in the outbox, and the record itself.
 * Invariants:
 * - one row, one transaction, under the claim: what is done about it, what was found, and that it was compared; a core that
 *   dies is followed by another one that goes on with the next row;
 * - one record is read at a time, within the rate of the server, and outside of any transaction; what the read tells is judged
 *   by the conversation under the lock of the event, and a repair is something that the conversation would do anyway: send, or
 *   read once more when nothing is under way;
 * - a dry run decides the same and writes nothing of it but what it found.
 */
@Injectable()
export class Reconciler implements Task {
  readonly kind = 'reconcile';
  private readonly log = new Logger('Reconciler');

  constructor(
    private readonly database: Statements,
    private readonly schedule: ScheduleRepository,
    private readonly reconciliations: ReconciliationRepository,
    private readonly repository: ConversationRepository,
    private readonly conversations: Conversations,
    private readonly servers: ConnectedServers,
    private readonly calls: ServerCalls,
    private readonly signals: Signals,
  ) {}

  recurring(): { server: string; everyMs?: number; firstMs: number }[] {
    return this.servers
      .all()
      .filter(({ active, adapter }) => active && adapter)
      .map(({ uuid, reconcileEvery }) => ({
        server: uuid,
        everyMs: reconcileEvery || undefined,
        firstMs: reconcileEvery,
      }));
  }

  async run(work: ScheduledWork, signal: AbortSignal): Promise<Ended> {
    const server = work.server ?? '';
    let reconciliation = await this.opened(work, server);
    let { attempts } = work;
    for (;;) {
      const rows = await this.reconciliations.next(reconciliation, BATCH);
      if (rows.length === 0) break;
      let passed = 0;
      for (const row of rows) {
        passed += 1;
        if (!row.isShared) continue;
        if (signal.aborted) return PAUSED;
        const next = await this.compare({ ...work, attempts }, reconciliation, row, passed, signal);
        if ('dueMs' in next) return next;
        reconciliation = next;
        attempts = passed = 0;
      }
      const last = rows.at(-1);
      if (last && passed > 0)
        reconciliation = await this.underClaim(work, (sql) =>
          this.reconciliations.note(reconciliation, { row: last.row, done: passed, read: false, found: [] }, sql),
        );
    }
    await this.underClaim(work, (sql) => this.reconciliations.end(reconciliation, sql));
    const { id, dryRun, done, counts } = reconciliation;
    this.log.log({ server, reconciliation: id, dryRun, rows: done, ...counts }, 'reconciled');
    return { dueMs: await this.untilNext(server) };
  }

  /** The one that an operator asked for or that was begun before, else a new one: the clock asks for it. */
  private async opened(work: ScheduledWork, server: string): Promise<Reconciliation> {
    return this.underClaim(work, async (sql) => {
      const reconciliation =
        (await this.reconciliations.openOf(server, sql)) ??
        (await this.reconciliations.open({ server, dryRun: false }, sql));
      if (!reconciliation) throw new Error('another reconciliation was begun at this moment');
      await this.reconciliations.start(reconciliation, sql);
      return reconciliation;
    });
  }

  /** A dry run does not put off the next real one. */
  private async untilNext(server: string): Promise<number | undefined> {
    const every = this.servers.find(server)?.reconcileEvery;
    return every ? Math.max(0, every - ((await this.reconciliations.sinceLast(server)) ?? 0)) : undefined;
  }

  /** Answers the reconciliation with one row more, or why it has to wait. */
  private async compare(
    work: ScheduledWork,
    reconciliation: Reconciliation,
    row: RowToCompare,
    passed: number,
    signal: AbortSignal,
  ): Promise<Reconciliation | Ended> {
    // Looked up for each row: its settings may be put right meanwhile.
    const server = this.servers.find(reconciliation.server);
    if (!server?.active || !server.adapter) return LEFT;
    const stored = await this.repository.load(row.event);
    const party = stored?.conversation.parties.find(({ id }) => id === row.row);
    const read = stored && party ? await this.read(work, stored, party, server, signal) : {};
    if ('dueMs' in read) return read;
    const { noted, carry } = await this.underClaim(work, async (sql) => {
      const { found, carry } = await this.decide(sql, reconciliation, row, read);
      return {
        noted: await this.reconciliations.note(
          reconciliation,
          { row: row.row, done: passed, read: read.outcome !== undefined, found },
          sql,
        ),
        carry,
      };
    });
    this.signals.due(carry);
    return noted;
  }

  private async decide(
    sql: Sql,
    reconciliation: Reconciliation,
    { row, event }: RowToCompare,
    { outcome, found: unread }: Read,
  ): Promise<{ found: Found[]; carry: Carry[] }> {
    // Locked first: until the transaction ends nothing is added to what waits, and nothing is taken away.
    await this.repository.loadLocked([event], sql);
    const held = await this.repository.held(row, sql);
    const dead = await this.reconciliations.deadLetters(row, sql);
    const isDoubtful = outcome?.gone !== undefined && isGoneTooOften(reconciliation);
    const input: Input = { kind: 'compared', from: row, held, outcome: isDoubtful ? undefined : outcome };
    const decision = reconciliation.dryRun
      ? await this.conversations.considerIn(sql, event, input)
      : (await this.conversations.decideIn(sql, event, input)).decision;
    const repaired = !reconciliation.dryRun;
    return {
      carry: repaired ? decision.carry : [],
      found: [
        ...(decision.found ?? []).map((one) => ({ ...one, repaired })),
        ...(isDoubtful ? [{ kind: 'record_gone' as const, detail: SO_MANY, repaired: false }] : []),
        ...(unread ? [unread] : []),
        ...dead.map(({ kind, error }) => ({
          ...{ kind: 'dead_letter' as const, detail: `${kind}: ${error ?? ''}`, repaired: false },
        })),
      ],
    };
  }

  /** Only a record that may tell us something is read. */
  private async read(
    work: ScheduledWork,
    stored: Stored,
    party: Party,
    server: ConnectedServer,
    signal: AbortSignal,
  ): Promise<Read | Ended> {
    const { adapter } = server;
    const { ref, snapshot, state } = party;
    if (!adapter?.getExternalEvent || !ref || !takesPart(party) || RULES.refusal(party, [])) return {};
    if (party.unreadable) return unreadable('the party offers no read');
    if (!(await this.calls.turn(server, signal))) return PAUSED;
    const { event } = stored.conversation;
    const forwarded = { event, ref, snapshot, state, key: this.conversations.keyOf(stored, party) };
    const delivery = { key: party.id, attempt: work.attempts + 1 };
    try {
      const outcome = await callInTime(
        async (ending) => {
          if (!adapter.getExternalEvent) throw new UnreadableError('the adapter offers no read');
          return adapter.getExternalEvent(forwarded, { ...delivery, signal: ending });
        },
        READ_MS,
        signal,
      );
      await this.calls.worked(server);
      return { outcome };
    } catch (error) {
      if (signal.aborted) return PAUSED;
      return this.notRead(work, ref.id, server, error);
    }
  }

  private async notRead(
    work: ScheduledWork,
    id: string,
    server: ConnectedServer,
    error: unknown,
  ): Promise<Read | Ended> {
    const attempts = work.attempts + 1;
    const step = nextStep(error, { kind: this.kind, attempts });
    switch (step.kind) {
      case 'later':
        return attempts >= MOST_ATTEMPTS
          ? unreadable(step.reason)
          : { dueMs: step.ms, error: step.reason, countsAttempt: true };
      case 'pause':
        await this.calls.failed(server, step);
        return { ...PAUSED, error: step.reason };
      case 'gone':
        return { outcome: { id, annotations: [], gone: step.reason } };
      case 'reject':
      case 'unreadable':
        return unreadable(step.reason);
    }
  }

  private underClaim<Result>(work: ScheduledWork, write: (sql: Sql) => Promise<Result>): Promise<Result> {
    return this.database.transaction(async (sql) => {
      if (!(await this.schedule.advance(work, null, sql))) throw new Error('another core reconciles this server now');
      return write(sql);
    });
  }
}

const unreadable = (detail: string): Read => ({ found: { kind: 'unreadable', detail, repaired: false } });

/** Where most records seem to be gone, it is more likely that we may not see them any more: a person has to look. */
const isGoneTooOften = ({ counts, read }: Reconciliation): boolean =>
  (counts.record_gone ?? 0) >= GONE_UNDOUBTED && (counts.record_gone ?? 0) * 2 > read;
const SO_MANY = 'so many records are gone that none is given up any more: see whether the login may still read them';
