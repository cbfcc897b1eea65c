import { Injectable } from '@nestjs/common';
import type { Pool, PoolClient } from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';

/** Anything that runs SQL: the pool, or one transaction. Rows for SELECT and INSERT, `[rows, count]` for UPDATE and DELETE. */
export type Sql = Pick<EntityManager, 'query'>;

/**
 * The hub's own statements, each prepared once on a connection: planning the large ones anew would cost more than running
 * them. Every text is a constant of the program, so there are few.
 */
@Injectable()
export class Statements implements Sql {
  private readonly pool: Pool;

  constructor(database: DataSource) {
    this.pool = (database.driver as PostgresDriver).master as Pool;
  }

  query<Result>(text: string, values: unknown[] = []): Promise<Result> {
    return run<Result>(this.pool, text, values);
  }

  /** Commits what `work` does, or nothing of it. */
  async transaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> {
    const client = await this.pool.connect();
    let broken = true;
    try {
      await client.query('begin');
      const result = await work({ query: (text: string, values?: unknown[]) => run(client, text, values ?? []) });
      await client.query('commit');
      broken = false;
      return result;
    } catch (error) {
      broken = await client.query('rollback').then(
        () => false,
        () => true,
      );
      throw error;
    } finally {
      client.release(broken);
    }
  }
}

const names = new Map<string, string>();

function nameOf(text: string): string {
  const known = names.get(text);
  if (known) return known;
  const name = `opr_${names.size + 1}`;
  names.set(text, name);
  return name;
}

async function run<Result>(on: Pool | PoolClient, text: string, values: unknown[]): Promise<Result> {
  const { command, rows, rowCount } = await on.query({ name: nameOf(text), text, values });
  return (command === 'UPDATE' || command === 'DELETE' ? [rows, rowCount] : rows) as Result;
}
