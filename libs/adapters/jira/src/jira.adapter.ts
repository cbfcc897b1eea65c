import {
  answerAfter,
  EventAdapter,
  GoneError,
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
  type ExternalRef,
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
import type { EventChange, LifecycleState, OprEvent, PropertyChange } from '@opr-connect/opr';
import { JiraCauses } from './jira.causes';
import { JiraClient, type JiraIssue } from './jira.client';
import { JiraDirectory } from './jira.directory';
import { JiraDrafts, type Draft } from './jira.drafts';
import { parseHook, verifySignature } from './jira.hook';
import { at, listAt, numberAt, textAt } from './jira.json';
import { JiraLookUp } from './jira.look-up';
import {
  answerAfterMove,
  changesBetween,
  compareVersions,
  describeSnapshot,
  JIRA,
  snapshotAtCreation,
  snapshotOf,
} from './jira.mapping';
import { annotationsOf, commentsFor, noteId, notYetIn, type Note } from './jira.notes';
import { pollIssues } from './jira.poll';
import { JiraSettings } from './jira.settings';
import { written } from './jira.text';
import { JiraTransitions } from './jira.transitions';
import { JiraWriter } from './jira.writer';

/**
 * Events as issues of a Jira project, on Cloud or Data Center. What holds:
 *
 * - One live issue for each correlation key: look, create with label and property in one call, look again; the oldest wins, and an
 *   extra one that we created is closed and loses the key. Jira has no unique key to offer, so there can be two for a moment.
 * - An issue is known by its number: its key changes when it is moved to another project.
 * - A hook says only which issue to read: what it carries differs from Cloud to Server and from event to event.
 * - A comment is written once: each note carries a marker, which is looked for first.
 */
export class JiraAdapter implements Adapter {
  /** Cloud sends hooks again after minutes, and in no order. */
  readonly traits: Traits = { hooksMayReorder: true };
  readonly compareVersions = compareVersions;
  readonly describe: (snapshot: Snapshot) => ExternalEvent = describeSnapshot;
  readonly mapping: Mapping;
  private readonly client: JiraClient;
  private readonly directory: JiraDirectory;
  private readonly drafts: JiraDrafts;
  private readonly transitions: JiraTransitions;
  private readonly lookUp: JiraLookUp;
  private readonly causes: JiraCauses;
  private readonly writer: JiraWriter;
  /** What is so of every issue. */
  private readonly log: AdapterLog;

  constructor(
    private readonly settings: JiraSettings,
    private readonly context: AdapterContext,
  ) {
    this.log = onceLog(context.log);
    this.mapping = new Mapping(JIRA, settings.mapping);
    this.client = new JiraClient({ ...settings, apiUrl: settings.apiUrl ?? settings.url });
    this.directory = new JiraDirectory(this.client, settings, this.mapping);
    this.drafts = new JiraDrafts(this.directory, this.mapping, settings.causeLinkType !== '');
    this.transitions = new JiraTransitions(this.client, this.mapping, settings.resolution);
    this.lookUp = new JiraLookUp(this.client, this.directory, this.transitions, settings.label, context.log);
    this.writer = new JiraWriter(this.client, this.directory, this.lookUp, settings.project, this.log);
    this.causes = new JiraCauses(this.client, this.directory, this.lookUp, settings.label);
  }

  async forwardEvent(event: OprEvent, { key, cause, signal }: Delivery): Promise<Written> {
    const found = await this.lookUp.find(key, signal);
    const draft = await this.drafts.ofEvent(event, key, await this.client.flavour(signal), signal);
    this.tellIgnored(draft);
    const { issue, told } = found.oldest
      ? { issue: found.oldest, told: found.told }
      : await this.create(draft, key, signal);
    await this.link(issue.id, event, signal);
    if (cause && this.settings.causeLinkType !== '') await this.tie(issue.id, key, cause, signal);
    await this.addNotes(issue.id, draft.notes, signal);
    // People may have moved one that was found.
    const isUntouched = textAt(issue.fields, 'status', 'statusCategory', 'key') === 'new';
    const isStuck = draft.state && isUntouched && !(await this.move(issue, draft.state, key, signal));
    const now = await this.lookUp.read(issue.id, signal);
    // Where it could not go it was not put by anybody.
    const made = { reads: draft.reads, ...(!isStuck && { state: draft.state }) };
    const snapshot = snapshotAtCreation(made, snapshotOf(now), this.mapping);
    const isAsMade = snapshot.version !== '0';
    return { ref: this.ref(now), snapshot, ...((found.oldest || !isAsMade) && { found: true }), ...told };
  }

  async forwardChange(change: EventChange, forwarded: Forwarded, { key, cause, signal }: Delivery): Promise<Written> {
    const { id } = forwarded.ref;
    const draft = await this.drafts.ofChange(change, forwarded, key, await this.client.flavour(signal), signal);
    this.tellIgnored(draft);
    if (Object.keys(draft.fields).length > 0) await this.writer.edit(id, draft.fields, signal);
    const { state } = draft;
    const isThere = state && (await this.move(await this.lookUp.read(id, signal), state, forwarded.key, signal));
    await this.addNotes(id, draft.notes, signal);
    if (draft.hasNewCause) await this.tie(id, forwarded.key, cause, signal);
    const before = forwarded.snapshot?.fields ?? {};
    const issue = await this.writer.made(await this.lookUp.read(id, signal), draft, before, signal);
    const answer = answerAfter(draft.reads, before, snapshotOf(issue));
    return { ref: this.ref(issue), ...(isThere ? answerAfterMove(answer, state, this.mapping) : answer) };
  }

  /** What we did ourselves was answered when we did it, and a copy that somebody made is not ours: both are passed over. */
  async receiveChange({ body }: HookRequest, signal: AbortSignal): Promise<Seen[]> {
    const hook = parseHook(body);
    if (!hook) return [];
    const me = await this.directory.me(signal);
    const isOurs = hook.actors.some((actor) => me.includes(actor));
    if (hook.kind === 'created') {
      // The answer of the call that made it may have been lost, and the search may not know it yet.
      const key = this.lookUp.keyIn(hook.labels ?? []);
      if (isOurs && key !== undefined) this.lookUp.remember(key, hook.issueId);
      return [];
    }
    if (isOurs && hook.kind === 'changed') return [];
    try {
      const issue = await this.lookUp.read(hook.issueId, signal);
      return [await this.seen(issue, this.lookUp.keyOf(issue) ?? issue.id, signal)];
    } catch (error) {
      if (!(error instanceof GoneError)) throw error;
      const gone = 'the issue was deleted in Jira';
      return hook.kind === 'deleted' ? [{ id: hook.issueId, gone, annotations: [] }] : [];
    }
  }

  async pollChanges(cursor: Cursor | undefined, signal: AbortSignal): Promise<Polled> {
    const { label, pollOverlapMinutes: overlapMinutes } = this.settings;
    const polled = await pollIssues(this.client, { label, overlapMinutes }, cursor, signal);
    const seen: Seen[] = [];
    for (const issue of polled.issues) seen.push(await this.seen(issue, issue.id, signal));
    return { seen, cursor: polled.cursor, more: polled.more };
  }

  async getExternalEvent({ ref }: Forwarded, { signal }: Delivery): Promise<Seen> {
    return this.seen(await this.lookUp.read(ref.id, signal), ref.id, signal);
  }

  changes(before: Snapshot | undefined, after: Snapshot): PropertyChange[] {
    return changesBetween(before, after, this.mapping);
  }

  /** The fields of the issue as this site takes them, the comments, and the status or its category that the issue is moved to. */
  async preview({ event, change }: Preview, delivery: Delivery): Promise<Json> {
    const { key, signal } = delivery;
    const flavour = await this.client.flavour(signal);
    const forwarded: Forwarded = { event, ref: { id: key }, state: 'forwarded', key };
    const { fields, notes, state } = change
      ? await this.drafts.ofChange(change, forwarded, key, flavour, signal)
      : await this.drafts.ofEvent(event, key, flavour, signal);
    const comments = commentsFor(notes, flavour).map((text) => written(text, flavour));
    return { fields, comments, ...(state && { status: this.mapping.state?.toTool(state) ?? state }) };
  }

  verifyHook(hook: HookRequest): void {
    verifySignature(hook, this.settings.hookSecret);
  }

  async ping(signal: AbortSignal): Promise<void> {
    this.directory.forget();
    await this.directory.me(signal);
    await this.directory.createScreen(signal);
    if (this.settings.causeLinkType !== '') await this.directory.causeLinkType(signal);
  }

  private async create(
    draft: Draft,
    key: string,
    signal: AbortSignal,
  ): Promise<{ issue: JiraIssue; told: Pick<Written, 'duplicates'> }> {
    const created = await this.writer.create(draft, key, signal);
    const { oldest = created, told } = await this.lookUp.find(key, signal);
    return { issue: oldest, told };
  }

  /** Whether it got there. Where no way leads there, that is said once in the issue; trying again would not help. */
  private async move(issue: JiraIssue, state: LifecycleState, key: string, signal: AbortSignal): Promise<boolean> {
    const moved = await this.transitions.move(issue, state, signal);
    if (typeof moved === 'string') return true;
    const status = textAt(issue.fields, 'status', 'name') ?? '';
    this.context.log.warn(`${issue.key} cannot follow its event to ${state}`, { reason: moved.stuck });
    const text = `The event is ${state.replace('_', ' ')}, but this issue cannot follow: ${moved.stuck}.`;
    await this.addNotes(issue.id, [{ id: noteId(key, 'stuck', status, state), text, remark: true }], signal);
    return false;
  }

  /** Comments are looked through first: a wait that concerns the whole server repeats a delivery as its first attempt. */
  private async addNotes(id: string, notes: readonly Note[], signal: AbortSignal): Promise<void> {
    if (notes.length === 0) return;
    const missing = notYetIn(await this.client.comments(id, signal), notes);
    const flavour = await this.client.flavour(signal);
    const { commentRole } = this.settings;
    for (const text of commentsFor(missing, flavour)) {
      const body: Json = {
        body: written(text, flavour),
        ...(commentRole !== undefined && { visibility: { type: 'role', value: commentRole } }),
      };
      await this.client.send('POST', ['issue', id, 'comment'], body, signal);
    }
  }

  /** The event's page, as a link of the issue. `globalId` makes a repeat replace it. */
  private async link(id: string, event: OprEvent, signal: AbortSignal): Promise<void> {
    const url = event.drilldownUrl;
    if (!url || !URL.canParse(url)) return;
    const link = {
      ...{ globalId: `${this.settings.label}=${this.context.hubId}&event=${event.id ?? ''}`.slice(0, 255) },
      ...{ application: { type: 'net.opr-connect', name: 'OPR Connect' }, relationship: 'event' },
      object: { url, title: `Event ${event.id ?? ''}`.trim() },
    };
    try {
      await this.client.send('POST', ['issue', id, 'remotelink'], link, signal);
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error;
      this.log.warn('the user may not link issues, so they have no link to the event', { reason: error.message });
    }
  }

  private async tie(id: string, key: string, cause: ExternalRef | undefined, signal: AbortSignal): Promise<void> {
    try {
      await this.causes.tie(id, key, cause, signal);
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error;
      this.log.warn('issues are not linked to those of their causes', { reason: error.message });
    }
  }

  private async seen(issue: JiraIssue, id: string, signal: AbortSignal): Promise<Seen> {
    const within = listAt(issue.fields, 'comment', 'comments');
    // An issue carries the first page of its comments only.
    const isComplete = within.length >= (numberAt(issue.fields, 'comment', 'total') ?? Infinity);
    const comments = isComplete ? within : await this.client.comments(issue.id, signal);
    const me = await this.directory.me(signal);
    const isUs = (author: unknown) =>
      ['accountId', 'name', 'key'].some((name) => me.includes(textAt(at(author), name) ?? ''));
    const annotations = comments.flatMap((each) => annotationsOf(each, isUs));
    return { id, snapshot: snapshotOf(issue), annotations: this.mapping.comesBack('annotation') ? annotations : [] };
  }

  private ref({ id, key }: JiraIssue): Written['ref'] {
    return { id, displayId: key, url: `${this.settings.url.replace(/\/+$/, '')}/browse/${encodeURIComponent(key)}` };
  }

  private tellIgnored(draft: Draft): void {
    for (const property of draft.ignored) this.log.info(`${property} has no field in Jira and is not carried`);
  }
}

@EventAdapter({ key: 'jira', settings: JiraSettings })
export class JiraAdapterFactory implements AdapterFactory<JiraSettings> {
  connect(settings: JiraSettings, context: AdapterContext): JiraAdapter {
    return new JiraAdapter(settings, context);
  }
}
