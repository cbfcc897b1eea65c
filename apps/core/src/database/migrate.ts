import { DataSource } from 'typeorm';
import { First1764000000000 } from './migrations/1764000000000-first';
import { Delivery1764100000000 } from './migrations/1764100000000-delivery';
import { Operators1764200000000 } from './migrations/1764200000000-operators';
import { Schedules1764300000000 } from './migrations/1764300000000-schedules';
import { Ids1764400000000 } from './migrations/1764400000000-ids';
import { Causes1764500000000 } from './migrations/1764500000000-causes';

/** In the order in which they are run. */
export const MIGRATIONS = [
  First1764000000000,
  Delivery1764100000000,
  Operators1764200000000,
  Schedules1764300000000,
  Ids1764400000000,
  Causes1764500000000,
];

/** One of several cores migrates, the others wait for it; not for ever, since it may be held up. */
const MIGRATION_LOCK = 4_176_201;
const LONGEST_WAIT = '120s';
const CONNECT_MS = 10_000;

/** The database was migrated by a version of the hub that is newer than this one. */
export class SchemaTooNewError extends Error {
  constructor(migrations: readonly string[]) {
    super(
      `The database was migrated by a newer version of OPR Connect (${migrations.join(', ')}). ` +
        'Start that version, or restore a backup that was made before.',
    );
    this.name = 'SchemaTooNewError';
  }
}

/**
 * Brings the schema up to what this version needs. Migrations only add, so a core of the version before goes on working.
 *
 * @throws SchemaTooNewError
 */
export async function migrate(url: string): Promise<void> {
  const database = new DataSource({
    type: 'postgres',
    url,
    migrations: MIGRATIONS,
    poolSize: 2,
    connectTimeoutMS: CONNECT_MS,
  });
  await database.initialize();
  const lock = database.createQueryRunner();
  try {
    await lock.query(`set lock_timeout = '${LONGEST_WAIT}'`);
    await lock.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await refuseNewer(database);
    await database.runMigrations({ transaction: 'each' });
    await lock.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  } finally {
    await lock.release();
    await database.destroy();
  }
}

async function refuseNewer(database: DataSource): Promise<void> {
  const [{ exists }] = await database.query(`select to_regclass('migrations') is not null as exists`);
  if (!exists) return;
  const done: { name: string }[] = await database.query('select name from migrations');
  const known = new Set(MIGRATIONS.map(({ name }) => name));
  const unknown = done.map(({ name }) => name).filter((name) => !known.has(name));
  if (unknown.length > 0) throw new SchemaTooNewError(unknown);
}
