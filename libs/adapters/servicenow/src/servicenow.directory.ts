import { MisconfiguredError } from '@opr-connect/adapter-kit';
import { condition, isQueryable, type ServiceNowClient } from './servicenow.client';

/**
 * Resolution codes that base systems of different releases define, best first ("Resolve an incident"; the list changed between
 * releases). One is taken only if the instance defines it: a code that it does not define is refused as a missing one.
 */
export const CLOSE_CODES = [
  'Solution provided',
  'Solved (Permanently)',
  'Resolved by caller',
  'Closed/Resolved by Caller',
] as const;
const DUPLICATE_CODES = ['Duplicate', ...CLOSE_CODES];

const EXPIRY_MS = 10 * 60_000;
const MAX_ENTRIES = 1_000;
const MAX_CHOICES = 200;

/** What the instance calls things: users and groups by name, and its choices. Answers are kept for ten minutes. */
export class ServiceNowDirectory {
  private readonly kept = new Map<string, { until: number; value: unknown }>();

  constructor(
    private readonly client: ServiceNowClient,
    private readonly settings: { table: string; closeCode?: string; closeCodeField: string },
  ) {}

  /** sys_id of the user with this login; `undefined` unless there is exactly one. */
  user(login: string, signal: AbortSignal): Promise<string | undefined> {
    return this.one('sys_user', 'user_name', login, signal);
  }

  /** sys_id of the group with this name; `undefined` unless there is exactly one. */
  group(name: string, signal: AbortSignal): Promise<string | undefined> {
    return this.one('sys_user_group', 'name', name, signal);
  }

  /** The code to resolve with. */
  async resolutionCode(signal: AbortSignal): Promise<string> {
    const defined = await this.choices(this.settings.closeCodeField, signal);
    const wanted: readonly string[] = this.settings.closeCode === undefined ? CLOSE_CODES : [this.settings.closeCode];
    const code = wanted.find((each) => defined.includes(each));
    if (code !== undefined) return code;
    // An answer without rows is how a read that an ACL forbids looks, so the settings are believed.
    if (defined.length === 0 && this.settings.closeCode !== undefined) return this.settings.closeCode;
    throw new MisconfiguredError(
      defined.length === 0
        ? `closeCode: the user may not read sys_choice, so a resolution code of ${this.settings.table} must be set`
        : `closeCode: must be one that ${this.settings.table} defines: ${defined.join(', ')}`,
    );
  }

  /** The code for a record that should not have been created. */
  async duplicateCode(signal: AbortSignal): Promise<string> {
    const defined = await this.choices(this.settings.closeCodeField, signal);
    return DUPLICATE_CODES.find((each) => defined.includes(each)) ?? this.resolutionCode(signal);
  }

  /** Ask again: the instance contradicted what is kept. */
  forget(): void {
    this.kept.clear();
  }

  /** The values of a choice list; none if the field has no list, or if the user may not read it. */
  choices(field: string, signal: AbortSignal): Promise<string[]> {
    return this.cached(`choices.${field}`, async () => {
      // A table that extends another has its choices, unless it defines its own.
      const tables = [...new Set([this.settings.table, 'incident', 'task'])];
      const query = [`nameIN${tables.join(',')}`, condition('element', field), 'inactive=false'];
      const fields = ['name', 'element', 'inactive', 'value'];
      const rows = await this.client.list('sys_choice', query, fields, { limit: MAX_CHOICES }, signal);
      const active = rows.filter((row) => row['element'] === field && row['inactive'] !== 'true');
      const lists = tables.map((table) => active.filter((row) => row['name'] === table));
      return [...new Set((lists.find((list) => list.length > 0) ?? []).flatMap((row) => row['value'] || []))];
    });
  }

  /** sys_id of the row with this value, whatever its case; `undefined` unless there is exactly one. */
  async one(table: string, field: string, value: string, signal: AbortSignal): Promise<string | undefined> {
    if (!isQueryable(value)) return undefined;
    return this.cached(`${table}.${field}.${value}`, async () => {
      const rows = await this.client.list(table, [condition(field, value)], ['sys_id', field], { limit: 2 }, signal);
      const [row, second] = rows.filter((each) => each[field]?.toLowerCase() === value.toLowerCase());
      return second ? undefined : row?.['sys_id'];
    });
  }

  private async cached<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const entry = this.kept.get(key);
    if (entry && entry.until > Date.now()) return entry.value as T;
    const value = await ask();
    if (this.kept.size >= MAX_ENTRIES) this.kept.clear();
    this.kept.set(key, { until: Date.now() + EXPIRY_MS, value });
    return value;
  }
}
