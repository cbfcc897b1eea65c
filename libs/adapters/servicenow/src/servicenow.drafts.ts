import { type Delivery, type Forwarded, type Json, type MappedProperty } from '@opr-connect/adapter-kit';
import type { AnnotationPropertyChange, EventChange, LifecycleState, OprEvent, Severity } from '@opr-connect/opr';
import type { ServiceNowRow } from './servicenow.client';
import type { ServiceNowDirectory } from './servicenow.directory';
import type { ServiceNowReferences } from './servicenow.references';
import { noteId, type Note } from './servicenow.notes';
import { isFinished, stateToWrite, valueIn, type RecordRules } from './servicenow.record';
import type { ServiceNowSettings } from './servicenow.settings';
import { eventDescription, fullDescription, isCut, repeatsTitle, shortDescription } from './servicenow.texts';

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

const NOBODY = /^-|^00000000-0000-0000-ffff-ffffffffffff$/;

/** From an event, or a change of one, to what is written to its record. */
export class ServiceNowDrafts {
  constructor(
    private readonly settings: ServiceNowSettings,
    private readonly rules: RecordRules,
    private readonly directory: ServiceNowDirectory,
    private readonly references: ServiceNowReferences,
  ) {}

  /** The whole record of a new event. */
  async ofEvent(event: OprEvent, { key, cause, signal }: Delivery): Promise<Draft> {
    const { correlationDisplay, causeField } = this.settings;
    const { mapping } = this.rules;
    const goes = (property: MappedProperty) => mapping.goesInForward(property);
    const further = { ...mapping.customAttributes(event), ...(await mapping.fields(event, signal)) };
    const draft: Draft = {
      values: {
        ...Object.fromEntries(Object.entries(further).map(([field, value]) => [field, asText(value)])),
        ...(goes('severity') && this.severity(event.severity ?? 'unknown')),
        ...(goes('priority') && { priority: mapping.priority?.toTool(event.priority ?? 'none') ?? '' }),
        ...(cause && causeField !== '' && { [causeField]: cause.id }),
        ...{ correlation_id: key, correlation_display: correlationDisplay },
      },
      notes: [],
      ignored: [],
    };
    await this.addNewTexts(draft, event, signal);
    for (const [index, { id, author, text = '' }] of (event.annotationList?.annotation ?? []).entries())
      if (goes('annotation')) draft.notes.push({ id: noteId(key, id ?? String(index)), text, author });
    // A new record is open without being told.
    if (goes('state') && event.state && event.state !== 'open') draft.state = event.state;
    if (goes('solution') && event.solution) draft.solution = event.solution;
    const caller = await this.references.fixed('callerId', signal);
    if (caller) draft.values['caller_id'] = caller;
    await this.references.addConfigurationItem(draft, event, key, signal);
    const { assignedUser: user, assignedGroup: group } = event;
    if (goes('assigned_group') && group?.name && !NOBODY.test(group.id ?? ''))
      await this.references.assignGroup(draft, group.name, key, signal);
    else {
      const usual = await this.references.fixed('assignmentGroup', signal);
      if (usual) draft.values['assignment_group'] = usual;
    }
    if (goes('assigned_user') && user?.loginName && !NOBODY.test(user.id ?? ''))
      await this.references.assignUser(draft, user.loginName, key, signal);
    return draft;
  }

