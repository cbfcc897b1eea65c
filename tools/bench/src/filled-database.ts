import { Client } from 'pg';
import type { Bench } from './bench';
import { oprTarget, type Target } from './core';
import { LOGIN } from './secrets';
import { sql } from './sql';

/** The core that a filled database belongs to. */
export const targetsOf = (bench: Bench): Target[] => [oprTarget('tool', bench.urls.healthy)];

export interface FilledDatabase {
  url: string;
  /** An id that OBM was answered; the n-th event's, counted from 1. */
  externalId(n: number): string;
}

/**
 * A database with so many forwarded events. One event takes the real way; its rows are then copied with ids of their own, event
 * by event, so that they look as the real writes do and lie where these would.
 */
export async function filledDatabase(bench: Bench, events: number): Promise<FilledDatabase> {
  const url = await bench.newDatabase();
  const core = await bench.core(targetsOf(bench), url);
  await bench.load.call('post', { url: core.eventUrl, login: LOGIN, events: 1, category: 'tool', clients: 1 });
  await core.carriedAll();
  await core.stop();
  const [given] = await sql<{ id: string }>(url, `select id from external_id where id like 'EXT%' limit 1`);
  if (!given) throw new Error('the tool gave the event no external id');
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    // Foreign keys hold by construction; checking each would take longer than everything else.
    await client.query(`set session_replication_role = replica; set maintenance_work_mem = '512MB'`);
    for (const statement of FILL) await client.query(statement, [events]);
    await withoutIndexes(client, 'external_id', () => client.query(FILL_EXTERNAL_IDS, [events]));
    await client.query('vacuum analyze');
    await client.query('checkpoint');
  } finally {
    await client.end();
  }
  return { url, externalId: (n) => `EXT-${n}` };
}

const FILL = [
  `insert into event (id, source, event_id, document, time_received, time_changed)
   select copy.id, copy.source, copy.event_id, copy.document, copy.time_received, copy.time_changed from event e cross join generate_series(1, $1::int) n
    cross join lateral jsonb_populate_record(e, jsonb_build_object(
      'id', md5(e.id::text || n)::uuid, 'event_id', md5(e.event_id || n)::uuid,
      'document', e.document || jsonb_build_object('id', md5(e.event_id || n)::uuid))) copy`,
  `insert into forwarded_event
   select copy.* from forwarded_event f cross join generate_series(1, $1::int) n
    cross join lateral jsonb_populate_record(f, jsonb_build_object(
      'id', md5(f.id::text || n)::uuid, 'event', md5(f.event::text || n)::uuid)) copy order by n`,
  `insert into event_history (event, forwarded_event, at, what, detail)
   select md5(h.event::text || n)::uuid, md5(h.forwarded_event::text || n)::uuid, h.at, h.what, h.detail
     from event_history h cross join generate_series(1, $1::int) n order by n, h.seq`,
];

const FILL_EXTERNAL_IDS = `
  insert into external_id (server, id, forwarded_event)
  select x.server, case when x.id like 'EXT%' then 'EXT-' || n else md5(x.id || n)::uuid::text end, md5(x.forwarded_event::text || n)::uuid
    from external_id x cross join generate_series(1, $1::int) n order by n`;

/** A table that nothing refers to, and that has more index than content. */
async function withoutIndexes(client: Client, table: string, fill: () => Promise<unknown>): Promise<void> {
  const key = await client.query<{ name: string; definition: string }>(
    `select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint where conrelid = $1::regclass and contype = 'p'`,
    [table],
  );
  const indexes = await client.query<{ name: string; definition: string }>(
    `select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
       from pg_index where indrelid = $1::regclass and not indisprimary`,
    [table],
  );
  for (const { name } of key.rows) await client.query(`alter table ${table} drop constraint ${name}`);
  for (const { name } of indexes.rows) await client.query(`drop index ${name}`);
  await fill();
  for (const { name, definition } of key.rows)
    await client.query(`alter table ${table} add constraint ${name} ${definition}`);
  for (const { definition } of indexes.rows) await client.query(definition);
}
