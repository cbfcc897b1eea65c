import type { EventChange, OprEvent, PropertyChange } from '@opr-connect/opr';
import type { Json } from '../adapter';
import {
  comesBack,
  goesInChange,
  goesInForward,
  mappedProperty,
  type Direction,
  type MappedProperty,
} from './direction';
import { evaluate } from './evaluator';
import type { MappingSettings, ToolFacts } from './mapping.settings';
import { truncate } from './text';
import { ValueTable } from './value-table';
import type { LifecycleState, Priority, Severity } from '@opr-connect/opr';

/** How the events of one connected server are told in the words of its tool, made from what the adapter knows and the settings say. */
export class Mapping {
  readonly severity?: ValueTable<Severity>;
  readonly priority?: ValueTable<Priority>;
  readonly state?: ValueTable<LifecycleState>;

  constructor(
    readonly tool: ToolFacts,
    readonly settings: MappingSettings | undefined,
  ) {
    const { severity, priority, state } = tool;
    if (severity) this.severity = ValueTable.of(severity, settings?.severity);
    if (priority) this.priority = ValueTable.of(priority, settings?.priority);
    if (state) this.state = ValueTable.of(state, settings?.state);
  }

  direction(property: MappedProperty): Direction {
    const { directions, unlessTold } = this.tool;
    return this.settings?.directions?.[property] ?? unlessTold?.[property] ?? directions[property];
  }

  /** Whether the value goes into a new record. */
  goesInForward(property: MappedProperty): boolean {
    return goesInForward(this.direction(property));
  }

  /** Whether a change of the event is carried to the record. */
  goesInChange(property: MappedProperty): boolean {
    return goesInChange(this.direction(property));
  }

  /** Whether a change in the tool is carried to the event. */
  comesBack(property: MappedProperty): boolean {
    return comesBack(this.direction(property));
  }

  /**
   * The change without what may not go out. What has no direction (a category, a duplicate count) stays, for the adapter to
   * decide; a custom attribute stays if the settings give it a field.
   */
  outgoing(change: EventChange): EventChange {
    return {
      ...change,
      changedProperties: (change.changedProperties ?? []).filter((each) => this.mayGo(each, goesInChange)),
    };
  }

  /** Of the changes that were made in the tool those that may come back. */
  incoming(changes: readonly PropertyChange[]): PropertyChange[] {
    return changes.filter((each) => this.mayGo(each, comesBack));
  }

  /** The title as the tool takes it: rendered, cut to its limit. `OprEvent` with the new title for a change of it. */
  async title(event: OprEvent, signal: AbortSignal): Promise<string> {
    return this.fitTitle(await this.wholeTitle(event, signal));
  }

  /** The title before it is cut. */
  wholeTitle(event: OprEvent, signal: AbortSignal): Promise<string> {
    return this.render('titleTemplate', event.title, event, signal);
  }

  /** The description as the tool takes it: rendered, cut to its limit. */
  async description(event: OprEvent, signal: AbortSignal): Promise<string> {
    return this.fitDescription(await this.wholeDescription(event, signal));
  }

  /** The description before it is cut. */
  wholeDescription(event: OprEvent, signal: AbortSignal): Promise<string> {
    return this.render('descriptionTemplate', event.description, event, signal);
  }

  fitTitle(text: string): string {
    return this.tool.title ? truncate(text, this.tool.title) : text;
  }

  fitDescription(text: string): string {
    return this.tool.description ? truncate(text, this.tool.description) : text;
  }

  /**
   * The extra fields of a new record. An expression out of which nothing comes leaves its field out.
   *
   * @throws RejectedError   an expression fails or exceeds a limit; names the field
   * @throws TransientError  the signal aborted
   */
  async fields(event: OprEvent, signal: AbortSignal): Promise<Record<string, Json>> {
    const fields: [string, Json][] = [];
    for (const [name, { constant, jsonata }] of this.settings?.fields ?? []) {
      const source = { field: `mapping.fields.${name}`, text: jsonata ?? '' };
      const value =
        jsonata === undefined ? constant : await evaluate({ ...source, language: 'jsonata' }, scope(event), signal);
      if (value !== undefined) fields.push([name, value]);
    }
    return Object.fromEntries(fields);
  }

  /** The custom attributes of an event that go into a new record, by the tool's field. */
  customAttributes(event: OprEvent): Record<string, string> {
    const held = customAttributesOf(event);
    return Object.fromEntries(
      [...(this.settings?.customAttributes ?? [])].flatMap(([name, { field, direction }]): [string, string][] => {
        const value = held.get(name);
        return value !== undefined && goesInForward(direction) ? [[field, value]] : [];
      }),
    );
  }

  /** The tool's field of a custom attribute that is mapped; `undefined` for others. */
  customAttributeField(name: string): string | undefined {
    return this.settings?.customAttributes?.get(name)?.field;
  }

  private mayGo(change: PropertyChange, allowed: (direction: Direction) => boolean): boolean {
    if (change.kind === 'custom_attribute_property_change') {
      const direction = this.settings?.customAttributes?.get(change.key ?? '')?.direction;
      return direction !== undefined && allowed(direction);
    }
    const property = mappedProperty(change);
    return property === undefined || allowed(this.direction(property));
  }

  private async render(
    template: 'titleTemplate' | 'descriptionTemplate',
    otherwise: string | undefined,
    event: OprEvent,
    signal: AbortSignal,
  ): Promise<string> {
    const text = this.settings?.[template];
    if (text === undefined) return otherwise ?? '';
    const rendered = await evaluate({ language: 'liquid', field: `mapping.${template}`, text }, scope(event), signal);
    return String(rendered ?? '');
  }
}

/**
 * What templates and expressions see: `event`, an event as `OprEvent` has it, with `customAttributes` as a map of name to value
 * beside its list.
 */
const scope = (event: OprEvent) => ({
  event: {
    ...Object.fromEntries(Object.entries(event).filter(([name]) => !name.startsWith('$'))),
    customAttributes: Object.fromEntries(customAttributesOf(event)),
  },
});

const customAttributesOf = (event: OprEvent): ReadonlyMap<string, string> =>
  new Map(
    (event.customAttributeList?.customAttribute ?? []).flatMap(({ name, value }): [string, string][] =>
      name === undefined ? [] : [[name, value ?? '']],
    ),
  );
