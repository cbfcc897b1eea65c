import { isTask } from './fake-kinds';
import { COLUMNS, JOURNALS, REFERENCES, type FakeTables, type Row } from './fake-tables';

type Test = (row: Row) => boolean;
interface Order {
  column: string;
  descending: boolean;
}

const CONDITION = /^([a-z_][a-z0-9_]*)(ISNOTEMPTY|ISEMPTY|STARTSWITH|ENDSWITH|LIKE|IN|!=|>=|<=|=|>|<)([\s\S]*)$/;

/**
 * The rows of a table that an encoded query asks for. As in the real thing, a condition on an unknown column, or one that
 * cannot be understood, is dropped: the answer then holds rows that nobody asked for.
 */
export function select(table: string, rows: readonly Row[], encoded: string): Row[] {
  const order: Order[] = [];
  const alternatives = encoded.split('^NQ').map((part) => conjunction(table, part, order));
  const found = rows.filter((row) => alternatives.some((test) => test(row)));
  return found.sort((a, b) => compare(a, b, order));
}

function conjunction(table: string, part: string, order: Order[]): Test {
  const all: Test[][] = [];
  for (const term of part.split('^')) {
    const sort = /^ORDERBY(DESC)?(.+)$/.exec(term);
    if (sort) {
      order.push({ column: sort[2] ?? '', descending: sort[1] !== undefined });
      continue;
    }
    const joined = term.startsWith('OR');
    const test = condition(table, joined ? term.slice(2) : term);
    if (!test) continue;
    const last = all.at(-1);
    if (joined && last) last.push(test);
    else all.push([test]);
  }
  return (row) => all.every((one) => one.some((test) => test(row)));
}

function condition(table: string, term: string): Test | undefined {
  const parts = CONDITION.exec(term);
  if (!parts) return undefined;
  const [, column = '', operator = '', wanted = ''] = parts;
  if (!COLUMNS[table]?.includes(column)) return undefined;
  const is = OPERATORS[operator];
  return is && ((row) => is(row[column] ?? '', wanted));
}

const OPERATORS: Readonly<Record<string, (value: string, wanted: string) => boolean>> = {
  '=': (value, wanted) => value === wanted,
  '!=': (value, wanted) => value !== wanted,
  '>': (value, wanted) => value > wanted,
  '>=': (value, wanted) => value >= wanted,
  '<': (value, wanted) => value < wanted,
  '<=': (value, wanted) => value <= wanted,
  LIKE: (value, wanted) => value.includes(wanted),
  STARTSWITH: (value, wanted) => value.startsWith(wanted),
  ENDSWITH: (value, wanted) => value.endsWith(wanted),
  IN: (value, wanted) => wanted.split(',').includes(value),
  ISEMPTY: (value) => value === '',
  ISNOTEMPTY: (value) => value !== '',
};

function compare(a: Row, b: Row, order: readonly Order[]): number {
  for (const { column, descending } of order) {
    const [x, y] = [a[column] ?? '', b[column] ?? ''];
    if (x !== y) return (x < y ? -1 : 1) * (descending ? -1 : 1);
  }
  return 0;
}

export interface View {
  fields: readonly string[] | undefined;
  displayValue: 'false' | 'true' | 'all';
  excludeReferenceLink: boolean;
  origin: string;
}

type Shown = string | { link?: string; value?: string; display_value?: string | null };

/** A row in the shape that `sysparm_fields`, `sysparm_display_value` and `sysparm_exclude_reference_link` ask for. */
export function show(tables: FakeTables, table: string, row: Row, view: View): Record<string, Shown> {
  const columns = COLUMNS[table] ?? [];
  const wanted = view.fields ?? columns;
  return Object.fromEntries(
    wanted.flatMap((field): [string, Shown][] => {
      const [base = '', walked] = field.split('.');
      if (!columns.includes(base)) return [];
      if (walked === undefined) return [[field, cell(tables, table, row, base, view)]];
      const target = REFERENCES[base];
      if (!isTask(table) || !target || !COLUMNS[target]?.includes(walked)) return [];
      const value = tables.table(target).find((other) => other['sys_id'] === row[base])?.[walked] ?? '';
      return [[field, view.displayValue === 'all' ? { display_value: value, value } : value]];
    }),
  );
}

function cell(tables: FakeTables, table: string, row: Row, column: string, view: View): Shown {
  const value = row[column] ?? '';
  const display = displayOf(tables, table, row, column);
  const target = isTask(table) ? REFERENCES[column] : undefined;
  if (!target || value === '') {
    if (view.displayValue === 'all') return { display_value: display === '' ? null : display, value };
    return view.displayValue === 'true' ? display : value;
  }
  const link = view.excludeReferenceLink ? {} : { link: `${view.origin}/api/now/table/${target}/${value}` };
  if (view.displayValue === 'all') return { display_value: display, ...link, value };
  if (view.displayValue === 'true') return view.excludeReferenceLink ? display : { display_value: display, ...link };
  return view.excludeReferenceLink ? value : { ...link, value };
}

function displayOf(tables: FakeTables, table: string, row: Row, column: string): string {
  const value = row[column] ?? '';
  if (!isTask(table)) return value;
  if (JOURNALS.some((journal) => journal === column)) return journalText(tables, row, column);
  const target = REFERENCES[column];
  if (target === 'task' || target === 'incident') return tables.find(value)?.['number'] ?? value;
  if (target) return tables.table(target).find((other) => other['sys_id'] === value)?.['name'] ?? value;
  const choices = tables
    .table('sys_choice')
    .filter((each) => [table, 'task'].includes(each['name'] ?? '') && each['element'] === column);
  const choice = choices.find((each) => each['value'] === value);
  return choice?.['label'] ?? value;
}

/** One string, newest entry first, the way a form's activity stream is flattened. */
function journalText(tables: FakeTables, row: Row, element: string): string {
  const label = element === 'work_notes' ? 'Work notes' : 'Additional comments';
  return tables
    .journal(row['sys_id'] ?? '')
    .filter((entry) => entry['element'] === element)
    .reverse()
    .map((entry) => `${entry['sys_created_on']} - ${entry['sys_created_by']} (${label})\n${entry['value']}\n\n`)
    .join('');
}
