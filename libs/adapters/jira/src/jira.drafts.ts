import type { Forwarded, Json, Mapping } from '@opr-connect/adapter-kit';
import type { AnnotationPropertyChange, EventChange, LifecycleState, OprEvent } from '@opr-connect/opr';
import type { JiraDirectory } from './jira.directory';
import { eventDescription, fullDescription, isCut, repeatsTitle, valueIn, type WrittenFields } from './jira.mapping';
import { noteId, type Note } from './jira.notes';
import { readBack, summary, written, type Flavour } from './jira.text';

/** What is to be written to an issue. Its state is moved, not written. */
export interface Draft {
  fields: { [name: string]: Json };
  /** How that reads back. */
  reads: WrittenFields;
  notes: Note[];
  state?: LifecycleState;
  /** The event has another cause, or none any more. */
  hasNewCause?: boolean;
  /** Properties that an issue has no field for. */
  ignored: string[];
}

const NOBODY = /^-|^00000000-0000-0000-ffff-ffffffffffff$/;

/** From an event, or a change of one, to what is written to its issue. */
export class JiraDrafts {
  constructor(
    private readonly directory: JiraDirectory,
    private readonly mapping: Mapping,
    private readonly tiesCauses: boolean,
  ) {}

  /** A new issue but for its home and its labels. */
  async ofEvent(event: OprEvent, key: string, flavour: Flavour, signal: AbortSignal): Promise<Draft> {
    const { fields: screen } = await this.directory.createScreen(signal);
    const goes = (property: Parameters<Mapping['goesInForward']>[0]) => this.mapping.goesInForward(property);
    const whole = goes('title') ? await this.mapping.wholeTitle(event, signal) : `Event ${event.id ?? ''}`;
    const text = goes('description') ? await this.mapping.wholeDescription(event, signal) : '';
    const description = fullDescription({ title: whole, description: text });
    const state = (goes('state') && event.state) || 'open';
    const reads: WrittenFields = { summary: summary(whole) };
    const further = { ...this.mapping.customAttributes(event), ...(await this.mapping.fields(event, signal)) };
    const draft: Draft = {
      fields: { summary: summary(whole), ...(await this.directory.asChoices(further, signal)) },
      ...{ reads, notes: [], state, ignored: [] },
    };
    if (screen.has('description')) {
      draft.fields['description'] = written(description, flavour);
      reads.description = readBack(description, flavour);
    }
    const priority = goes('severity') && (await this.directory.priority(event.severity ?? 'unknown', signal));
    if (priority) {
      draft.fields['priority'] = { id: priority.id };
      reads.priority = priority.name;
    }
    for (const [index, { id, author, text: said = '' }] of (event.annotationList?.annotation ?? []).entries())
      if (goes('annotation')) draft.notes.push({ id: noteId(key, id ?? String(index)), text: said, author });
    if (event.solution && goes('solution')) draft.notes.push(solutionOf(event.solution, key));
    const { assignedUser: user } = event;
    if (user?.loginName && !NOBODY.test(user.id ?? '') && goes('assigned_user'))
      await this.assign(draft, user.loginName, key, signal);
    return draft;
  }

