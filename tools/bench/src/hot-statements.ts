import { sql } from './sql';

/** The statements of a part that cost most, from `pg_stat_statements`, which then begins anew. */
export async function hotStatements(databaseUrl: string): Promise<string[]> {
  await sql(databaseUrl, 'create extension if not exists pg_stat_statements');
  const rows = await sql<{ ms: string; calls: string; each: string; query: string }>(
    databaseUrl,
    `select round(total_exec_time) as ms, calls, round(mean_exec_time::numeric, 3) as each,
            left(regexp_replace(query, '\\s+', ' ', 'g'), 120) as query
       from pg_stat_statements where calls >= 50 order by total_exec_time desc limit 12`,
  );
  await sql(databaseUrl, 'select pg_stat_statements_reset()');
  return rows.map(({ ms, calls, each, query }) => `${ms} ms = ${calls} × ${each} ms  ${query}`);
}
