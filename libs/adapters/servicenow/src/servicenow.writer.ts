import { droppedFrom, RejectedError, type AdapterLog, type Snapshot } from '@opr-connect/adapter-kit';
import type { ServiceNowClient, ServiceNowRow } from './servicenow.client';
import type { ServiceNowDirectory } from './servicenow.directory';
import { recordFields, untouched, type RecordRules } from './servicenow.record';

/** By these a record is found again. */
const MARKS: readonly string[] = ['correlation_id', 'correlation_display'];

/** Fields that the instance fills by itself where nothing is written to them. */
const PRESET: readonly string[] = ['state', 'impact', 'urgency', 'priority'];

/**
 * Writes records. What an ACL or a rule of the instance forbids is passed over without a word, now and then only for a moment: so
 * what did not arrive is written once more, and then told.
 */
export class ServiceNowWriter {
  constructor(
    private readonly client: ServiceNowClient,
    private readonly directory: ServiceNowDirectory,
    private readonly table: string,
    private readonly rules: RecordRules,
    private readonly log: AdapterLog,
  ) {}

  /** The record as it was made. What people have done to it since is not in it: its version tells them apart. */
  async create(values: Record<string, string>, signal: AbortSignal): Promise<ServiceNowRow> {
    const made = await this.client.create(this.table, values, recordFields(this.rules), signal);
    const before = { ...untouched(this.rules), ...pick(made, [...MARKS, ...PRESET]) };
    const dropped = droppedFrom(values, before, made);
    const again = await this.writeAgain(made, dropped, before, signal);
    return { ...made, ...pick(again, Object.keys(dropped)) };
  }

  /** @param before what the record held, as far as that is known */
  async update(
    id: string,
    values: Record<string, string>,
    before: ServiceNowRow | Snapshot['fields'],
    signal: AbortSignal,
  ): Promise<ServiceNowRow> {
    const row = await this.patch(id, values, signal);
    return this.writeAgain(row, droppedFrom(values, before, row), before, signal);
  }

  private async writeAgain(
    row: ServiceNowRow,
    values: Record<string, string>,
    before: ServiceNowRow | Snapshot['fields'],
    signal: AbortSignal,
  ): Promise<ServiceNowRow> {
    if (Object.keys(values).length === 0) return row;
    const again = await this.patch(row['sys_id'] ?? '', values, signal).catch((error: unknown) => {
      // The record is there, and everything else in it.
      if (error instanceof RejectedError) return row;
      throw error;
    });
    for (const field of Object.keys(droppedFrom(values, before, again))) {
      const harm = MARKS.includes(field) ? 'records get lost' : 'records differ from their events';
      this.log.warn(`${field}: the user may not write it, or a rule of the instance sets it back: ${harm}`);
    }
    return again;
  }

  private async patch(id: string, values: Record<string, string>, signal: AbortSignal): Promise<ServiceNowRow> {
    try {
      return await this.client.update(this.table, id, values, recordFields(this.rules), signal);
    } catch (error) {
      // The instance may define other codes, users or groups by now.
      if (error instanceof RejectedError) this.directory.forget();
      throw error;
    }
  }
}

const pick = (row: ServiceNowRow, fields: readonly string[]): ServiceNowRow =>
  Object.fromEntries(Object.entries(row).filter(([field]) => fields.includes(field)));
