import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { OutboxMessage } from './outbox.repository';

/** What the outbox holds for one server, of one kind. */
export interface Heap {
  /** uuid of the connected server. */
  server: string;
  kind: OutboxMessage['kind'] | 'hook';
  /** Not under way: due or not, held, paused, or behind another. */
  waiting: number;
  underWay: number;
  dead: number;
  /** Age of the oldest that waits or is under way, in seconds. */
  oldest: number | null;
}

/** So long may be counted, however much there is. */
const COUNT_MS = 2_000;

/** How much there is to do. Every part of it is read off an index. */
@Injectable()
export class Backlog {
  constructor(private readonly database: DataSource) {}

  /** @throws what the database says when it is away, or has too much to count in time */
  async count(): Promise<Heap[]> {
    return this.database.transaction(async (sql) => {
      await sql.query(`set local statement_timeout = ${COUNT_MS}`);
      return sql.query(COUNT);
    });
  }
}

const COUNT = `
  with pending as (
    select server, kind, count(*) as count, min(seq) as first from outbox_message where state = 'pending' group by server, kind
  ), under_way as (
    select server, kind, count(*) as count from outbox_message where claim is not null and due_at > now() group by server, kind
  ), dead as (
    select server, kind, count(*) as count from outbox_message where state = 'dead' group by server, kind
  ), heap as (
    select server, kind, coalesce(pending.count, 0) as pending, coalesce(under_way.count, 0) as under_way,
           coalesce(dead.count, 0) as dead, pending.first
      from pending full join under_way using (server, kind) full join dead using (server, kind)
  )
  select heap.server, heap.kind, (heap.pending - heap.under_way)::float8 as waiting, heap.under_way::float8 as "underWay",
         heap.dead::float8 as dead, extract(epoch from now() - oldest.time_created)::float8 as oldest
    from heap left join outbox_message oldest on oldest.seq = heap.first`;
