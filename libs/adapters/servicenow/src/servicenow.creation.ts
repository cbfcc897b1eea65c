import { MisconfiguredError, RejectedError, type Written } from '@opr-connect/adapter-kit';
import type { ServiceNowClient, ServiceNowRow } from './servicenow.client';
import type { ServiceNowLookUp } from './servicenow.look-up';
import type { ServiceNowWriter } from './servicenow.writer';

/** The record that there is after one was made, and whether it is the one that was made. */
export interface Made {
  row: ServiceNowRow;
  isNew: boolean;
  told: Pick<Written, 'duplicates'>;
}

/** Makes records, and looks once more: somebody else may have made one with the same key. */
export class ServiceNowCreation {
  constructor(
    private readonly client: ServiceNowClient,
    private readonly writer: ServiceNowWriter,
    private readonly lookUp: ServiceNowLookUp,
    private readonly importTable: string | undefined,
  ) {}

  /** As the settings say: through the import set if they name one. */
  make(values: Record<string, string>, key: string, signal: AbortSignal): Promise<Made> {
    return this.importTable === undefined
      ? this.create(values, key, signal)
      : this.import(this.importTable, values, key, signal);
  }

  async create(values: Record<string, string>, key: string, signal: AbortSignal): Promise<Made> {
    const created = await this.writer.create(values, signal);
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
}

/** ServiceNow begins the columns of a site's own table with `u_`; a field that does so already keeps its name. */
const stagedAs = (values: Record<string, string>, staging: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).map(([field, value]) => [
      staging.startsWith('u_') && !field.startsWith('u_') ? `u_${field}` : field,
      value,
    ]),
  );
