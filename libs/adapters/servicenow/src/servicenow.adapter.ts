import { HttpService } from '@nestjs/axios';
import {
  DeliveryError,
  EventAdapter,
  MisconfiguredError,
  OutcomeUnknownError,
  RejectedError,
  TransientError,
  type Adapter,
  type AdapterContext,
  type AdapterFactory,
  type Delivery,
  type ExternalEvent,
  type Forwarded,
  type HookRequest,
  type Seen,
  type Snapshot,
  type Traits,
  type Written,
} from '@opr-connect/adapter-kit';
import type { EventChange, OprEvent, PropertyChange } from '@opr-connect/opr';
import { condition, ServiceNowClient, type ServiceNowRow } from './servicenow.client';
import { ServiceNowDirectory } from './servicenow.directory';
import { ServiceNowDrafts } from './servicenow.drafts';
import { parseHook, verifySignature } from './servicenow.hook';
import {
  changesBetween,
  compareVersions,
  describeSnapshot,
  isFinished,
  RECORD_FIELDS,
  snapshotAtCreation,
  snapshotOf,
  STATE,
} from './servicenow.mapping';
import { annotationsOf, holdsNote, journalEntry, type Note } from './servicenow.notes';
import { ServiceNowSettings } from './servicenow.settings';

/** How many rows a look-up by correlation key takes. More than one is rare, so a full page means the filter was ignored. */
const LOOK_UP_LIMIT = 50;
const JOURNAL_PAGE = 200;
const JOURNAL_PAGES = 5;
const JOURNAL_FIELDS = ['sys_id', 'element', 'element_id', 'value', 'sys_created_on', 'sys_created_by'];

/**
 * Events as records of a ServiceNow table, `incident` unless told. What holds:
 *
 * - One live record for each correlation key: look, create, look again; the oldest wins, and an extra one that we created is
 *   resolved as duplicate and loses the key. `correlation_id` is not unique in ServiceNow, so it can be for a moment.
 * - A row counts as found only if it carries the key itself: ServiceNow ignores conditions that it does not understand.
 * - A journal entry is written once: each note carries a marker, and a repeat looks for it first.
 */
export class ServiceNowAdapter implements Adapter {
  /** Asynchronous business rules run as jobs, of which several run at once. */
  readonly traits: Traits = { hooksMayReorder: true };
  readonly compareVersions = compareVersions;
  readonly describe: (snapshot: Snapshot) => ExternalEvent = describeSnapshot;
  private readonly client: ServiceNowClient;
  private readonly directory: ServiceNowDirectory;
  private readonly drafts: ServiceNowDrafts;
  private readonly told = new Set<string>();

  constructor(
    http: HttpService,
    private readonly settings: ServiceNowSettings,
    private readonly context: AdapterContext,
  ) {
    this.client = new ServiceNowClient(http, settings);
    this.directory = new ServiceNowDirectory(this.client, settings.table, settings.closeCode);
    this.drafts = new ServiceNowDrafts(settings, this.directory);
  }

  async forwardEvent(event: OprEvent, { key, signal }: Delivery): Promise<Written> {
    const found = await this.find(key, signal);
    const draft = await this.drafts.ofEvent(event, key, signal);
    const values = await this.drafts.complete(draft, undefined, signal);
    if (found.oldest) return { ...this.adopted(found.oldest, values), ...found.told };
    const { table } = this.settings;
    const created = await this.client.create(table, this.withNotes(values, draft.notes), RECORD_FIELDS, signal);
    const { oldest, told } = await this.find(key, signal, created);
    const isOurs = !oldest || oldest['sys_id'] === created['sys_id'];
    return { ...(isOurs ? this.written(created) : this.adopted(oldest, values)), ...told };
  }

