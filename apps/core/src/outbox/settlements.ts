import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Carry, Input } from '../conversation/conversation';
import type { Sql } from '../conversation/conversation.repository';
import { Conversations } from '../conversation/conversations';
import { OutboxRepository, type OutboxMessage } from './outbox.repository';
import { Signals } from './signals';

/** How many messages one transaction settles. */
const BATCH = 32;
/** How many transactions settle messages at once. */
const WRITERS = 3;

export interface Settlement {
  message: OutboxMessage;
  input: Input;
  /** The message stays, as a dead letter. */
  dead?: string;
}

interface Waiting extends Settlement {
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Writes what became of messages: its removal and all that follows from the answer, in one transaction. Those that end while
 * another transaction runs share the next one. Invariants:
 * - a message whose lease was lost settles nothing;
 * - the events of one transaction are locked in one order, so two of them cannot wait for each other;
 * - what one message cannot do to its event harms no other: a transaction that fails is repeated message by message.
 */
@Injectable()
export class Settlements {
  private readonly waiting: Waiting[] = [];
  private writers = 0;

  constructor(
    private readonly database: DataSource,
    private readonly outbox: OutboxRepository,
    private readonly conversations: Conversations,
    private readonly signals: Signals,
  ) {}

  /** Resolves when it is committed. */
  async settle(settlement: Settlement): Promise<void> {
    const written = new Promise<void>((resolve, reject) => this.waiting.push({ ...settlement, resolve, reject }));
    void this.write();
    await written;
  }

  private async write(): Promise<void> {
    if (this.writers >= WRITERS) return;
    this.writers += 1;
    for (let batch = this.waiting.splice(0, BATCH); batch.length > 0; batch = this.waiting.splice(0, BATCH))
      await this.writeTogether(batch);
    this.writers -= 1;
  }

  private async writeTogether(batch: Waiting[]): Promise<void> {
    try {
      await this.transaction(batch);
      batch.forEach(({ resolve }) => resolve());
    } catch (error) {
      const [only] = batch;
      if (only && batch.length === 1) only.reject(error);
      else for (const one of batch) await this.writeTogether([one]);
    }
  }

  private async transaction(batch: readonly Settlement[]): Promise<void> {
    const inOrder = [...batch].sort((a, b) => a.message.event.localeCompare(b.message.event));
    const carry = await this.database.transaction(async (sql): Promise<Carry[]> => {
      const held = await this.fence(inOrder, sql);
      const all: Carry[] = [];
      for (const { message, input } of inOrder) {
        if (!held.has(message.id)) continue;
        all.push(...(await this.conversations.decideIn(sql, message.event, input)).decision.carry);
      }
      return all;
    });
    this.signals.due(carry);
    for (const { message } of batch) this.signals.settled(message.event);
  }

  private async fence(batch: readonly Settlement[], sql: Sql): Promise<Set<string>> {
    const done = batch.filter(({ dead }) => dead === undefined).map(({ message }) => message);
    const held = done.length > 0 ? await this.outbox.complete(done, sql) : new Set<string>();
    for (const { message, dead } of batch)
      if (dead !== undefined && (await this.outbox.bury(message, dead, sql))) held.add(message.id);
    return held;
  }
}
