import { MisconfiguredError, type Delivery, type Forwarded } from '@opr-connect/adapter-kit';
import type { AnnotationPropertyChange, EventChange, LifecycleState, OprEvent } from '@opr-connect/opr';
import type { ServiceNowRow } from './servicenow.client';
import type { ServiceNowDirectory } from './servicenow.directory';
import {
  eventDescription,
  fullDescription,
  IMPACT_AND_URGENCY,
  isCut,
  repeatsTitle,
  shortDescription,
  STATE,
  stateToWrite,
  valueIn,
} from './servicenow.mapping';
import { noteId, type Note } from './servicenow.notes';
import type { ServiceNowSettings } from './servicenow.settings';

/** What is to be written to a record, before its journal and its state are joined in. */
export interface Draft {
  values: Record<string, string>;
  notes: Note[];
  /** Wanted state of the event; what that means in `state` depends on where the record is. */
  state?: LifecycleState;
  /** Of the event. */
  solution?: string;
  /** Properties that a record has no field for. */
  ignored: string[];
}

const SYS_ID = /^[0-9a-f]{32}$/;
const NOBODY = /^-|^00000000-0000-0000-ffff-ffffffffffff$/;

/** From an event, or a change of one, to what is written to its record. */
export class ServiceNowDrafts {
  constructor(
    private readonly settings: ServiceNowSettings,
    private readonly directory: ServiceNowDirectory,
  ) {}

  /** The whole record of a new event. */
  async ofEvent(event: OprEvent, key: string, signal: AbortSignal): Promise<Draft> {
    const { correlationDisplay, contactType, callerId, assignmentGroup } = this.settings;
    const draft: Draft = {
      values: {
        short_description: shortDescription(event.title ?? ''),
        description: fullDescription(event),
        ...IMPACT_AND_URGENCY[event.severity ?? 'unknown'],
        ...{ correlation_id: key, correlation_display: correlationDisplay },
        ...(contactType && { contact_type: contactType }),
      },
      notes: (event.annotationList?.annotation ?? []).map(({ id, author, text }, index) => ({
        ...{ id: noteId(key, id ?? String(index)), text: text ?? '', author },
      })),
      // A new record is open without being told.
      ...(event.state && event.state !== 'open' && { state: event.state }),
      ...(event.solution && { solution: event.solution }),
      ignored: [],
    };
    if (callerId) draft.values['caller_id'] = await this.fixed('callerId', callerId, signal);
    const { assignedUser: user, assignedGroup: group } = event;
    if (group?.name && !NOBODY.test(group.id ?? '')) await this.assignGroup(draft, group.name, key, signal);
    else if (assignmentGroup)
      draft.values['assignment_group'] = await this.fixed('assignmentGroup', assignmentGroup, signal);
    if (user?.loginName && !NOBODY.test(user.id ?? '')) await this.assignUser(draft, user.loginName, key, signal);
    return draft;
  }

  /** All property changes of one change. */
  async ofChange(change: EventChange, forwarded: Forwarded, { key, signal }: Delivery): Promise<Draft> {
    const draft: Draft = { values: {}, notes: [], ignored: [] };
    if (forwarded.event.solution) draft.solution = forwarded.event.solution;
    let title: string | undefined;
    let description: string | undefined;
    for (const [index, property] of (change.changedProperties ?? []).entries()) {
      switch (property.kind) {
        case 'string_property_change':
          if (property.propertyName === 'title') title = property.currentValue ?? '';
          else if (property.propertyName === 'description') description = property.currentValue ?? '';
          else if (property.propertyName === 'solution') {
            draft.solution = property.currentValue ?? '';
            draft.values['close_notes'] = draft.solution;
          } else draft.ignored.push(property.propertyName ?? property.kind);
          break;
        case 'severity_property_change':
          if (property.currentValue) Object.assign(draft.values, IMPACT_AND_URGENCY[property.currentValue]);
          break;
        case 'state_change':
          draft.state = property.currentValue;
          break;
        case 'user_property_change':
          await this.assignUser(draft, nameOf(property.currentUserName, property.currentUserId), key, signal);
          break;
        case 'group_property_change':
          await this.assignGroup(draft, nameOf(property.currentGroupName, property.currentGroupId), key, signal);
          break;
        case 'annotation_property_change':
          if (property.changeOperation === 'delete') draft.ignored.push('annotation (delete)');
          else draft.notes.push(noteOf(property, forwarded.key, key, index));
          break;
        case 'priority_property_change':
        case 'time_property_change':
        case 'integer_property_change':
        case 'long_property_change':
        case 'custom_attribute_property_change':
        case 'symptom_property_change':
        case 'correlation_rule_property_change':
        case 'control_transferred_to_property_change':
        case 'forwarding_info_property_change':
          draft.ignored.push(property.propertyName ?? property.kind);
          break;
      }
    }
    this.addTexts(draft, title, description, forwarded);
    return draft;
  }