  async forwardChange(change: EventChange, forwarded: Forwarded, delivery: Delivery): Promise<Written> {
    const { ref } = forwarded;
    const { signal } = delivery;
    const draft = await this.drafts.ofChange(change, forwarded, delivery);
    for (const property of draft.ignored) this.tellOnce(`${property} has no field in ServiceNow and is not carried`);
    const repeated = delivery.attempt > 1;
    const current = repeated || draft.state ? await this.readRecord(ref.id, signal) : undefined;
    let values = await this.drafts.complete(draft, current, signal);
    let notes = draft.notes;
    if (repeated && current) {
      values = Object.fromEntries(Object.entries(values).filter(([field, value]) => current[field] !== value));
      notes = notes.length === 0 ? notes : await this.notYetIn(ref.id, notes, signal);
    }
    if (Object.keys(values).length === 0 && notes.length === 0)
      return this.written(current ?? (await this.readRecord(ref.id, signal)));
    return this.written(await this.update(ref.id, this.withNotes(values, notes), signal));
  }

  /** A new record tells nothing that its creation did not answer, and a copy that somebody made is not ours: both are passed over. */
  async receiveChange(hook: HookRequest): Promise<Seen[]> {
    const { operation, table, sysId, correlationId, row, journal } = parseHook(hook.body);
    if (table !== this.settings.table) throw new RejectedError(`hook: table: must be ${this.settings.table}`);
    if (operation === 'insert') return [];
    return [{ id: correlationId || sysId, snapshot: snapshotOf(row), annotations: this.annotations(journal) }];
  }

  async getExternalEvent({ ref }: Forwarded, { signal }: Delivery): Promise<Seen> {
    const row = await this.readRecord(ref.id, signal);
    const entries = await this.journal(ref.id, signal);
    if (entries.length === 0 && (await this.journalText(ref.id, signal)) !== '')
      this.tellOnce('the user may not read sys_journal_field, so annotations come with hooks only', 'warn');
    return { id: ref.id, snapshot: snapshotOf(row), annotations: this.annotations(entries) };
  }

  changes(before: Snapshot | undefined, after: Snapshot): PropertyChange[] {
    const { resolvedMeans, closeNotes } = this.settings;
    return changesBetween(before, after, { resolvedMeans, ownCloseNotes: [closeNotes] });
  }

  verifyHook(hook: HookRequest): void {
    verifySignature(hook, this.settings.hookSecret);
  }

  async ping(signal: AbortSignal): Promise<void> {
    await this.client.list(this.settings.table, [], ['sys_id'], { limit: 1 }, signal);
    if (this.settings.closeCode !== undefined) await this.directory.resolutionCode(signal);
  }

