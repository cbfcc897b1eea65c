import {
  DeliveryError,
  MisconfiguredError,
  OutcomeUnknownError,
  TransientError,
  type AdapterLog,
  type Written,
} from '@opr-connect/adapter-kit';
import { condition, type ServiceNowClient, type ServiceNowRow } from './servicenow.client';
import type { ServiceNowDirectory } from './servicenow.directory';
import { isFinished, recordFields, type RecordRules } from './servicenow.record';
import type { ServiceNowSettings } from './servicenow.settings';

/** How many rows a look-up by correlation key takes. More than one is rare, so a full page means the filter was ignored. */
const LOOK_UP_LIMIT = 50;

/** The record that carries a key, and the numbers of duplicates that were resolved. */
export interface Found {
  oldest?: ServiceNowRow;
  told: Pick<Written, 'duplicates'>;
}

/** Finds records by the correlation key that they carry. */
export class ServiceNowLookUp {
  constructor(
    private readonly client: ServiceNowClient,
    private readonly directory: ServiceNowDirectory,
    private readonly settings: ServiceNowSettings,
    private readonly rules: RecordRules,
    private readonly log: AdapterLog,
  ) {}

  read(id: string, signal: AbortSignal): Promise<ServiceNowRow> {
    return this.client.read(this.settings.table, id, recordFields(this.rules), signal);
  }

  /** The oldest record that carries the key, `created` being one of them. Extra ones of ours are resolved as duplicates. */
  async find(key: string, signal: AbortSignal, created?: ServiceNowRow): Promise<Found> {
    const { table, correlationDisplay, user } = this.settings;
    const query = [condition('correlation_id', key), condition('correlation_display', correlationDisplay)];
    const order = ['ORDERBYsys_created_on', 'ORDERBYnumber'];
    const page = { limit: LOOK_UP_LIMIT };
    const rows = await this.client.list(table, [...query, ...order], recordFields(this.rules), page, signal);
    const ours = rows.filter(
      (row) => row['correlation_id'] === key && row['correlation_display'] === correlationDisplay,
    );
    if (ours.length === 0 && rows.length >= LOOK_UP_LIMIT && !created)
      throw new MisconfiguredError(
        `GET ${table}: the look-up by correlation_id answers other records: check that the user may read correlation_id and correlation_display`,
      );
    if (created && !ours.some((row) => row['sys_id'] === created['sys_id'])) ours.push(created);
    const [oldest, ...extras] = ours.sort(byAge);
    const closed: string[] = [];
    for (const extra of extras) {
      if (oldest && sameLogin(extra['sys_created_by'], user) && (await this.retire(extra, oldest, signal)))
        closed.push(extra['number'] ?? '');
    }
    return { oldest, told: closed.length > 0 ? { duplicates: closed } : {} };
  }

  /**
   * Everybody who sees two records does this, not only who created the second: its creator may have died. The mark in
   * `correlation_display` keeps the business rule silent, else the duplicate's state would be taken for the event's. False: it
   * cannot be resolved.
   */
  private async retire(extra: ServiceNowRow, kept: ServiceNowRow, signal: AbortSignal): Promise<boolean> {
    const duplicate = extra['number'];
    try {
      await this.client.update(
        this.settings.table,
        extra['sys_id'] ?? '',
        {
          correlation_display: `${this.settings.correlationDisplay} (duplicate)`,
          ...(!isFinished(extra['state'], this.rules) && (await this.resolution(kept, signal))),
        },
        recordFields(this.rules),
        signal,
      );
      this.log.warn(`resolved ${duplicate} as a duplicate of ${kept['number']}`);
      return true;
    } catch (error) {
      if (error instanceof TransientError || error instanceof OutcomeUnknownError || !(error instanceof DeliveryError))
        throw error;
      this.log.warn(`${duplicate} is a duplicate of ${kept['number']} and cannot be resolved`, {
        reason: error.message,
      });
      return false;
    }
  }

  private async resolution(kept: ServiceNowRow, signal: AbortSignal): Promise<Record<string, string>> {
    const { mapping, closeCodeField, closeNotesField } = this.rules;
    return {
      state: mapping.state?.toTool('resolved') ?? '',
      ...(closeCodeField !== '' && { [closeCodeField]: await this.directory.duplicateCode(signal) }),
      [closeNotesField]: `Duplicate of ${kept['number']}: created twice for the same event.`,
    };
  }
}

export const sameLogin = (a: string | undefined, b: string): boolean => a?.toLowerCase() === b.toLowerCase();

/** `sys_created_on` knows seconds only; numbers are given out in order. */
function byAge(a: ServiceNowRow, b: ServiceNowRow): number {
  const keys = (row: ServiceNowRow) => [row['sys_created_on'] ?? '', row['number'] ?? '', row['sys_id'] ?? ''];
  const [left, right] = [keys(a), keys(b)];
  return left.reduce((order, key, index) => order || compareTexts(key, right[index] ?? ''), 0);
}

const compareTexts = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
