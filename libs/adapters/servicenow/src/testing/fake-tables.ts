import { randomBytes } from 'node:crypto';
import { kindOf, TASK_KINDS } from './fake-kinds';

/** One row as ServiceNow keeps it: every value is a string, and an empty one is `""`. */
export type Row = Record<string, string>;

/** Why ServiceNow does not take a write: becomes the status and the error body of the answer. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly detail: string,
  ) {
    super(message);
  }
}

export const JOURNALS = ['work_notes', 'comments'] as const;
export type Journal = (typeof JOURNALS)[number];

const TASK_COLUMNS = [
  ...['sys_id', 'number', 'sys_class_name', 'short_description', 'description', 'state', 'incident_state', 'active'],
  ...['impact', 'urgency', 'priority', 'severity', 'category', 'subcategory', 'contact_type', 'caller_id', 'opened_by'],
  ...['assigned_to', 'assignment_group', 'cmdb_ci', 'business_service', 'parent', 'hold_reason'],
  ...['correlation_id', 'correlation_display', 'close_code', 'close_notes', 'resolved_at', 'resolved_by', 'closed_at'],
  ...['closed_by', 'work_notes', 'comments', 'sys_created_on', 'sys_created_by', 'sys_updated_on', 'sys_updated_by'],
  ...['sys_mod_count', 'sys_domain', 'resolution_code', 'u_customer', 'u_room'],
];

/** Columns that only one of the task tables has. */
const FURTHER_COLUMNS: Readonly<Record<string, readonly string[]>> = { incident: ['parent_incident'] };

const columnsOf = (table: string): readonly string[] => [...TASK_COLUMNS, ...(FURTHER_COLUMNS[table] ?? [])];

/** The tables that this instance has, with their columns. Anything else in a query or a body is ignored. */
export const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(Object.keys(TASK_KINDS).map((table) => [table, columnsOf(table)])),
  sys_user: ['sys_id', 'user_name', 'name', 'email', 'active'],
  sys_user_group: ['sys_id', 'name', 'active'],
  cmdb_ci: ['sys_id', 'name', 'fqdn', 'sys_class_name'],
  sys_choice: ['sys_id', 'name', 'element', 'value', 'label', 'inactive', 'language'],
  sys_journal_field: ['sys_id', 'name', 'element', 'element_id', 'value', 'sys_created_on', 'sys_created_by'],
};

/** Reference columns of task tables, with the table that each points to. */
export const REFERENCES: Readonly<Record<string, string>> = {
  caller_id: 'sys_user',
  opened_by: 'sys_user',
  assigned_to: 'sys_user',
  resolved_by: 'sys_user',
  closed_by: 'sys_user',
  assignment_group: 'sys_user_group',
  cmdb_ci: 'cmdb_ci',
  parent: 'task',
  parent_incident: 'incident',
};

const SYSTEM_COLUMNS = new Set(
  TASK_COLUMNS.filter((column) => column.startsWith('sys_')).concat('number', 'priority', 'opened_by'),
);

/** Impact and urgency make the priority (Priority data lookup rules). */
const PRIORITY: Readonly<Record<string, string>> = {
  ...{ '11': '1', '12': '2', '13': '3', '21': '2', '22': '3', '23': '4', '31': '3', '32': '4', '33': '5' },
};

export const sysId = (): string => randomBytes(16).toString('hex');

/** `YYYY-MM-DD HH:MM:SS` in UTC: no finer than a second, like the real thing. */
export const glideTime = (date: Date): string => date.toISOString().slice(0, 19).replace('T', ' ');

export type Written = (row: Row, operation: 'insert' | 'update') => void;

/**
 * The records of one instance and the rules that its base system applies to a write: numbers, derived priority, journals,
 * the data policy of resolving, closed records that an ordinary user cannot change, `sys_mod_count`.
 */
export class FakeTables {
  readonly rows: Record<string, Row[]> = {
    ...Object.fromEntries(Object.keys(TASK_KINDS).map((table): [string, Row[]] => [table, []])),
    sys_user: [],
    sys_user_group: [],
    cmdb_ci: [],
    sys_choice: [],
    sys_journal_field: [],
  };
  /** How far the instance's clock goes before ours. */
  skewMs = 0;
  private lastNumber = 10_000;
  private readonly born = new WeakMap<Row, number>();

