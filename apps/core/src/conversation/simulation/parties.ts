import type { Seen, SeenAnnotation, Snapshot } from '@opr-connect/adapter-kit';
import type { EventChange, OprEvent, PropertyChange } from '@opr-connect/opr';
import type { Input, ServerTraits } from '../conversation';
import { readChanges, writeChanges } from '../changes';
import { annotationsIn, same, valueIn, withAnnotation, withValue, type Edit } from '../properties';
import type { Random } from './random';

/** What the hub carries to a party, as the party's side of the wire. */
export interface Outside {
  readonly name: string;
  /** What it has told the hub and the hub has not yet heard. */
  readonly told: Told[];
  /** Whether its hooks keep their order. */
  readonly anyOrder: boolean;
  /** Applies a message; a message whose answer was lost comes again with the same key. */
  forward(event: OprEvent, key: string): Answer;
  change(change: EventChange): Answer;
  read(): Seen;
  /** A person at this party edits a property, or annotates. */
  edit(random: Random, unique: string): Edit | undefined;
  annotate(text: string): void;
  /** Whether it holds what the store of its hub says. */
  agreesWith(event: OprEvent): boolean;
  /** How often it holds an annotation with these words. */
  count(text: string): number;
  traits(): Partial<ServerTraits>;
}

export type Told = (party: string) => Input;
export interface Answer {
  snapshot?: Snapshot;
  found: boolean;
}

export const VALUES = {
  title: ['disk full', 'disk almost full', 'no space left'],
  state: ['open', 'in_progress', 'closed'],
  severity: ['critical', 'minor', 'normal'],
} as const;
export const PROPERTIES = Object.keys(VALUES) as (keyof typeof VALUES)[];

export function randomEdit(random: Random, unique: string): Edit {
  const property = random.pick(PROPERTIES);
  const value = property === 'title' && random.chance(0.5) ? `${unique} title` : random.pick(VALUES[property]);
  return { property, value };
}

/** An OBM: it forwards the event, tells its own changes once each in order, and can be read. */
export class Originator implements Outside {
  readonly told: Told[] = [];
  readonly anyOrder = false;
  private changes = 0;

  constructor(
    readonly name: string,
    public event: OprEvent,
    private readonly options: { echo: boolean; doubles: Random | undefined },
  ) {}

  forward(): Answer {
    throw new Error('nobody forwards an event to where it came from');
  }

  change(change: EventChange): Answer {
    const changes = change.changedProperties ?? [];
    for (const { id } of readChanges(changes).annotations) if (this.holds(id)) return { found: false };
    this.apply(changes);
    if (this.options.echo) this.tell(changes);
    return { found: false };
  }

  read(): Seen {
    return { id: 'event', event: this.event, annotations: [] };
  }

  edit(random: Random, unique: string): Edit | undefined {
    const edit = randomEdit(random, unique);
    if (same(valueIn(this.event, edit.property), edit.value)) return undefined;
    const changes = writeChanges({ properties: [edit], annotations: [] }, (property) => valueIn(this.event, property));
    this.apply(changes);
    this.tell(changes);
    return edit;
  }

  annotate(text: string): void {
    const id = uuid(`${this.name}${text}`);
    const changes = writeChanges(
      { properties: [], annotations: [{ operation: 'insert', id, author: 'operator', text }] },
      () => null,
    );
    this.apply(changes);
    this.tell(changes);
  }

  /** Forwards the event again: the copy as it is now, in line with its changes. */
  resend(): void {
    const { event } = this;
    this.told.push((from) => ({ kind: 'resent', from, event }));
  }

  agreesWith(event: OprEvent): boolean {
    return PROPERTIES.every((property) => same(valueIn(event, property), valueIn(this.event, property)));
  }

  count(text: string): number {
    return annotationsIn(this.event).filter((annotation) => annotation.text.includes(text)).length;
  }

  traits(): Partial<ServerTraits> {
    return { speaksOpr: true, readable: true };
  }

