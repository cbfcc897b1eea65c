import { Refusal, type FakeTables, type Row } from './fake-tables';
import { isTask } from './fake-kinds';

/** A staging table with its transform map. */
export interface ImportMap {
  target: string;
  /** Rows with the same value in this field of the target are one record. */
  coalesce?: string;
  /** `ignore` is what the manual's script does with a row whose record is there already. */
  onUpdate: 'ignore' | 'update';
  /** Fields that the map leaves out. */
  omits: readonly string[];
}

/** The Import Set API: synchronous, one row for each call, and 201 whatever became of it. */
export class FakeImports {
  readonly maps: Record<string, ImportMap> = {
    u_opr_connect: { target: 'incident', coalesce: 'correlation_id', onUpdate: 'ignore', omits: [] },
  };
  private lastSet = 10_000;

  constructor(private readonly tables: FakeTables) {}

  /** `undefined` where there is no such staging table. */
  load(staging: string, staged: Row, by: string, origin: string): object | undefined {
    const map = this.maps[staging];
    if (!map || !isTask(map.target)) return undefined;
    const values = Object.fromEntries(
      Object.entries(staged)
        .map(([column, value]): [string, string] => [fieldOf(column, staging), value])
        .filter(([field]) => !map.omits.includes(field)),
    );
    return {
      import_set: `ISET${String(++this.lastSet).padStart(7, '0')}`,
      staging_table: staging,
      result: [this.transform(map, values, by, origin)],
    };
  }

  private transform(map: ImportMap, values: Row, by: string, origin: string): object {
    const { target, coalesce = '' } = map;
    const told = { transform_map: 'OPR Connect', table: target, display_name: 'number' };
    const record = (row: Row, status: string) => ({
      ...{ ...told, status, display_value: row['number'], sys_id: row['sys_id'] },
      record_link: `${origin}/api/now/table/${target}/${row['sys_id']}`,
    });
    const held = values[coalesce] && this.tables.table(target).find((row) => row[coalesce] === values[coalesce]);
    try {
      if (!held) return record(this.tables.insert(values, by, target), 'inserted');
      // The row of the staging table is what an ignored one tells.
      if (map.onUpdate === 'ignore') return { ...told, status: 'ignored', status_message: 'Row ignored by script' };
      return record(this.tables.update(held, values, by), 'updated');
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { ...told, status: 'error', error_message: `${error.message}: ${error.detail}` };
    }
  }
}

/** Columns of a table of the site's begin with u_; of a field that does so itself, with one. */
const fieldOf = (column: string, staging: string): string =>
  staging.startsWith('u_') && !/^u_(customer|room)$/.test(column) ? column.replace(/^u_/, '') : column;
