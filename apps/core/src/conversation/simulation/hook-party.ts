import type { Seen, SeenAnnotation } from '@opr-connect/adapter-kit';
import type { EventChange, OprEvent, PropertyChange } from '@opr-connect/opr';
import type { ServerTraits } from '../conversation';
import { readChanges, writeChanges } from '../changes';
import { annotationsIn, same, valueIn, withValue, type Edit } from '../properties';
import { PROPERTIES, randomEdit, type Answer, type Outside, type Told } from './parties';
import type { Random } from './random';

export interface HookPartyOptions {
  /** Its hooks overtake each other and come twice. */
  reorders: boolean;
  /** Its hooks also tell what we wrote, marked with the key of our delivery. */
  echo: boolean;
  doubles: Random | undefined;
}

/** An attribute that both sides set and the hub takes away again. */
export const ATTRIBUTE = 'custom_attribute:owner';
const HELD = [...PROPERTIES, ATTRIBUTE];

/** A party that speaks JSON hooks: nobody can read it, it tells values without a record, and it marks what we wrote. */
export class HookParty implements Outside {
  readonly told: Told[] = [];
  private event: OprEvent | undefined;
  private readonly annotations = new Map<string, string>();
  private hooks = 0;

  constructor(
    readonly name: string,
    private readonly options: HookPartyOptions,
  ) {}

  get anyOrder(): boolean {
    return this.options.reorders;
  }

  get exists(): boolean {
    return this.event !== undefined;
  }

  forward(event: OprEvent, key: string): Answer {
    if (this.event) return { found: true };
    this.event = event;
    for (const { id, text } of annotationsIn(event)) this.annotations.set(id ?? text, text);
    const edits = HELD.map((property) => ({ property, value: valueIn(event, property) })).filter(
      ({ value }) => value !== null,
    );
    if (this.options.echo) this.tell(this.changesFor(edits), this.entries(event), key);
    return { found: false };
  }

  change(change: EventChange): Answer {
    const { properties, annotations } = readChanges(change.changedProperties ?? []);
    for (const { property, value } of properties) this.event = withValue(this.held(), property, value);
    for (const { id, text } of annotations) this.annotations.set(id ?? text, text);
    // It names entries in a way of its own, so only the mark tells that they are ours.
    const entries = annotations.map(({ text }) => ({ id: `${this.name}-entry-${text}`, text, own: false }));
    if (this.options.echo) this.tell(this.changesFor(properties), entries, change.id);
    return { found: false };
  }

  read(): Seen {
    throw new Error(`${this.name} cannot be read`);
  }

  edit(random: Random, unique: string): Edit | undefined {
    if (!this.event) return undefined;
    const edit = random.chance(0.2) ? { property: ATTRIBUTE, value: unique } : randomEdit(random, unique);
    if (same(valueIn(this.event, edit.property), edit.value)) return undefined;
    this.event = withValue(this.event, edit.property, edit.value);
    this.tell(this.changesFor([edit]), []);
    return edit;
  }

  annotate(text: string): void {
    if (!this.event) return;
    this.annotations.set(text, text);
    this.tell([], [{ text, own: false }]);
  }

  agreesWith(event: OprEvent): boolean {
    return HELD.every((property) => same(valueIn(event, property), valueIn(this.held(), property)));
  }

  count(text: string): number {
    return [...this.annotations.values()].filter((each) => each.includes(text)).length;
  }

  traits(): Partial<ServerTraits> {
    return { readable: false, hooksMayReorder: this.options.reorders };
  }

  private held(): OprEvent {
    if (!this.event) throw new Error('a change came before the event');
    return this.event;
  }

  private entries(event: OprEvent): SeenAnnotation[] {
    return annotationsIn(event).map(({ text }) => ({ id: `${this.name}-entry-${text}`, text, own: false }));
  }

  private changesFor(properties: Edit[]): PropertyChange[] {
    return writeChanges({ properties, annotations: [] }, () => null);
  }

  private tell(changes: PropertyChange[], annotations: SeenAnnotation[], key?: string): void {
    const changeId = key ?? `${this.name}-hook-${++this.hooks}`;
    const input: Told = (from) => ({ kind: 'seen', from, seen: { id: this.name, changes, annotations, changeId } });
    this.told.push(input);
    if (this.options.doubles?.chance(0.2)) this.told.push(input);
  }
}