  constructor(private readonly written: Written) {
    for (const login of ['itil.user', 'itil.admin', 'service.desk']) this.addUser(login);
    for (const group of ['Network', 'Service Desk', 'Hardware']) this.addGroup(group);
    this.setCloseCodes(['Duplicate', 'Known error', 'Resolved by caller', 'Solution provided', 'User error']);
    this.addChoice('resolution_code', 'fix_applied', 'Fix Applied', 'problem');
    const levels = { '1': 'High', '2': 'Medium', '3': 'Low' };
    for (const [value, label] of Object.entries(levels))
      for (const element of ['impact', 'urgency']) this.addChoice(element, value, `${value} - ${label}`, 'task');
    for (const value of ['email', 'monitoring', 'phone']) this.addChoice('contact_type', value, value, 'task');
    for (const [table, { states }] of Object.entries(TASK_KINDS))
      for (const [value, label] of Object.entries(states)) this.addChoice('state', value, label, table);
  }

  /** The instance's clock, in milliseconds. */
  now(): number {
    return Date.now() + this.skewMs;
  }

  private time(): string {
    return glideTime(new Date(this.now()));
  }

  /** Whether a record was made less than so long ago. */
  isYounger(row: Row, ms: number): boolean {
    return Date.now() - (this.born.get(row) ?? 0) < ms;
  }

  addUser(login: string, name = login.replaceAll('.', ' ')): Row {
    const row = { sys_id: sysId(), user_name: login, name, email: `${login}@example.com`, active: 'true' };
    this.table('sys_user').push(row);
    return row;
  }

  addGroup(name: string): Row {
    const row = { sys_id: sysId(), name, active: 'true' };
    this.table('sys_user_group').push(row);
    return row;
  }

  addConfigurationItem(name: string, fqdn = ''): Row {
    const row = { sys_id: sysId(), name, fqdn, sys_class_name: 'cmdb_ci_server' };
    this.table('cmdb_ci').push(row);
    return row;
  }

  /** Replaces the resolution codes that this instance defines. */
  setCloseCodes(values: readonly string[]): void {
    this.rows['sys_choice'] = this.table('sys_choice').filter((choice) => choice['element'] !== 'close_code');
    for (const value of values) this.addChoice('close_code', value, value);
    this.table('sys_choice').push({ ...this.choice('close_code', 'Retired code', 'Retired code'), inactive: 'true' });
  }

  addChoice(element: string, value: string, label = value, table = 'incident'): void {
    this.table('sys_choice').push(this.choice(element, value, label, table));
  }

  private choice(element: string, value: string, label: string, name = 'incident'): Row {
    return { sys_id: sysId(), name, element, value, label, inactive: 'false', language: 'en' };
  }

  table(name: string): Row[] {
    return this.rows[name] ?? [];
  }

  /** A task, whatever its table. */
  find(idOrNumber: string): Row | undefined {
    const tasks = Object.keys(TASK_KINDS).flatMap((table) => this.table(table));
    return tasks.find((row) => row['sys_id'] === idOrNumber || row['number'] === idOrNumber);
  }

  remove(idOrNumber: string): void {
    const gone = this.find(idOrNumber);
    const table = gone?.['sys_class_name'] ?? '';
    this.rows[table] = this.table(table).filter((row) => row !== gone);
  }

  /** The journal entries of a record, oldest first. */
  journal(recordId: string): Row[] {
    return this.table('sys_journal_field').filter((entry) => entry['element_id'] === recordId);
  }

  insert(values: Row, by: string, table = 'incident'): Row {
    const kind = kindOf(table);
    const now = this.time();
    const blank = Object.fromEntries(columnsOf(table).map((column) => [column, '']));
    const row: Row = {
      ...blank,
      ...{
        sys_class_name: table,
        sys_domain: 'global',
        state: kind.initial,
        impact: '3',
        urgency: '3',
        active: 'true',
      },
      ...this.accepted(values, table),
      ...{ sys_id: sysId(), number: `${kind.prefix}${String(++this.lastNumber).padStart(7, '0')}`, sys_mod_count: '0' },
      ...{ sys_created_on: now, sys_created_by: by, sys_updated_on: now, sys_updated_by: by, opened_by: this.idOf(by) },
    };
    this.derive(row, undefined, by);
    this.checkPolicy(row);
    this.table(table).push(row);
    this.born.set(row, Date.now());
    this.addEntries(row, values, by);
    this.written(row, 'insert');
    return row;
  }

