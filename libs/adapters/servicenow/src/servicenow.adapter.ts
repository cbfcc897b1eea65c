import {
  answerAfter,
  EventAdapter,
  Mapping,
  onceLog,
  RejectedError,
  type Adapter,
  type AdapterContext,
  type AdapterFactory,
  type AdapterLog,
  type Cursor,
  type Delivery,
  type ExternalEvent,
  type Forwarded,
  type HookRequest,
  type Json,
  type Polled,
  type Preview,
  type Seen,
  type Snapshot,
  type Traits,
  type Written,
} from '@opr-connect/adapter-kit';
import type { EventChange, OprEvent, PropertyChange } from '@opr-connect/opr';
import { checkSettings } from './servicenow.check';
import { ServiceNowClient, type ServiceNowRow } from './servicenow.client';
import { ServiceNowCreation, type Made } from './servicenow.creation';
import { ServiceNowDirectory } from './servicenow.directory';
import { ServiceNowDrafts } from './servicenow.drafts';
import { SERVICENOW } from './servicenow.facts';
import { parseHook, verifySignature } from './servicenow.hook';
import { ServiceNowJournal } from './servicenow.journal';
import { sameLogin, ServiceNowLookUp } from './servicenow.look-up';
import { changesBetween, describeSnapshot } from './servicenow.mapping';
import { Names } from './servicenow.names';
import { annotationsOf, holdsNote, journalEntry, noteId, type Note } from './servicenow.notes';
import { pollRows } from './servicenow.poll';
import {
  compareVersions,
  mustBeMadeAnew,
  recordFields,
  snapshotAtCreation,
  snapshotOf,
  type RecordRules,
} from './servicenow.record';
import { ServiceNowReferences } from './servicenow.references';
import { ServiceNowSettings } from './servicenow.settings';
import { ServiceNowWriter } from './servicenow.writer';

/**
 * Events as records of a ServiceNow table, `incident` unless told. What holds:
 *
 * - One live record for each correlation key: look, create, look again; the oldest wins, and an extra one that we created is
 *   resolved as duplicate and loses the key. `correlation_id` is not unique in ServiceNow, so for a moment there can be two, unless
 *   a transform map makes the records.
 * - A row counts as found only if it carries the key itself: ServiceNow ignores conditions that it does not understand.
 * - A closed record is not reopened: its event goes on in a new one.
 * - A journal entry is written once: each note carries a marker, and a repeat looks for it first.
 */
export class ServiceNowAdapter implements Adapter {
  /** Asynchronous business rules run as jobs, of which several run at once. */
  readonly traits: Traits = { hooksMayReorder: true };
  readonly compareVersions = compareVersions;
  readonly mapping: Mapping;
  private readonly rules: RecordRules;
  private readonly client: ServiceNowClient;
  private readonly directory: ServiceNowDirectory;
  private readonly references: ServiceNowReferences;
  private readonly drafts: ServiceNowDrafts;
  private readonly lookUp: ServiceNowLookUp;
  private readonly creation: ServiceNowCreation;
  private readonly journal: ServiceNowJournal;
  private readonly writer: ServiceNowWriter;
  /** What is so of every record. */
  private readonly log: AdapterLog;

  constructor(
    private readonly settings: ServiceNowSettings,
    context: AdapterContext,
  ) {
    this.log = onceLog(context.log);
    this.client = new ServiceNowClient(settings);
    const { closeCodeField, closeNotesField, closeNotes, closedStates, descriptionLimit } = settings;
    this.mapping = new Mapping({ ...SERVICENOW, description: { limit: descriptionLimit } }, settings.mapping);
    this.rules = {
      ...{ mapping: this.mapping, users: new Names(settings.users), groups: new Names(settings.groups) },
      ...{ closeCodeField, closeNotesField, closeNotes, closedStates },
    };
    this.directory = new ServiceNowDirectory(this.client, settings);
    this.references = new ServiceNowReferences(settings, this.rules, this.directory);
    this.drafts = new ServiceNowDrafts(settings, this.rules, this.directory, this.references);
    this.lookUp = new ServiceNowLookUp(this.client, this.directory, settings, this.rules, context.log);
    this.writer = new ServiceNowWriter(this.client, this.directory, settings.table, this.rules, this.log);
    this.creation = new ServiceNowCreation(this.client, this.writer, this.lookUp, settings.importTable);
    this.journal = new ServiceNowJournal(this.client, settings.table);
  }

