import type { ServiceNowClient, ServiceNowRow } from './servicenow.client';
import { condition } from './servicenow.client';

const PAGE = 200;
const PAGES = 5;
const FIELDS = ['sys_id', 'element', 'element_id', 'value', 'sys_created_on', 'sys_created_by'];

/** The work notes and comments of records. */
export class ServiceNowJournal {
  constructor(
    private readonly client: ServiceNowClient,
    private readonly table: string,
  ) {}

  /** The entries of both journals, oldest first; of very long ones the newest thousand. */
  async entries(id: string, signal: AbortSignal): Promise<ServiceNowRow[]> {
    const elements = ['element=work_notes', 'ORelement=comments'];
    const query = [condition('element_id', id), ...elements, 'ORDERBYDESCsys_created_on', 'ORDERBYDESCsys_id'];
    const entries = new Map<string, ServiceNowRow>();
    for (let page = 0; page < PAGES; page += 1) {
      const rows = await this.client.list(
        'sys_journal_field',
        query,
        FIELDS,
        { limit: PAGE, offset: page * PAGE },
        signal,
      );
      for (const row of rows) {
        if (row['element_id'] === id && (row['element'] === 'work_notes' || row['element'] === 'comments'))
          entries.set(row['sys_id'] ?? '', row);
      }
      if (rows.length < PAGE) break;
    }
    return [...entries.values()].reverse();
  }

  /** Both journals as one text: readable even where `sys_journal_field` is hidden, which looks like a record without notes. */
  async text(id: string, signal: AbortSignal): Promise<string> {
    const row = await this.client.display(this.table, id, ['work_notes', 'comments'], signal);
    return `${row['work_notes'] ?? ''}${row['comments'] ?? ''}`;
  }
}
