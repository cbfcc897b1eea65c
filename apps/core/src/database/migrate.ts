import { DataSource } from 'typeorm';
import { First1764000000000 } from './migrations/1764000000000-first';

/** One of several cores migrates, the others wait for it. */
const MIGRATION_LOCK = 4_176_201;

/** Brings the schema up to what this version needs. */
export async function migrate(url: string): Promise<void> {
  const database = new DataSource({ type: 'postgres', url, migrations: [First1764000000000], poolSize: 2 });
  await database.initialize();
  const lock = database.createQueryRunner();
  try {
    await lock.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await database.runMigrations({ transaction: 'each' });
    await lock.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  } finally {
    await lock.release();
    await database.destroy();
  }
}
