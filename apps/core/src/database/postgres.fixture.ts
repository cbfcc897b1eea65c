import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded/embedded-postgres';
import { migrate } from './migrate';
import { Statements, type Sql } from './statements';

/** A PostgreSQL for one spec. Not durable, since nothing here outlives it. */
export class SpecPostgres {
  private databases = 0;

  private constructor(
    private readonly folder: string,
    private readonly postgres: EmbeddedPostgres,
  ) {}

  static async start(): Promise<SpecPostgres> {
    const folder = await mkdtemp(join(tmpdir(), 'opr-connect-spec-'));
    return new SpecPostgres(folder, await startEmbeddedPostgres({ dataDir: folder, settings: { fsync: 'off' } }));
  }

  /** A new database, with nothing in it. Whoever asks for it closes it. */
  async empty(options: Pick<DataSourceOptions, 'migrations'> = {}): Promise<DataSource> {
    return new DataSource({ type: 'postgres', url: await this.newUrl(), ...options }).initialize();
  }

  /** A new database as a core finds it. */
  async migrated(): Promise<DataSource> {
    const url = await this.newUrl();
    await migrate(url);
    return new DataSource({ type: 'postgres', url }).initialize();
  }

  async stop(): Promise<void> {
    await this.postgres.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  private newUrl(): Promise<string> {
    return this.postgres.ensureDatabase(`spec_${(this.databases += 1)}`);
  }
}

type Alter = (sql: string) => string;

/** What a repository must hold to, as two cores use it. */
export interface Case<Cores> {
  name: string;
  holds(cores: Cores): Promise<void>;
  /** Ways of getting it wrong that this case catches: what of which statement becomes what, or that each commits by itself. */
  mutants: { [name: string]: Alter | 'autocommit' };
}

/**
 * Every case, and for each of its mutants that the case catches it. A mutant alters the statements on their way, so that it is
 * the hub's own SQL that is wrong.
 *
 * @param begin two cores whose statements go through `sql`
 */
export function describeCases<Cores>(
  what: string,
  cases: readonly Case<Cores>[],
  begin: (statements: Statements, altered: Sql, autocommits: boolean) => Promise<Cores>,
): void {
  let postgres: SpecPostgres;
  let database: DataSource;
  let statements: Statements;
  const cores = (alter: Alter, autocommits = false): Promise<Cores> =>
    begin(
      statements,
      { query: (text: string, values?: unknown[]) => statements.query(alter(text), values) },
      autocommits,
    );

  beforeAll(async () => {
    postgres = await SpecPostgres.start();
    database = await postgres.migrated();
    statements = new Statements(database);
  });
  afterAll(async () => {
    await database?.destroy();
    await postgres?.stop();
  });

  describe(`${what}, as two cores use it`, () => {
    test.each(cases)('$name', async ({ holds }) => holds(await cores((sql) => sql)));
  });

  describe('each case catches who gets it wrong', () => {
    const mutants = cases.flatMap(({ name, holds, mutants: all }) =>
      Object.entries(all).map(([mutant, alter]) => ({ mutant, name, holds, alter })),
    );
    test.each(mutants)('$mutant', async ({ holds, alter }) => {
      let altered = alter === 'autocommit';
      const wrong = await cores((sql) => {
        const other = alter === 'autocommit' ? sql : alter(sql);
        altered ||= other !== sql;
        return other;
      }, altered);
      await expect(holds(wrong)).rejects.toThrow(/expect|claimed/);
      expect(altered).toBe(true);
    });
  });
}

export const replace =
  (what: string | RegExp, by: string): Alter =>
  (sql) =>
    sql.replace(what, by);