  /** A write that changes nothing leaves `sys_mod_count` alone and runs no business rule. */
  update(row: Row, values: Row, by: string, admin = false): Row {
    const table = row['sys_class_name'] ?? '';
    const next = { ...row, ...this.accepted(values, table) };
    const changed = columnsOf(table).some((column) => next[column] !== row[column]);
    if (!changed && !JOURNALS.some((journal) => values[journal])) return row;
    if (kindOf(table).closed.includes(row['state'] ?? '') && !admin)
      throw new Refusal(403, 'Operation Failed', 'ACL Exception Update Failed due to security constraints');
    if (next['assignment_group'] !== row['assignment_group'] && values['assigned_to'] === undefined)
      next['assigned_to'] = '';
    this.derive(next, row, by);
    this.checkPolicy(next);
    Object.assign(row, next, {
      sys_mod_count: String(Number(row['sys_mod_count']) + 1),
      sys_updated_on: this.time(),
      sys_updated_by: by,
    });
    this.addEntries(row, values, by);
    this.written(row, 'update');
    return row;
  }

  /** Columns that a user may write; journals read back as "", and everything unknown is dropped without a word. */
  private accepted(values: Row, table: string): Row {
    const writable = (column: string) =>
      columnsOf(table).includes(column) &&
      !SYSTEM_COLUMNS.has(column) &&
      !JOURNALS.some((journal) => journal === column);
    return Object.fromEntries(Object.entries(values).filter(([column]) => writable(column)));
  }

  private derive(row: Row, before: Row | undefined, by: string): void {
    row['priority'] = PRIORITY[`${row['impact']}${row['urgency']}`] ?? '5';
    row['incident_state'] = row['state'] ?? '';
    const { finished, closed } = kindOf(row['sys_class_name'] ?? '');
    const [resolved, isClosed] = [finished, closed].map((states) => states.includes(row['state'] ?? ''));
    row['active'] = isClosed ? 'false' : 'true';
    if (row['state'] === before?.['state']) return;
    row['resolved_at'] = resolved ? row['resolved_at'] || this.time() : '';
    row['resolved_by'] = resolved ? row['resolved_by'] || this.idOf(by) : '';
    row['closed_at'] = isClosed ? this.time() : '';
  }

  /** A code that is no choice counts as missing: that is how the data policy of the base system words it. */
  private checkPolicy(row: Row): void {
    const { finished, codeField } = kindOf(row['sys_class_name'] ?? '');
    if (codeField === undefined || !finished.includes(row['state'] ?? '')) return;
    const codes = this.table('sys_choice').filter(
      (choice) => choice['element'] === codeField && choice['inactive'] === 'false',
    );
    const missing = [
      ...(codes.some((choice) => choice['value'] === row[codeField]) ? [] : ['Resolution code']),
      ...(row['close_notes'] ? [] : ['Close notes']),
    ];
    if (missing.length === 0) return;
    const detail = `Data Policy Exception: \n\tThe following fields are mandatory: ${missing.join(', ')}`;
    throw new Refusal(403, 'Operation Failed', detail);
  }

  private addEntries(row: Row, values: Row, by: string): void {
    for (const element of JOURNALS) {
      const value = values[element];
      if (!value) continue;
      const record = { name: row['sys_class_name'] ?? '', element, element_id: row['sys_id'] ?? '' };
      const stamp = { sys_created_on: this.time(), sys_created_by: by };
      this.table('sys_journal_field').push({ sys_id: sysId(), ...record, value, ...stamp });
    }
  }

  private idOf(login: string): string {
    return this.table('sys_user').find((user) => user['user_name'] === login)?.['sys_id'] ?? '';
  }
}