  async forwardEvent(event: OprEvent, delivery: Delivery): Promise<Written> {
    const { key, signal } = delivery;
    const found = await this.lookUp.find(key, signal);
    const draft = await this.drafts.ofEvent(event, delivery);
    const values = await this.drafts.complete(draft, undefined, signal);
    const { oldest: row, told } = found;
    const made = row
      ? { row, isNew: false, told }
      : await this.creation.make(this.withNotes(values, draft.notes), key, signal);
    return this.writtenAs(made, values);
  }

  async forwardChange(change: EventChange, forwarded: Forwarded, delivery: Delivery): Promise<Written> {
    const { ref } = forwarded;
    const { signal } = delivery;
    const draft = await this.drafts.ofChange(change, forwarded, delivery);
    for (const property of draft.ignored) this.log.info(`${property} has no field in ServiceNow and is not carried`);
    const repeated = delivery.attempt > 1;
    const current = repeated || draft.state ? await this.lookUp.read(ref.id, signal) : undefined;
    if (current && mustBeMadeAnew(draft.state, current['state'], this.rules))
      return this.makeAnew(current, forwarded, draft.notes, delivery);
    let values = await this.drafts.complete(draft, current, signal);
    let notes = draft.notes;
    if (repeated && current) {
      values = Object.fromEntries(Object.entries(values).filter(([field, value]) => current[field] !== value));
      notes = notes.length === 0 ? notes : await this.notYetIn(ref.id, notes, signal);
    }
    if (Object.keys(values).length === 0 && notes.length === 0)
      return this.written(current ?? (await this.lookUp.read(ref.id, signal)));
    const before = current ?? forwarded.snapshot?.fields ?? {};
    const row = await this.writer.update(ref.id, this.withNotes(values, notes), before, signal);
    return { ...this.written(row), ...answerAfter(values, before, snapshotOf(row, this.rules)) };
  }

  /** A new record tells nothing that its creation did not answer, and a copy that somebody made is not ours: both are passed over. */
  async receiveChange(hook: HookRequest): Promise<Seen[]> {
    const { operation, table, sysId, correlationId, row, journal } = parseHook(hook.body);
    if (table !== this.settings.table) throw new RejectedError(`hook: table: must be ${this.settings.table}`);
    if (operation === 'insert') return [];
    return [
      { id: correlationId || sysId, snapshot: snapshotOf(row, this.rules), annotations: this.annotations(journal) },
    ];
  }

  async pollChanges(cursor: Cursor | undefined, signal: AbortSignal): Promise<Polled> {
    const polled = await pollRows(this.client, this.settings, recordFields(this.rules), cursor, signal);
    const ids = polled.rows.map((row) => row['sys_id'] ?? '');
    const entries = await this.journal.entries(ids, signal, polled.since);
    const seen = polled.rows.map((row) => ({
      id: row['sys_id'] ?? '',
      snapshot: snapshotOf(row, this.rules),
      annotations: this.annotations(entries.filter((entry) => entry['element_id'] === row['sys_id'])),
    }));
    return { seen, cursor: polled.cursor, more: polled.more };
  }

  async getExternalEvent({ ref }: Forwarded, { signal }: Delivery): Promise<Seen> {
    const row = await this.lookUp.read(ref.id, signal);
    const entries = await this.journal.entries([ref.id], signal);
    if (entries.length === 0 && (await this.journal.text(ref.id, signal)) !== '')
      this.log.warn('the user may not read sys_journal_field, so annotations come with hooks only');
    return { id: ref.id, snapshot: snapshotOf(row, this.rules), annotations: this.annotations(entries) };
  }

