import { Injectable } from '@nestjs/common';
import {
  GoneError,
  RejectedError,
  UnreadableError,
  type Adapter,
  type Forwarded,
  type HookRequest,
  type Written,
} from '@opr-connect/adapter-kit';
import { DataSource } from 'typeorm';
import type { ConnectedServer } from '../connected-servers/connected-server';
import { ConnectedServers } from '../connected-servers/connected-servers';
import type { Carry, Input, Party } from '../conversation/conversation';
import { ConversationRepository, type Stored } from '../conversation/conversation.repository';
import { Conversations } from '../conversation/conversations';
import { withForwardingInfo } from '../forwarding/forwarding-info';
import { OutboxRepository, type OutboxMessage } from './outbox.repository';
import { Signals } from './signals';

/**
 * Carries one message: the call, and then, in one transaction, its removal and all that follows from the answer. A crash
 * between the two carries it again, with the same key.
 */
@Injectable()
export class Carrier {
  constructor(
    private readonly database: DataSource,
    private readonly outbox: OutboxRepository,
    private readonly repository: ConversationRepository,
    private readonly conversations: Conversations,
    private readonly servers: ConnectedServers,
    private readonly signals: Signals,
  ) {}

  async carry(message: OutboxMessage, server: ConnectedServer, adapter: Adapter, signal: AbortSignal): Promise<void> {
    const delivery = { key: message.id, attempt: message.attempts, signal };
    switch (message.kind) {
      case 'forward': {
        const { stored, party } = await this.rowOf(message);
        const event = withForwardingInfo({ event: message.payload, parties: stored.conversation.parties }, (uuid) =>
          this.servers.find(uuid),
        );
        const key = this.conversations.keyOf(stored, party);
        const written = await adapter.forwardEvent(event, { ...delivery, key });
        return this.settle(message, delivered(message, written));
      }
      case 'change': {
        const { stored, party } = await this.rowOf(message);
        if (party.state === 'cancelled') throw new GoneError('the external record is gone');
        if (!adapter.forwardChange) throw new RejectedError(`the adapter of ${server.name} carries no changes`);
        const written = await adapter.forwardChange(message.payload, this.forwarded(stored, party), delivery);
        return this.settle(message, delivered(message, written));
      }
      case 'read': {
        const { stored, party } = await this.rowOf(message);
        if (!adapter.getExternalEvent || !party.ref) throw new UnreadableError(`${server.name} offers no read`);
        const outcome = await adapter.getExternalEvent(this.forwarded(stored, party), delivery);
        return this.settle(message, { kind: 'read', from: message.row, message: message.id, outcome });
      }
      case 'hook':
        return this.translate(message, adapter, signal);
    }
  }

  /** The tool will never take this message. */
  async reject(message: OutboxMessage, reason: string): Promise<void> {
    if (message.kind === 'hook') return void (await this.outbox.bury(message, reason, this.database.manager));
    if (message.kind === 'read') return this.unreadable(message);
    await this.write(message, (sql) => this.outbox.bury(message, reason, sql), {
      kind: 'rejected',
      to: message.row,
      message: message.id,
      reason,
    });
  }

  /** The record of this message is gone. */
  async gone(message: OutboxMessage, reason: string): Promise<void> {
    if (message.kind === 'hook') return this.reject(message, reason);
    await this.settle(message, { kind: 'gone', to: message.row, message: message.id, reason });
  }

  /** The party offers no read. */
  async unreadable(message: OutboxMessage): Promise<void> {
    if (message.kind === 'hook') return this.reject(message, 'the record cannot be read');
    await this.settle(message, { kind: 'read', from: message.row, message: message.id, outcome: 'unreadable' });
  }

  private settle(message: OutboxMessage & { event: string }, input: Input): Promise<void> {
    return this.write(message, (sql) => this.outbox.complete(message, sql), input);
  }

  private async write(
    message: OutboxMessage & { event: string },
    fenced: (sql: Parameters<OutboxRepository['complete']>[1]) => Promise<boolean>,
    input: Input,
  ): Promise<void> {
    const carry = await this.database.transaction(async (sql): Promise<Carry[]> => {
      if (!(await fenced(sql))) return [];
      return (await this.conversations.decideIn(sql, message.event, input)).decision.carry;
    });
    this.signals.due(carry);
    this.signals.settled(message.event);
  }

  /** One hook, one transaction: whatever it tells of any number of events counts together, or is translated again. */
  private async translate(
    message: OutboxMessage & { kind: 'hook' },
    adapter: Adapter,
    signal: AbortSignal,
  ): Promise<void> {
    if (!adapter.receiveChange) throw new RejectedError('the adapter takes no hooks');
    const hook: HookRequest = { ...message.payload, body: Buffer.from(message.payload.body, 'base64') };
    const seen = await adapter.receiveChange(hook, signal);
    const carry = await this.database.transaction(async (sql) => {
      if (!(await this.outbox.complete(message, sql))) return [];
      const known = await Promise.all(
        seen.map(async (one) => ({ seen: one, row: await this.repository.rowOf(message.server, one.id, sql) })),
      );
      // In one order everywhere, so that two hooks cannot wait for each other's events.
      const mine = known
        .flatMap(({ seen: one, row }) => (row ? [{ seen: one, ...row }] : []))
        .sort((a, b) => a.event.localeCompare(b.event));
      const all: Carry[] = [];
      for (const { seen: one, event, row } of mine) {
        const { decision } = await this.conversations.decideIn(sql, event, { kind: 'seen', from: row, seen: one });
        all.push(...decision.carry);
      }
      return all;
    });
    this.signals.due(carry);
    this.signals.due([message]);
  }

  /** The row as its adapter is told of it. */
  private forwarded(stored: Stored, party: Party): Forwarded {
    const { ref = { id: stored.eventId }, snapshot, state } = party;
    const { event } = stored.conversation;
    return { event, ref, snapshot, state, key: this.conversations.keyOf(stored, party) };
  }

  private async rowOf(
    message: OutboxMessage & { event: string; row: string },
  ): Promise<{ stored: Stored; party: Party }> {
    const stored = await this.repository.load(message.event);
    const party = stored?.conversation.parties.find(({ id }) => id === message.row);
    if (!stored || !party) throw new Error(`row ${message.row} is gone from the store`);
    return { stored, party };
  }
}

const delivered = (message: { id: string; row: string }, written: Written): Input => ({
  kind: 'delivered',
  to: message.row,
  message: message.id,
  ref: written.ref,
  snapshot: written.snapshot,
  found: written.found ?? false,
});
