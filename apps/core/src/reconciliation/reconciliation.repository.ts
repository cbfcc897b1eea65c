import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { storable } from '../database/json';
import { Statements, type Sql } from '../database/statements';
import type { Compared, KeptFinding, Reconciliation, RowToCompare } from './reconciliation';

/** Of one reconciliation so many findings are kept; all are counted. */
const MOST_FINDINGS = 1_000;

/** Where reconciliations are kept: each says itself how far it got. */
@Injectable()
export class ReconciliationRepository {
  constructor(private readonly database: Statements) {}

  /** Begins one; undefined where one is open already for this server. */
  async open(
    { server, dryRun, operator }: { server: string; dryRun: boolean; operator?: string },
    sql: Sql,
  ): Promise<Reconciliation | undefined> {
    const [opened]: Reconciliation[] = await sql.query(
      `insert into reconciliation (id, server, dry_run, operator) values ($1, $2, $3, $4)
       on conflict (server) where state <> 'done' do nothing returning ${COLUMNS}`,
      [randomUUID(), server, dryRun, operator ?? null],
    );
    return opened;
  }

  async openOf(server: string, sql: Sql): Promise<Reconciliation | undefined> {
    const [found]: Reconciliation[] = await sql.query(
      `select ${COLUMNS} from reconciliation where server = $1 and state <> 'done'`,
      [server],
    );
    return found;
  }

  /** When the last one ended that was no dry run, in milliseconds ago. */
  async sinceLast(server: string): Promise<number | undefined> {
    const [last]: { ms: number | null }[] = await this.database.query(
      `select extract(epoch from now() - max(time_ended))::float8 * 1000 as ms from reconciliation where server = $1 and not dry_run`,
      [server],
    );
    return last?.ms ?? undefined;
  }

  /** Counts the rows. */
  async start({ id, server }: Reconciliation, sql: Sql): Promise<void> {
    await sql.query(
      `update reconciliation
          set state = 'running', time_started = now(), total = (select count(*) from forwarded_event f where ${OF_SERVER})
        where id = $2 and state = 'waiting'`,
      [server, id],
    );
  }

  /** The next rows, of which many may be passed over: what one look costs does not depend on how many events are closed. */
  async next({ id, server }: Reconciliation, limit: number): Promise<RowToCompare[]> {
    return this.database.query(
      `select f.id as row, f.event, e.document->>'state' is distinct from 'closed' or e.time_changed > now() - interval '7 days' as "isShared"
         from (select f.id, f.event from forwarded_event f
                where ${OF_SERVER} and f.id > coalesce((select compared from reconciliation where id = $2), '00000000-0000-0000-0000-000000000000')
                order by f.id limit $3) f
         join event e on e.id = f.event order by f.id`,
      [server, id, limit],
    );
  }

  /** Notes what was found about a row, and that it and those before it are done. Answers the reconciliation as it is then. */
  async note({ id }: Reconciliation, { row, done, read, found }: Compared, sql: Sql): Promise<Reconciliation> {
    const [[noted]]: [Reconciliation[]] = await sql.query(NOTE, [
      ...[id, row, done, read ? 1 : 0],
      found.map(({ kind }) => kind),
      found.map(({ detail }) => (detail === undefined ? null : storable(detail))),
      found.map(({ repaired }) => repaired),
    ]);
    if (!noted) throw new Error(`reconciliation ${id} is gone from the store`);
    return noted;
  }

  async end({ id }: Reconciliation, sql: Sql): Promise<void> {
    await sql.query(`update reconciliation set state = 'done', time_ended = now() where id = $1`, [id]);
  }

  /** Dead letters of a row: their kinds and the last reasons. */
  async deadLetters(row: string, sql: Sql): Promise<{ kind: string; error: string | null }[]> {
    return sql.query(
      `select kind, error from outbox_message where forwarded_event = $1 and state = 'dead' order by seq`,
      [row],
    );
  }

  /** The newest first. */
  async list(server: string, limit: number, before: number | undefined): Promise<Reconciliation[]> {
    return this.database.query(
      `select ${COLUMNS} from reconciliation where server = $1 and ($2::bigint is null or seq < $2) order by seq desc limit $3`,
      [server, before ?? null, limit],
    );
  }

  async find(server: string, id: string): Promise<Reconciliation | undefined> {
    const [found]: Reconciliation[] = await this.database.query(
      `select ${COLUMNS} from reconciliation where server = $1 and id = $2`,
      [server, id],
    );
    return found;
  }

  /** The oldest first. */
  async findings({ id }: Reconciliation): Promise<KeptFinding[]> {
    return this.database.query(
      `select g.seq::float8 as seq, g.kind, g.detail, g.repaired, e.id as event, e.event_id as "eventId"
         from reconciliation_finding g join forwarded_event f on f.id = g.forwarded_event join event e on e.id = f.event
        where g.reconciliation = $1 order by g.seq`,
      [id],
    );
  }
}

const COLUMNS = `seq::float8 as seq, id, server, dry_run as "dryRun", operator, state, total, done, read, counts,
  time_created as created, time_started as started, time_ended as ended`;

const OF_SERVER = `f.server = $1 and f.state not in ('cancelled', 'expired')`;

const NOTE = `
  with found as (
    select * from unnest($5::text[], $6::text[], $7::boolean[]) with ordinality as f (kind, detail, repaired, place)
  ), kept as (
    insert into reconciliation_finding (reconciliation, forwarded_event, kind, detail, repaired)
    select $1, $2, kind, detail, repaired from found
     where (select count(*) from reconciliation_finding g where g.reconciliation = $1) < ${MOST_FINDINGS} order by place
  )
  update reconciliation r
     set done = done + $3, read = read + $4, total = greatest(total, done + $3), compared = $2,
         counts = counts || (select coalesce(jsonb_object_agg(kind, coalesce((r.counts->>kind)::int, 0) + count), '{}')
                               from (select kind, count(*) from found group by kind) one)
   where r.id = $1
  returning ${COLUMNS}`;