  /** The oldest record that carries the key, `created` being one of them. Extra ones of ours are resolved as duplicates. */
  private async find(
    key: string,
    signal: AbortSignal,
    created?: ServiceNowRow,
  ): Promise<{ oldest?: ServiceNowRow; told: Pick<Written, 'duplicates'> }> {
    const { table, correlationDisplay, user } = this.settings;
    const query = [condition('correlation_id', key), condition('correlation_display', correlationDisplay)];
    const order = ['ORDERBYsys_created_on', 'ORDERBYnumber'];
    const page = { limit: LOOK_UP_LIMIT };
    const rows = await this.client.list(table, [...query, ...order], RECORD_FIELDS, page, signal);
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
          ...(!isFinished(extra['state']) && {
            state: STATE.resolved,
            close_code: await this.directory.duplicateCode(signal),
            close_notes: `Duplicate of ${kept['number']}: created twice for the same event.`,
          }),
        },
        RECORD_FIELDS,
        signal,
      );
      this.context.log.warn(`resolved ${duplicate} as a duplicate of ${kept['number']}`);
      return true;
    } catch (error) {
      if (error instanceof TransientError || error instanceof OutcomeUnknownError || !(error instanceof DeliveryError))
        throw error;
      this.context.log.warn(`${duplicate} is a duplicate of ${kept['number']} and cannot be resolved`, {
        reason: error.message,
      });
      return false;
    }
  }

  private async update(id: string, values: Record<string, string>, signal: AbortSignal): Promise<ServiceNowRow> {
    try {
      return await this.client.update(this.settings.table, id, values, RECORD_FIELDS, signal);
    } catch (error) {
      // The instance may define other codes, users or groups by now.
      if (error instanceof RejectedError) this.directory.forget();
      throw error;
    }
  }

  private readRecord(id: string, signal: AbortSignal): Promise<ServiceNowRow> {
    return this.client.read(this.settings.table, id, RECORD_FIELDS, signal);
  }

  /** The entries of both journals, oldest first; of very long ones the newest thousand. */
  private async journal(id: string, signal: AbortSignal): Promise<ServiceNowRow[]> {
    const elements = ['element=work_notes', 'ORelement=comments'];
    const query = [condition('element_id', id), ...elements, 'ORDERBYDESCsys_created_on', 'ORDERBYDESCsys_id'];
    const entries = new Map<string, ServiceNowRow>();
    for (let page = 0; page < JOURNAL_PAGES; page += 1) {
      const at = { limit: JOURNAL_PAGE, offset: page * JOURNAL_PAGE };
      const rows = await this.client.list('sys_journal_field', query, JOURNAL_FIELDS, at, signal);
      for (const row of rows) {
        if (row['element_id'] === id && (row['element'] === 'work_notes' || row['element'] === 'comments'))
          entries.set(row['sys_id'] ?? '', row);
      }
      if (rows.length < JOURNAL_PAGE) break;
    }
    return [...entries.values()].reverse();
  }

  /** Both journals as one text: readable even where `sys_journal_field` is hidden, which looks like a record without notes. */
  private async journalText(id: string, signal: AbortSignal): Promise<string> {
    const row = await this.client.display(this.settings.table, id, ['work_notes', 'comments'], signal);
    return `${row['work_notes'] ?? ''}${row['comments'] ?? ''}`;
  }

  private async notYetIn(id: string, notes: readonly Note[], signal: AbortSignal): Promise<Note[]> {
    const entries = await this.journal(id, signal);
    const text =
      entries.length > 0 ? entries.map((entry) => entry['value'] ?? '').join('\n') : await this.journalText(id, signal);
    return notes.filter((note) => !holdsNote(text, note));
  }

  private annotations(entries: readonly ServiceNowRow[]): Seen['annotations'] {
    return entries.flatMap((entry) => annotationsOf(entry, (login) => sameLogin(login, this.settings.user)));
  }

  private withNotes(values: Record<string, string>, notes: readonly Note[]): Record<string, string> {
    return notes.length === 0 ? values : { ...values, [this.settings.journal]: journalEntry(notes) };
  }

  private written(row: ServiceNowRow): Written {
    const id = row['sys_id'] ?? '';
    const { url, table, linkTemplate } = this.settings;
    const names: Record<string, string> = {
      url: url.replace(/\/+$/, ''),
      table,
      sys_id: id,
      number: row['number'] ?? '',
    };
    const link = linkTemplate.replace(/\{(\w+)\}/g, (placeholder, name: string) => names[name] ?? placeholder);
    return { ref: { id, displayId: row['number'] || id, url: link }, snapshot: snapshotOf(row) };
  }

  private adopted(row: ServiceNowRow, values: Readonly<Record<string, string>>): Written {
    return { ...this.written(row), snapshot: snapshotAtCreation(values, row), found: true };
  }

  private tellOnce(message: string, level: 'info' | 'warn' = 'info'): void {
    if (this.told.has(message)) return;
    this.told.add(message);
    this.context.log[level](message);
  }
}

const sameLogin = (a: string | undefined, b: string): boolean => a?.toLowerCase() === b.toLowerCase();

/** `sys_created_on` knows seconds only; numbers are given out in order. */
function byAge(a: ServiceNowRow, b: ServiceNowRow): number {
  const keys = (row: ServiceNowRow) => [row['sys_created_on'] ?? '', row['number'] ?? '', row['sys_id'] ?? ''];
  const [left, right] = [keys(a), keys(b)];
  return left.reduce((order, key, index) => order || compareTexts(key, right[index] ?? ''), 0);
}

const compareTexts = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

@EventAdapter({ key: 'servicenow', settings: ServiceNowSettings })
export class ServiceNowAdapterFactory implements AdapterFactory<ServiceNowSettings> {
  constructor(private readonly http: HttpService) {}

  connect(settings: ServiceNowSettings, context: AdapterContext): ServiceNowAdapter {
    return new ServiceNowAdapter(this.http, settings, context);
  }
}
