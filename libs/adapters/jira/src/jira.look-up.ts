import {
  DeliveryError,
  GoneError,
  OutcomeUnknownError,
  TransientError,
  type AdapterLog,
  type Json,
  type Written,
} from '@opr-connect/adapter-kit';
import type { JiraClient, JiraIssue } from './jira.client';
import type { JiraDirectory } from './jira.directory';
import { at, listAt, textAt } from './jira.json';
import { ISSUE_FIELDS } from './jira.mapping';
import type { JiraTransitions } from './jira.transitions';

const LOOK_UP_LIMIT = 50;
const MAX_RECENT = 10_000;

/**
 * Finds the issues that carry a correlation key: label *and* entity property. Labels can be searched and properties cannot; a clone
 * of an issue has its labels and not its properties. The search of Cloud lags behind, so ids that we know of are looked at too.
 */
export class JiraLookUp {
  /** Ids of issues by the key that they were made with, as far as this process knows. */
  private readonly recent = new Map<string, string[]>();

  constructor(
    private readonly client: JiraClient,
    private readonly directory: JiraDirectory,
    private readonly transitions: JiraTransitions,
    private readonly label: string,
    private readonly log: AdapterLog,
  ) {}

  /** The labels of an issue that carries this key. */
  labels(key: string): string[] {
    return [this.label, this.labelOf(key)];
  }

  /** Its entity properties. `cause`: the id of the issue that we tied it to as to its cause. */
  properties(key: string, cause?: string): { [name: string]: Json } {
    return { [this.label]: { key, ...(cause !== undefined && { cause }) } };
  }

  /** An issue was made for this key. */
  remember(key: string, id: string): void {
    const ids = this.recent.get(key) ?? [];
    if (ids.includes(id)) return;
    if (this.recent.size >= MAX_RECENT) this.recent.clear();
    this.recent.set(key, [...ids, id]);
  }

  /** The key in the labels of an issue. */
  keyIn(labels: readonly string[]): string | undefined {
    const prefix = `${this.label}-`;
    return labels.find((label) => label.startsWith(prefix))?.slice(prefix.length);
  }

  /** The key that an issue really carries. */
  keyOf(issue: JiraIssue): string | undefined {
    const key = textAt(issue.properties, this.label, 'key');
    return key !== undefined && listAt(issue.fields, 'labels').includes(this.labelOf(key)) ? key : undefined;
  }

  read(id: string, signal: AbortSignal): Promise<JiraIssue> {
    return this.client.read(id, ISSUE_FIELDS, this.label, signal);
  }

  /** The oldest issue that carries the key. Extra ones of ours are closed as duplicates, and told. */
  async find(key: string, signal: AbortSignal): Promise<{ oldest?: JiraIssue; told: Pick<Written, 'duplicates'> }> {
    const known = this.recent.get(key) ?? [];
    const jql = `labels = "${this.labelOf(key)}" ORDER BY created ASC`;
    const page = { size: LOOK_UP_LIMIT, reconcile: known };
    const { issues } = await this.client.search(jql, ['labels'], page, signal);
    const ours: JiraIssue[] = [];
    for (const id of new Set([...known, ...issues.map((issue) => issue.id)])) {
      const issue = await this.readIfThere(id, signal);
      if (issue && this.keyOf(issue) === key) ours.push(issue);
    }
    const [oldest, ...extras] = ours.sort(byAge);
    const closed: string[] = [];
    for (const extra of extras) {
      if (oldest && (await this.isOurs(extra, signal)) && (await this.retire(extra, oldest, key, signal)))
        closed.push(extra.key);
    }
    return { oldest, told: closed.length > 0 ? { duplicates: closed } : {} };
  }

  /**
   * Everybody who sees two issues does this, not only who created the second: its creator may have died. The key is taken away last,
   * so that whoever dies in between is followed by another, and after that nothing the duplicate does is taken for the event's.
   * False: somebody else closed it, or nobody can.
   */
  private async retire(extra: JiraIssue, kept: JiraIssue, key: string, signal: AbortSignal): Promise<boolean> {
    try {
      const moved = await this.transitions.move(extra, 'closed', signal, true);
      const labels: Json = [{ remove: this.labelOf(key) }, { remove: this.label }, { add: `${this.label}-duplicate` }];
      await this.client.send('PUT', ['issue', extra.id], { update: { labels } }, signal);
      await this.client.send('DELETE', ['issue', extra.id, 'properties', this.label], undefined, signal);
      const outcome =
        typeof moved === 'object' ? `cannot close ${extra.key} (${moved.stuck}), which is` : `closed ${extra.key} as`;
      this.log.warn(`${outcome} a duplicate of ${kept.key}`);
      return typeof moved !== 'object';
    } catch (error) {
      // Somebody else saw the two and was faster.
      if (error instanceof GoneError) return false;
      if (error instanceof TransientError || error instanceof OutcomeUnknownError || !(error instanceof DeliveryError))
        throw error;
      this.log.warn(`${extra.key} is a duplicate of ${kept.key} and cannot be closed`, { reason: error.message });
      return false;
    }
  }

  private async isOurs(issue: JiraIssue, signal: AbortSignal): Promise<boolean> {
    const me = await this.directory.me(signal);
    const creator = at(issue.fields, 'creator');
    return ['accountId', 'name', 'key'].some((name) => me.includes(textAt(creator, name) ?? ''));
  }

  private async readIfThere(id: string, signal: AbortSignal): Promise<JiraIssue | undefined> {
    try {
      return await this.read(id, signal);
    } catch (error) {
      if (error instanceof GoneError) return undefined;
      throw error;
    }
  }

  private labelOf(key: string): string {
    return `${this.label}-${key}`;
  }
}

/** Several nodes of Data Center give out ids from blocks of their own, so the time comes first. */
function byAge(a: JiraIssue, b: JiraIssue): number {
  const created = (issue: JiraIssue) => Date.parse((textAt(issue.fields, 'created') ?? '').replace(/(\d\d)$/, ':$1'));
  return created(a) - created(b) || Number(a.id) - Number(b.id);
}