  private holds(id: string | undefined): boolean {
    return annotationsIn(this.event).some((annotation) => annotation.id === id);
  }

  private apply(changes: PropertyChange[]): void {
    const edits = readChanges(changes);
    for (const { property, value } of edits.properties) this.event = withValue(this.event, property, value);
    for (const annotation of edits.annotations) this.event = withAnnotation(this.event, annotation);
  }

  private tell(changes: PropertyChange[]): void {
    const id = `${this.name}-${++this.changes}`;
    const input: Told = (from) => ({ kind: 'changed', from, id, changes });
    this.told.push(input);
    if (this.options.doubles?.chance(0.2)) this.told.push(input);
  }
}

interface Record {
  title: string;
  state: string;
  urgency: string;
}

interface Entry {
  id: string;
  text: string;
  own: boolean;
}

const STATE_OUT = { open: '1', in_progress: '2', resolved: '6', closed: '6' } as const;
const STATE_IN: { [state: string]: string } = { '1': 'open', '2': 'in_progress', '6': 'closed' };
const URGENCY_OUT = { critical: '1', major: '1', minor: '2', warning: '2', normal: '3', unknown: '3' } as const;
const URGENCY_IN: { [urgency: string]: string } = { '1': 'critical', '2': 'minor', '3': 'normal' };
const TITLE_LENGTH = 8;

/** What the fields of the tool's record mean in OPR words: lossy on purpose, as real tools are. */
const MEANS: { [field in keyof Record]: (value: string) => Edit } = {
  title: (value) => ({ property: 'title', value }),
  state: (value) => ({ property: 'state', value: STATE_IN[value] ?? null }),
  urgency: (value) => ({ property: 'severity', value: URGENCY_IN[value] ?? null }),
};

function recordOf(event: OprEvent): Record {
  return {
    title: (event.title ?? '').slice(0, TITLE_LENGTH),
    state: STATE_OUT[event.state ?? 'open'],
    urgency: URGENCY_OUT[event.severity ?? 'unknown'],
  };
}

export interface ToolOptions {
  /** Tells versions of its record. */
  versions: boolean;
  /** Its hooks overtake each other and come twice. */
  reorders: boolean;
  /** Its hooks also tell what we wrote. */
  echo: boolean;
  doubles: Random | undefined;
  /** While it is there, people may be faster than the answer to a change: they write a title over ours. */
  haste?: Random;
}

/** Older than any version of a record. */
const OLDEST = '-1';

/** A ticketing tool: it keeps a lossy record, counts its versions, and tells the whole record by hook. */
export class Tool implements Outside {
  readonly told: Told[] = [];
  private record: Record | undefined;
  private version = 0;
  private readonly journal: Entry[] = [];
  private readonly marks = new Set<string>();

  constructor(
    readonly name: string,
    private readonly options: ToolOptions,
  ) {}

  get anyOrder(): boolean {
    return this.options.reorders;
  }

  forward(event: OprEvent): Answer {
    const asked = { version: undefined, fields: { ...recordOf(event) } };
    if (this.record) return { snapshot: asked, found: true };
    this.record = recordOf(event);
    for (const annotation of annotationsIn(event)) this.write(annotation.text, annotation.id ?? annotation.text, true);
    if (this.options.echo) this.tell();
    return { snapshot: this.snapshot(), found: false };
  }

  change(change: EventChange): Answer {
    const edits = readChanges(change.changedProperties ?? []);
    let event: OprEvent = {};
    for (const { property, value } of edits.properties) event = withValue(event, property, value);
    const written = recordOf(event);
    const record = { ...this.held() };
    if ('title' in event) record.title = written.title;
    if ('state' in event) record.state = written.state;
    if ('severity' in event) record.urgency = written.urgency;
    this.record = record;
    for (const annotation of edits.annotations) this.write(annotation.text, annotation.id ?? annotation.text, true);
    this.version += 1;
    if (this.options.echo) this.tell();
    if ('title' in event && this.options.haste?.chance(0.3)) return this.overtaken();
    return { snapshot: this.snapshot(), found: false };
  }