  /** Joins in the state, with what the instance wants to know when a record is resolved. `current` is the record as it is. */
  async complete(
    draft: Draft,
    current: ServiceNowRow | undefined,
    signal: AbortSignal,
  ): Promise<Record<string, string>> {
    const state = draft.state && stateToWrite(draft.state, current?.['state']);
    if (!state) return draft.values;
    if (state !== STATE.resolved) return { ...draft.values, state };
    const close_notes = draft.solution || current?.['close_notes'] || this.settings.closeNotes;
    return { ...draft.values, state, close_code: await this.directory.resolutionCode(signal), close_notes };
  }

  /** The record's description repeats a title that is cut, so the two are written together where one needs the other. */
  private addTexts(
    draft: Draft,
    title: string | undefined,
    description: string | undefined,
    { event, snapshot }: Forwarded,
  ): void {
    if (title !== undefined) draft.values['short_description'] = shortDescription(title);
    const held = valueIn(snapshot, 'description');
    const repeats = isCut(title) || repeatsTitle(held);
    if (description === undefined && (title === undefined || !repeats)) return;
    draft.values['description'] = fullDescription({
      title: title ?? event.title,
      description: description ?? (held === undefined ? event.description : eventDescription(held)),
      drilldownUrl: event.drilldownUrl,
    });
  }

  private async assignUser(draft: Draft, login: string, key: string, signal: AbortSignal): Promise<void> {
    const id = login && (await this.directory.user(login, signal));
    if (id !== undefined) draft.values['assigned_to'] = id;
    else draft.notes.push(remark(key, 'assigned_user', `The event is assigned to ${login}, who is no user here.`));
  }

  private async assignGroup(draft: Draft, name: string, key: string, signal: AbortSignal): Promise<void> {
    const id = name && (await this.directory.group(name, signal));
    if (id !== undefined) draft.values['assignment_group'] = id;
    else draft.notes.push(remark(key, 'assigned_group', `The event is assigned to ${name}, which is no group here.`));
  }

  /** A user or group that the settings name. */
  private async fixed(field: 'callerId' | 'assignmentGroup', value: string, signal: AbortSignal): Promise<string> {
    if (SYS_ID.test(value)) return value;
    const id = await (field === 'callerId' ? this.directory.user(value, signal) : this.directory.group(value, signal));
    if (id === undefined)
      throw new MisconfiguredError(
        `${field}: must be the sys_id or the name of exactly one ${field === 'callerId' ? 'user' : 'group'}`,
      );
    return id;
  }
}

/** The login or group name that a change carries; "" for nobody. */
const nameOf = (name: string | undefined, id: string | undefined): string =>
  NOBODY.test(id ?? '') ? '' : (name ?? id ?? '');

const remark = (key: string, about: string, text: string): Note => ({ id: noteId(key, about), text, remark: true });

/** An annotation that is edited makes a second entry: journals cannot be changed. */
function noteOf(property: AnnotationPropertyChange, recordKey: string, changeKey: string, index: number): Note {
  const { annotationId, author, currentValue: text = '', changeOperation } = property;
  if (changeOperation === 'update')
    return { id: noteId(changeKey, annotationId ?? String(index)), text, author: `${author ?? ''} (edited)`.trim() };
  return { id: annotationId ? noteId(recordKey, annotationId) : noteId(changeKey, String(index)), text, author };
}
