import { droppedFrom, RejectedError, type AdapterLog, type Json, type Snapshot } from '@opr-connect/adapter-kit';
import type { JiraClient, JiraIssue } from './jira.client';
import type { JiraDirectory } from './jira.directory';
import type { Draft } from './jira.drafts';
import type { JiraLookUp } from './jira.look-up';
import { snapshotOf, type WrittenFields } from './jira.mapping';

/** What a new issue holds of itself, where that is the same for all. */
const UNTOUCHED: WrittenFields = { description: '', priority: '', assignee: '' };

/** Writes issues. What Jira, or an app in it, passed over without a word is written once more, and then told. */
export class JiraWriter {
  constructor(
    private readonly client: JiraClient,
    private readonly directory: JiraDirectory,
    private readonly lookUp: JiraLookUp,
    private readonly project: string,
    private readonly log: AdapterLog,
  ) {}

  /** A new issue with the marks by which it is found. */
  async create(draft: Draft, key: string, signal: AbortSignal): Promise<JiraIssue> {
    const { typeId } = await this.directory.createScreen(signal);
    const labels = this.lookUp.labels(key);
    const fields = { ...draft.fields, project: { key: this.project }, issuetype: { id: typeId }, labels };
    const id = await this.refreshing(() => this.client.create(fields, this.lookUp.properties(key), signal));
    this.lookUp.remember(key, id);
    const created = await this.lookUp.read(id, signal);
    if (this.lookUp.keyOf(created) !== key) await this.mark(id, key, signal);
    return this.made(created, draft, UNTOUCHED, signal);
  }

  async edit(id: string, fields: { [name: string]: Json }, signal: AbortSignal): Promise<void> {
    await this.refreshing(() => this.client.send('PUT', ['issue', id], { fields }, signal));
  }

  /**
   * The issue as it is once all of a draft is in it. Who sets a field back to what it held, between the write and the read of
   * `issue`, is taken for Jira.
   *
   * @param before what the issue held, as far as that is known
   */
  async made(
    issue: JiraIssue,
    { fields, reads }: Draft,
    before: Snapshot['fields'] | WrittenFields,
    signal: AbortSignal,
  ): Promise<JiraIssue> {
    const missing = (now: JiraIssue) => Object.keys(droppedFrom(reads, before, snapshotOf(now).fields));
    const dropped = missing(issue);
    if (dropped.length === 0) return issue;
    const again = await this.editAgain(
      issue.id,
      Object.fromEntries(dropped.map((field) => [field, fields[field] ?? null])),
      signal,
    );
    for (const field of missing(again))
      this.log.warn(`${field}: Jira, or an app in it, does not keep what is written: issues differ from their events`);
    return again;
  }

  private async editAgain(id: string, fields: { [name: string]: Json }, signal: AbortSignal): Promise<JiraIssue> {
    try {
      await this.edit(id, fields, signal);
    } catch (error) {
      // The issue is there, and everything else in it.
      if (!(error instanceof RejectedError)) throw error;
    }
    return this.lookUp.read(id, signal);
  }

  /** The issue lost what it is found by. */
  private async mark(id: string, key: string, signal: AbortSignal): Promise<void> {
    const labels = this.lookUp.labels(key).map((label) => ({ add: label }));
    await this.client.send('PUT', ['issue', id], { update: { labels } }, signal);
    for (const [name, value] of Object.entries(this.lookUp.properties(key)))
      await this.client.send('PUT', ['issue', id, 'properties', name], value, signal);
  }

  /** The site may have other choices, users or screens by now. */
  private async refreshing<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof RejectedError) this.directory.forget();
      throw error;
    }
  }
}