  /** As an adapter answers it: the record with our write alone, which the read that follows is compared with. */
  private overtaken(): Answer {
    const fields = { ...this.held() };
    this.record = { ...fields, title: `hasty${this.version}`.slice(0, TITLE_LENGTH) };
    this.version += 1;
    this.tell();
    return { snapshot: { version: this.options.versions ? OLDEST : undefined, fields }, found: true };
  }

  /** From now on people take their time. */
  calm(): void {
    this.options.haste = undefined;
  }

  read(): Seen {
    return { id: this.name, snapshot: this.snapshot(), annotations: this.entries() };
  }

  edit(random: Random, unique: string): Edit | undefined {
    if (!this.record) return undefined;
    const field = random.pick(Object.keys(MEANS) as (keyof Record)[]);
    const value =
      field === 'title'
        ? random.chance(0.5)
          ? unique
          : random.pick(VALUES.title).slice(0, TITLE_LENGTH)
        : random.pick(field === 'state' ? ['1', '2', '6'] : ['1', '2', '3']);
    if (this.record[field] === value) return undefined;
    this.record = { ...this.record, [field]: value };
    this.version += 1;
    this.tell();
    return MEANS[field](value);
  }

  annotate(text: string): void {
    if (!this.record) return;
    this.write(text, text, false);
    this.tell();
  }

  agreesWith(event: OprEvent): boolean {
    return JSON.stringify(this.record) === JSON.stringify(recordOf(event));
  }

  count(text: string): number {
    return this.journal.filter((entry) => entry.text.includes(text)).length;
  }

  get exists(): boolean {
    return this.record !== undefined;
  }

  traits(): Partial<ServerTraits> {
    return {
      readable: true,
      hooksMayReorder: this.options.reorders,
      compareVersions: this.options.versions ? (a, b) => Number(a) - Number(b) : undefined,
      changes: (before, after) => {
        const differing = (Object.keys(MEANS) as (keyof Record)[]).filter(
          (field) => before?.fields[field] !== after.fields[field],
        );
        const properties = differing.map((field) => MEANS[field](after.fields[field] as string));
        return writeChanges({ properties, annotations: [] }, () => null);
      },
    };
  }

  private held(): Record {
    if (!this.record) throw new Error('a change came before the event');
    return this.record;
  }

  /** A note carries a mark, so that a repeated write is found again. */
  private write(text: string, mark: string, own: boolean): void {
    if (this.marks.has(mark)) return;
    this.marks.add(mark);
    // As tools do, it names entries in a way of its own.
    this.journal.push({ id: `${this.name}-entry-${this.journal.length}`, text, own });
  }

  private snapshot(): Snapshot {
    return { version: this.options.versions ? String(this.version) : undefined, fields: { ...this.held() } };
  }

  private entries(): SeenAnnotation[] {
    return this.journal.map(({ id, text, own }) => ({ id, text, own, author: own ? 'integration' : 'agent' }));
  }

  private tell(): void {
    const seen = this.read();
    const input: Told = (from) => ({ kind: 'seen', from, seen });
    this.told.push(input);
    if (this.options.doubles?.chance(0.2)) this.told.push(input);
  }
}

/** A name in the shape of a UUID. */
export function uuid(name: string): string {
  let [a, b] = [0x811c9dc5, 0x01000193];
  for (let index = 0; index < name.length; index++) {
    a = Math.imul(a ^ name.charCodeAt(index), 0x01000193) >>> 0;
    b = Math.imul(b ^ a, 0x85ebca6b) >>> 0;
  }
  const part = (number: number) => number.toString(16).padStart(8, '0');
  const text = part(a) + part(b) + part(Math.imul(a, b) >>> 0) + part((a ^ b) >>> 0);
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;
}
