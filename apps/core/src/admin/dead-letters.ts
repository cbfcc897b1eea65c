import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { DeadLetter as DeadMessage, Input } from '../conversation/conversation';
import type { Sql } from '../database/statements';
import { Conversations } from '../conversation/conversations';
import { isDatabaseUnavailable } from '../database/errors';
import { Signals } from '../outbox/signals';
import { DeadLetterRepository, type DeadLetter, type DeadLetterQuery } from './dead-letter.repository';
import { OperatorActions, type OperatorAction } from './operator-actions';

/** How many are looked up at a time. */
const BATCH = 100;
/** A request that concerns many ends after so long, and says what is left. */
const LONGEST_MS = 20_000;

/** Who wants what done, and why. */
export type Verdict = Pick<OperatorAction, 'operator' | 'reason'> & { action: 'retry' | 'discard' };

/** What became of many: `left` still match, because they failed or because the time was over. */
export interface Done {
  done: number;
  left: number;
}

/**
 * What people do with dead letters. Invariants:
 * - each one is retried or discarded in a transaction of its own, together with what follows for its event and with the note of
 *   who did it;
 * - the transaction begins with taking the message, so of two people who want something of the same one the second finds none;
 * - of many, none is taken twice: they are walked through in the order of the outbox, up to the newest that was there at the start.
 */
@Injectable()
export class DeadLetters {
  private readonly log = new Logger('DeadLetters');

  constructor(
    private readonly database: DataSource,
    private readonly repository: DeadLetterRepository,
    private readonly conversations: Conversations,
    private readonly actions: OperatorActions,
    private readonly signals: Signals,
  ) {}

  /** False: there is no such dead letter, or no more. */
  async one(id: string, verdict: Verdict): Promise<boolean> {
    const due = await this.database.transaction(async (sql): Promise<string[] | undefined> => {
      const letter = await this.repository.take(id, sql);
      if (!letter) return undefined;
      await this.actions.note({ ...verdict, subject: `dead-letters/${id}` }, sql);
      return verdict.action === 'retry' ? this.retry(letter, sql) : this.discard(letter, sql);
    });
    if (!due) return false;
    this.signals.due(due);
    this.log.log({ ...verdict, message: id }, 'dead letter');
    return true;
  }

  async many(query: DeadLetterQuery, verdict: Verdict): Promise<Done> {
    const end = Date.now() + LONGEST_MS;
    const last = await this.repository.last(query);
    let done = 0;
    for (let after = 0; after < last && Date.now() < end;) {
      const batch = await this.repository.idsAfter(query, after, last, BATCH);
      if (batch.length === 0) break;
      for (const { seq, id } of batch) {
        if (Date.now() >= end) break;
        if (await this.oneOfMany(id, verdict)) done += 1;
        after = seq;
      }
    }
    return { done, left: await this.repository.count(query) };
  }

  /** What is wrong with one stops no other. */
  private async oneOfMany(id: string, verdict: Verdict): Promise<boolean> {
    try {
      return await this.one(id, verdict);
    } catch (error) {
      if (isDatabaseUnavailable(error)) throw error;
      this.log.error({ ...verdict, message: id, reason: String(error) }, 'nothing could be done with a dead letter');
      return false;
    }
  }

  /** Answers the ids of the messages that became due. */
  private async retry(letter: DeadLetter, sql: Sql): Promise<string[]> {
    if (letter.kind !== 'change') await this.repository.revive(letter, sql);
    const carried = letter.kind === 'hook' ? [] : await this.decide(letter, 'retried', sql);
    return letter.kind === 'change' ? carried : [letter.id, ...carried];
  }

  private async discard(letter: DeadLetter, sql: Sql): Promise<string[]> {
    if (letter.kind !== 'hook') return this.decide(letter, 'discarded', sql);
    await this.repository.remove(letter, sql);
    return [];
  }

  /** The conversation removes what it takes the place of, and answers what it wants carried instead. */
  private async decide(letter: DeadOfEvent, kind: 'retried' | 'discarded', sql: Sql): Promise<string[]> {
    const input: Input = { kind, to: letter.row, message: letter.id, dead: deadIn(letter) };
    const { decision } = await this.conversations.decideIn(sql, letter.event, input);
    return decision.carry.map(({ id }) => id);
  }
}

type DeadOfEvent = Exclude<DeadLetter, { kind: 'hook' }>;

const deadIn = (letter: DeadOfEvent): DeadMessage =>
  letter.kind === 'forward' ? { kind: 'forward' } : { kind: 'change', change: letter.payload };
