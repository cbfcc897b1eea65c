import { MisconfiguredError, RejectedError, type AdapterLog, type Written } from '@opr-connect/adapter-kit';
import type { ServiceNowClient, ServiceNowRow } from './servicenow.client';
import type { ServiceNowLookUp } from './servicenow.look-up';
import { recordFields, type RecordRules } from './servicenow.record';
import type { ServiceNowSettings } from './servicenow.settings';

/** The record that there is after one was made, and whether it is the one that was made. */
export interface Made {
  row: ServiceNowRow;
  isNew: boolean;
  told: Pick<Written, 'duplicates'>;
}

/** Makes records, and looks once more: somebody else may have made one with the same key. */
export class ServiceNowCreation {
  private hasWarned = false;

  constructor(
    private readonly client: ServiceNowClient,
    private readonly lookUp: ServiceNowLookUp,
    private readonly settings: ServiceNowSettings,
    private readonly rules: RecordRules,
    private readonly log: AdapterLog,
  ) {}

  /** As the settings say: through the import set if they name one. */
  make(values: Record<string, string>, key: string, signal: AbortSignal): Promise<Made> {
    const { importTable } = this.settings;
    return importTable === undefined ? this.create(values, key, signal) : this.import(importTable, values, key, signal);
  }

  async create(values: Record<string, string>, key: string, signal: AbortSignal): Promise<Made> {
    const made = await this.client.create(this.settings.table, values, recordFields(this.rules), signal);
    const created = await this.marked(made, key, signal);
    const { oldest = created, told } = await this.lookUp.find(key, signal, created);
    // What the look-up shows of our own record may hold what people have done to it since.
    const isNew = oldest['sys_id'] === created['sys_id'];
    return { row: isNew ? created : oldest, isNew, told };
  }

  /**
   * The transform map decides whether there is a new record; which one it is, the key tells. It is read after it was made, so
   * people may have changed it already.
   */
  private async import(
    staging: string,
    values: Record<string, string>,
    key: string,
    signal: AbortSignal,
  ): Promise<Made> {
    const { status, said } = await this.client.import(staging, stagedAs(values, staging), signal);
    const { oldest, told } = await this.lookUp.find(key, signal);
    if (oldest) return { row: oldest, isNew: false, told };
    if (status === 'error') throw new RejectedError(`import into ${staging}: ${said}`);
    throw new MisconfiguredError(
      `importTable: ${staging} made no record with our correlation_id (${[status, said].filter(Boolean).join(': ')}): check its transform map`,
    );
  }

  /** The instance may drop a field without a word; a record without its key is found by nobody. */
  private async marked(row: ServiceNowRow, key: string, signal: AbortSignal): Promise<ServiceNowRow> {
    const { table, correlationDisplay } = this.settings;
    const mark = { correlation_id: key, correlation_display: correlationDisplay };
    const holds = (held: ServiceNowRow) =>
      Object.entries(mark).every(([field, value]) => held[field] === undefined || held[field] === value);
    if (holds(row)) return row;
    const again = await this.client.update(table, row['sys_id'] ?? '', mark, recordFields(this.rules), signal);
    if (!holds(again) && !this.hasWarned) {
      this.hasWarned = true;
      this.log.warn('the user may not write correlation_id and correlation_display: records get lost');
    }
    return again;
  }
}

/** ServiceNow begins the columns of a site's own table with `u_`; a field that does so already keeps its name. */
const stagedAs = (values: Record<string, string>, staging: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).map(([field, value]) => [
      staging.startsWith('u_') && !field.startsWith('u_') ? `u_${field}` : field,
      value,
    ]),
  );
