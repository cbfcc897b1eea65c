import { Injectable } from '@nestjs/common';
import type { Seen } from '@opr-connect/adapter-kit';
import type { Carry } from '../conversation/conversation';
import { ConversationRepository } from '../conversation/conversation.repository';
import { Conversations, type Asked } from '../conversation/conversations';
import type { Sql } from '../database/statements';

/** What a tool tells of its records, by a hook or when it is polled, becomes known to their events. */
@Injectable()
export class Sightings {
  constructor(
    private readonly repository: ConversationRepository,
    private readonly conversations: Conversations,
  ) {}

  /**
   * Tells the events in somebody's transaction, who makes the messages known after the commit. Records that no event of this
   * server knows are passed over. Answers which events the others belong to, and what is to be carried.
   */
  async tellIn(sql: Sql, server: string, seen: readonly Seen[]): Promise<{ events: string[]; carry: Carry[] }> {
    const asked: Asked[] = [];
    for (const one of seen) {
      const known = await this.repository.rowOf(server, one.id, sql);
      if (known) asked.push({ event: known.event, input: { kind: 'seen', from: known.row, seen: one } });
    }
    return { events: asked.map(({ event }) => event), carry: await this.conversations.decideAllIn(sql, asked) };
  }
}
