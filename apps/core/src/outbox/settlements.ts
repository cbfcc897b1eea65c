import { Injectable } from '@nestjs/common';
import type { Carry, Input } from '../conversation/conversation';
import { CausesRepository } from '../conversation/causes.repository';
import { Conversations, type Asked } from '../conversation/conversations';
import { Gather } from '../database/gather';
import { Statements, type Sql } from '../database/statements';
import { OutboxRepository, type OutboxMessage } from './outbox.repository';
import { Signals } from './signals';

const WRITERS = { writers: 3, most: 32 };

export interface Settlement {
  message: OutboxMessage;
  input: Input;
  /** The message stays, as a dead letter, for this reason. */
  dead?: string;
}

/**
 * Writes what became of messages: their removal and all that follows from the answers, in one transaction for those that end
 * at the same moment. A message whose lease was lost settles nothing.
 */
@Injectable()
export class Settlements {
  private readonly settled = new Gather<Settlement, void>((batch) => this.write(batch), WRITERS);

  constructor(
    private readonly database: Statements,
    private readonly outbox: OutboxRepository,
    private readonly causes: CausesRepository,
    private readonly conversations: Conversations,
    private readonly signals: Signals,
  ) {}

  /** Resolves when it is committed. */
  settle(settlement: Settlement): Promise<void> {
    return this.settled.add(settlement);
  }

  private async write(batch: readonly Settlement[]): Promise<void[]> {
    const carry = await this.database.transaction(async (sql): Promise<Carry[]> => {
      const held = await this.fence(batch, sql);
      const mine = batch.filter(({ message }) => held.has(message.id));
      // Asked together with the rest, since all events of a transaction are locked in one order.
      const symptoms = await this.causes.symptomsOf(
        mine.filter(makesRecord).map(({ message }) => message),
        sql,
      );
      return this.conversations.decideAllIn(sql, [
        ...mine.map(({ message, input }) => ({ event: message.event, input })),
        ...symptoms.map(({ event, row }): Asked => ({ event, input: { kind: 'cause_made', to: row } })),
      ]);
    });
    this.signals.due(carry);
    return batch.map(({ message }) => this.signals.settled(message.event));
  }

  private async fence(batch: readonly Settlement[], sql: Sql): Promise<Set<string>> {
    const done = batch.filter(({ dead }) => dead === undefined).map(({ message }) => message);
    const held = done.length > 0 ? await this.outbox.complete(done, sql) : new Set<string>();
    for (const { message, dead } of batch)
      if (dead !== undefined && (await this.outbox.bury(message, dead, sql))) held.add(message.id);
    return held;
  }
}

const makesRecord = ({ input }: Settlement): boolean => input.kind === 'delivered' && (input.made ?? false);
