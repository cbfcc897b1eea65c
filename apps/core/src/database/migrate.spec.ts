import type { DataSource } from 'typeorm';
import { MIGRATIONS } from './migrate';
import { SpecPostgres } from './postgres.fixture';

jest.setTimeout(60_000);

let postgres: SpecPostgres;

beforeAll(async () => {
  postgres = await SpecPostgres.start();
});

afterAll(async () => {
  await postgres?.stop();
});

/** A database that the first so many migrations were run on. */
async function migrated(count: number): Promise<DataSource> {
  const database = await postgres.empty({ migrations: MIGRATIONS.slice(0, count) });
  await database.runMigrations({ transaction: 'each' });
  return database;
}

/** What a core of the version before relies on. */
interface Schema {
  /** `table.column` → its type. */
  columns: Map<string, string>;
  /** Columns that may be left out when a row is inserted. */
  optional: Set<string>;
  /** `table: rule`, of everything that can refuse a row. */
  rules: Set<string>;
}

async function schemaOf(database: DataSource): Promise<Schema> {
  const columns: { name: string; type: string; optional: boolean }[] = await database.query(
    `select table_name || '.' || column_name as name, udt_name as type,
            is_nullable = 'YES' or column_default is not null or is_identity = 'YES' as optional
       from information_schema.columns where table_schema = 'public'`,
  );
  const rules: { rule: string }[] = await database.query(
    `select conrelid::regclass || ': ' || pg_get_constraintdef(oid) as rule from pg_constraint
      where connamespace = 'public'::regnamespace and contype <> 'n'
     union
     select indrelid::regclass || ': ' || regexp_replace(pg_get_indexdef(indexrelid), 'INDEX \\S+ ', '') from pg_index
      where indisunique and indrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)`,
  );
  return {
    columns: new Map(columns.map(({ name, type }) => [name, type])),
    optional: new Set(columns.flatMap(({ name, optional }) => (optional ? [name] : []))),
    rules: new Set(rules.map(({ rule }) => inOneOrder(rule))),
  };
}

/** Columns that must be unique together are so in whatever order an index has them, and whatever else it holds. */
const inOneOrder = (rule: string): string =>
  /PRIMARY KEY|UNIQUE/.test(rule)
    ? rule
        .replace(/ INCLUDE \(.*\)/, '')
        .replace(/\((\w+(?:, \w+)+)\)/, (_all, columns: string) => `(${columns.split(', ').sort().join(', ')})`)
    : rule;

/** What a core of the version before would stumble over. */
function harm(before: Schema, after: Schema): string[] {
  const tables = new Set([...before.columns.keys()].map((name) => name.split('.')[0]));
  const isOld = (name: string) => tables.has(name.split(/[.:]/)[0]);
  return [
    ...[...before.columns].flatMap(([name, type]) => {
      const now = after.columns.get(name);
      return now === undefined ? [`${name} is gone`] : now === type ? [] : [`${name} is ${now}`];
    }),
    ...[...before.optional].flatMap((name) =>
      after.columns.has(name) && !after.optional.has(name) ? [`${name} must be given`] : [],
    ),
    ...[...after.columns.keys()].flatMap((name) =>
      isOld(name) && !before.columns.has(name) && !after.optional.has(name) ? [`${name} must be given`] : [],
    ),
    ...[...after.rules].flatMap((rule) => (isOld(rule) && !before.rules.has(rule) ? [`a new rule for ${rule}`] : [])),
  ];
}

describe('A migration leaves a core of the version before at work', () => {
  it.each(MIGRATIONS.slice(1).map(({ name }, index): [string, number] => [name, index + 1]))(
    '%s',
    async (_name, index) => {
      const [before, after] = await Promise.all([migrated(index), migrated(index + 1)]);
      expect(harm(await schemaOf(before), await schemaOf(after))).toEqual([]);
      await Promise.all([before.destroy(), after.destroy()]);
    },
  );

  it.each([
    ['drops a column', 'alter table outbox_message drop column error', 'outbox_message.error is gone'],
    ['renames one', 'alter table event rename column event_id to id_of_event', 'event.event_id is gone'],
    ['drops a table', 'drop table operator_action', 'operator_action.action is gone'],
    ['changes a type', 'alter table outbox_message alter attempts type bigint', 'outbox_message.attempts is int8'],
    ['wants a new column', 'alter table operator_action add why text not null', 'operator_action.why must be given'],
    [
      'wants an old one',
      'alter table operator_action alter reason set not null',
      'operator_action.reason must be given',
    ],
    [
      'adds a rule',
      `alter table operator_action add check (length(action) < 9)`,
      'a new rule for operator_action: CHECK ((length(action) < 9))',
    ],
    [
      'makes a rule stricter',
      'alter table external_id drop constraint external_id_pkey, add primary key (id)',
      'a new rule for external_id: PRIMARY KEY (id)',
    ],
    [
      'adds a unique index',
      'create unique index one_each on operator_action (at)',
      'a new rule for operator_action: CREATE UNIQUE ON public.operator_action USING btree (at)',
    ],
  ])('and one that %s would be found', async (_what, sql, found) => {
    const database = await migrated(MIGRATIONS.length);
    const before = await schemaOf(database);
    await database.query(sql);
    expect(harm(before, await schemaOf(database))).toContain(found);
    await database.destroy();
  });
});