  changes(before: Snapshot | undefined, after: Snapshot): PropertyChange[] {
    return changesBetween(before, after, this.rules);
  }

  describe(snapshot: Snapshot): ExternalEvent {
    return describeSnapshot(snapshot, this.rules);
  }

  /** The values of the record, with names looked up in the instance; of a change, those for a record that is as it was made. */
  async preview({ event, change }: Preview, delivery: Delivery): Promise<Json> {
    const { key, signal } = delivery;
    const draft = change
      ? await this.drafts.ofChange(change, { event, ref: { id: key }, state: 'forwarded', key }, delivery)
      : await this.drafts.ofEvent(event, delivery);
    return this.withNotes(await this.drafts.complete(draft, undefined, signal), draft.notes);
  }

  verifyHook(hook: HookRequest): void {
    verifySignature(hook, this.settings.hookSecret);
  }

  async ping(signal: AbortSignal): Promise<void> {
    await this.client.list(this.settings.table, [], ['sys_id'], { limit: 1 }, signal);
    this.directory.forget();
    await checkSettings(this.settings, this.rules, this.directory, this.references, signal);
  }

  /**
   * ServiceNow reopens no closed record, so the event goes on in a new one that names the closed one as its parent. It carries the
   * same key, and a live record wins over a closed one, so a repeat finds it. No import set: its key belongs to the closed record.
   */
  private async makeAnew(
    closed: ServiceNowRow,
    { event, key }: Forwarded,
    notes: readonly Note[],
    delivery: Delivery,
  ): Promise<Written> {
    const { signal } = delivery;
    const { oldest, told } = await this.lookUp.find(key, signal);
    if (oldest && oldest['sys_id'] !== closed['sys_id']) return { ...this.written(oldest), ...told };
    const draft = await this.drafts.ofEvent(event, { ...delivery, key });
    const values = await this.drafts.complete(draft, undefined, signal);
    const [number, parent] = [closed['number'] ?? '', closed['sys_id'] ?? ''];
    const text = `Reopened from ${number}, which is closed.`;
    const all = new Map([...draft.notes, ...notes].map((note) => [note.id, note]));
    const first: Note = { id: noteId(key, 'reopened', number), text, remark: true };
    const anew = this.withNotes({ ...values, parent }, [first, ...all.values()]);
    return this.writtenAs(await this.creation.create(anew, key, signal), values);
  }

  private async notYetIn(id: string, notes: readonly Note[], signal: AbortSignal): Promise<Note[]> {
    const entries = await this.journal.entries([id], signal);
    const text =
      entries.length > 0
        ? entries.map((entry) => entry['value'] ?? '').join('\n')
        : await this.journal.text(id, signal);
    return notes.filter((note) => !holdsNote(text, note));
  }

  private annotations(entries: readonly ServiceNowRow[]): Seen['annotations'] {
    if (!this.mapping.comesBack('annotation')) return [];
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
    return { ref: { id, displayId: row['number'] || id, url: link }, snapshot: snapshotOf(row, this.rules) };
  }

  /** One that was there already counts as if it had just been made, so that the read that follows tells what people did to it. */
  private writtenAs({ row, isNew, told }: Made, values: Readonly<Record<string, string>>): Written {
    const written = { ...this.written(row), ...told };
    return isNew ? written : { ...written, snapshot: snapshotAtCreation(values, row, this.rules), found: true };
  }
}

@EventAdapter({ key: 'servicenow', settings: ServiceNowSettings })
export class ServiceNowAdapterFactory implements AdapterFactory<ServiceNowSettings> {
  connect(settings: ServiceNowSettings, context: AdapterContext): ServiceNowAdapter {
    return new ServiceNowAdapter(settings, context);
  }
}