  /** All property changes of one change. */
  async ofChange(
    change: EventChange,
    forwarded: Forwarded,
    changeKey: string,
    flavour: Flavour,
    signal: AbortSignal,
  ): Promise<Draft> {
    const draft: Draft = { fields: {}, reads: {}, notes: [], ignored: [] };
    let title: string | undefined;
    let description: string | undefined;
    for (const [index, property] of (this.mapping.outgoing(change).changedProperties ?? []).entries()) {
      switch (property.kind) {
        case 'string_property_change':
          if (property.propertyName === 'title') title = property.currentValue ?? '';
          else if (property.propertyName === 'description') description = property.currentValue ?? '';
          else if (property.propertyName === 'solution') {
            if (property.currentValue) draft.notes.push(solutionOf(property.currentValue, forwarded.key));
          } else if (property.propertyName === 'cause' && this.tiesCauses) draft.hasNewCause = true;
          else draft.ignored.push(property.propertyName ?? property.kind);
          break;
        case 'severity_property_change': {
          const priority = await this.directory.priority(property.currentValue ?? 'unknown', signal);
          if (priority) {
            draft.fields['priority'] = { id: priority.id };
            draft.reads.priority = priority.name;
          } else draft.ignored.push('severity');
          break;
        }
        case 'state_change':
          draft.state = property.currentValue;
          break;
        case 'user_property_change': {
          const login = NOBODY.test(property.currentUserId ?? '')
            ? ''
            : (property.currentUserName ?? property.currentUserId ?? '');
          await this.assign(draft, login, changeKey, signal);
          break;
        }
        case 'annotation_property_change':
          if (property.changeOperation === 'delete') draft.ignored.push('annotation (delete)');
          else draft.notes.push(noteOf(property, forwarded.key, changeKey, index));
          break;
        case 'custom_attribute_property_change': {
          const field = this.mapping.customAttributeField(property.key ?? '');
          const value = property.changeOperation === 'delete' ? null : (property.currentValue ?? null);
          if (field) Object.assign(draft.fields, await this.directory.asChoices({ [field]: value }, signal));
          break;
        }
        case 'group_property_change':
        case 'priority_property_change':
        case 'time_property_change':
        case 'integer_property_change':
        case 'long_property_change':
        case 'symptom_property_change':
        case 'correlation_rule_property_change':
        case 'control_transferred_to_property_change':
        case 'forwarding_info_property_change':
          draft.ignored.push(property.propertyName ?? property.kind);
          break;
      }
    }
    await this.addTexts(draft, title, description, forwarded, flavour, signal);
    return draft;
  }

  /** The description repeats a title that is cut, so the two are written together where one needs the other. */
  private async addTexts(
    draft: Draft,
    title: string | undefined,
    description: string | undefined,
    { event, snapshot }: Forwarded,
    flavour: Flavour,
    signal: AbortSignal,
  ): Promise<void> {
    if (title === undefined && description === undefined) return;
    const now = { ...event, ...(title !== undefined && { title }), ...(description !== undefined && { description }) };
    const whole = await this.mapping.wholeTitle(now, signal);
    if (title !== undefined) draft.fields['summary'] = draft.reads.summary = summary(whole);
    const held = valueIn(snapshot, 'description');
    const repeats = isCut(whole) || repeatsTitle(held);
    if (description === undefined && !repeats) return;
    const isKept = description === undefined && held !== undefined;
    const text = isKept ? eventDescription(held) : await this.mapping.wholeDescription(now, signal);
    const full = fullDescription({ title: whole, description: text });
    draft.fields['description'] = written(full, flavour);
    draft.reads.description = readBack(full, flavour);
  }

  private async assign(draft: Draft, login: string, key: string, signal: AbortSignal): Promise<void> {
    const user = login === '' ? { value: null, name: '' } : await this.directory.user(login, signal);
    if (user) {
      draft.fields['assignee'] = user.value;
      draft.reads.assignee = user.name;
      return;
    }
    const text = `The event is assigned to ${login}, who is no assignable user here.`;
    draft.notes.push({ id: noteId(key, 'assigned_user', login), text, remark: true });
  }
}

/** Issues have no field for it. One and the same solution is told once. */
const solutionOf = (solution: string, recordKey: string): Note => ({
  ...{ id: noteId(recordKey, 'solution', solution), text: `Solution: ${solution}`, remark: true },
});

/** An annotation that is edited makes a second comment. */
function noteOf(property: AnnotationPropertyChange, recordKey: string, changeKey: string, index: number): Note {
  const { annotationId, author, currentValue: text = '', changeOperation } = property;
  if (changeOperation === 'update')
    return { id: noteId(changeKey, annotationId ?? String(index)), text, author: `${author ?? ''} (edited)`.trim() };
  return { id: annotationId ? noteId(recordKey, annotationId) : noteId(changeKey, String(index)), text, author };
}