  /** All property changes of one change. */
  async ofChange(change: EventChange, forwarded: Forwarded, { key, cause, signal }: Delivery): Promise<Draft> {
    const { causeField } = this.settings;
    const draft: Draft = { values: {}, notes: [], ignored: [] };
    if (forwarded.event.solution && this.rules.mapping.goesInForward('solution'))
      draft.solution = forwarded.event.solution;
    let title: string | undefined;
    let description: string | undefined;
    for (const [index, property] of (this.rules.mapping.outgoing(change).changedProperties ?? []).entries()) {
      switch (property.kind) {
        case 'string_property_change':
          if (property.propertyName === 'title') title = property.currentValue ?? '';
          else if (property.propertyName === 'description') description = property.currentValue ?? '';
          else if (property.propertyName === 'solution') {
            draft.solution = property.currentValue ?? '';
            draft.values[this.rules.closeNotesField] = draft.solution;
          } else if (property.propertyName === 'cause' && causeField !== '') draft.values[causeField] = cause?.id ?? '';
          else draft.ignored.push(property.propertyName ?? property.kind);
          break;
        case 'severity_property_change':
          Object.assign(draft.values, this.severity(property.currentValue ?? 'unknown'));
          break;
        case 'priority_property_change':
          draft.values['priority'] = this.rules.mapping.priority?.toTool(property.currentValue ?? 'none') ?? '';
          break;
        case 'state_change':
          draft.state = property.currentValue;
          break;
        case 'user_property_change':
          await this.references.assignUser(
            draft,
            nameOf(property.currentUserName, property.currentUserId),
            key,
            signal,
          );
          break;
        case 'group_property_change':
          await this.references.assignGroup(
            draft,
            nameOf(property.currentGroupName, property.currentGroupId),
            key,
            signal,
          );
          break;
        case 'annotation_property_change':
          if (property.changeOperation === 'delete') draft.ignored.push('annotation (delete)');
          else draft.notes.push(noteOf(property, forwarded.key, key, index));
          break;
        case 'custom_attribute_property_change': {
          const field = this.rules.mapping.customAttributeField(property.key ?? '');
          const isDeleted = property.changeOperation === 'delete';
          if (field) draft.values[field] = isDeleted ? '' : (property.currentValue ?? '');
          break;
        }
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
    await this.addTexts(draft, title, description, forwarded, signal);
    return draft;
  }

  /** Joins in the state, with what the instance wants to know when a record is resolved. `current` is the record as it is. */
  async complete(
    draft: Draft,
    current: ServiceNowRow | undefined,
    signal: AbortSignal,
  ): Promise<Record<string, string>> {
    const state = draft.state && stateToWrite(draft.state, current?.['state'], this.rules);
    if (!state) return draft.values;
    if (!isFinished(state, this.rules)) return { ...draft.values, state };
    const { closeCodeField, closeNotesField, closeNotes } = this.rules;
    return {
      ...{ ...draft.values, state, [closeNotesField]: draft.solution || current?.[closeNotesField] || closeNotes },
      ...(closeCodeField !== '' && { [closeCodeField]: await this.directory.resolutionCode(signal) }),
    };
  }

  private severity(severity: Severity): { impact: string; urgency: string } {
    const [impact = '', urgency = ''] = this.rules.mapping.severity?.toTool(severity)?.split('/') ?? [];
    return { impact, urgency };
  }

  private async addNewTexts(draft: Draft, event: OprEvent, signal: AbortSignal): Promise<void> {
    const { mapping } = this.rules;
    const title = mapping.goesInForward('title') ? await mapping.wholeTitle(event, signal) : `Event ${event.id ?? ''}`;
    draft.values['short_description'] = shortDescription(title);
    if (!mapping.goesInForward('description')) return;
    const description = await mapping.wholeDescription(event, signal);
    draft.values['description'] = this.description(title, description, event);
  }

  /** The record's description repeats a title that is cut, so the two are written together where one needs the other. */
  private async addTexts(
    draft: Draft,
    title: string | undefined,
    description: string | undefined,
    { event, snapshot }: Forwarded,
    signal: AbortSignal,
  ): Promise<void> {
    if (title === undefined && description === undefined) return;
    const { mapping } = this.rules;
    const now = { ...event, ...(title !== undefined && { title }), ...(description !== undefined && { description }) };
    const whole = await mapping.wholeTitle(now, signal);
    if (title !== undefined) draft.values['short_description'] = shortDescription(whole);
    const held = valueIn(snapshot, 'description');
    const repeats = (isCut(whole) || repeatsTitle(held)) && mapping.goesInChange('description');
    if (description === undefined && !repeats) return;
    const isKept = description === undefined && held !== undefined;
    const text = isKept ? eventDescription(held) : await mapping.wholeDescription(now, signal);
    draft.values['description'] = this.description(whole, text, event);
  }

  private description(title: string, description: string, { drilldownUrl }: OprEvent): string {
    return fullDescription({ title, description, drilldownUrl }, this.settings.descriptionLimit);
  }
}

/** The login or group name that a change carries; "" for nobody. */
const nameOf = (name: string | undefined, id: string | undefined): string =>
  NOBODY.test(id ?? '') ? '' : (name ?? id ?? '');

/** An annotation that is edited makes a second entry: journals cannot be changed. */
function noteOf(property: AnnotationPropertyChange, recordKey: string, changeKey: string, index: number): Note {
  const { annotationId, author, currentValue: text = '', changeOperation } = property;
  if (changeOperation === 'update')
    return { id: noteId(changeKey, annotationId ?? String(index)), text, author: `${author ?? ''} (edited)`.trim() };
  return { id: annotationId ? noteId(recordKey, annotationId) : noteId(changeKey, String(index)), text, author };
}

/** The instance takes texts only; what has parts is written as JSON. */
const asText = (value: Json): string =>
  value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
