import type { Harness, RecordProperty, ToolRecord } from '@opr-connect/adapter-kit/testing';
import type { OprEvent } from '@opr-connect/opr';
import { isDeepStrictEqual } from 'node:util';
import { spoken } from './said';
import type { Said, Step } from './scenarios';

/** What of an event is compared, by the names that records have for it. */
const viewOf = ({ assignedUser, assignedGroup, annotationList, customAttributeList, ...event }: OprEvent) => ({
  ...{ title: event.title, description: event.description, solution: event.solution, category: event.category },
  ...{ severity: event.severity, priority: event.priority, state: event.state },
  ...{ assignedUser: assignedUser?.loginName || undefined, assignedGroup: assignedGroup?.name || undefined },
  customer: customAttributeList?.customAttribute?.find(({ name }) => name === 'Customer')?.value,
  notes: (annotationList?.annotation ?? []).map(({ text }) => text ?? '').sort(),
});

const RECORD_PROPERTIES = [
  ...(['title', 'description', 'solution', 'category', 'severity', 'priority', 'state'] as const),
  ...(['assignedUser', 'assignedGroup', 'customer'] as const),
] satisfies RecordProperty[];

/** What must hold in the end, from what was said last by whom. */
export class Expected {
  /** Live records of each event. */
  records = 1;
  /** OBM opened it after it was finished. */
  isReopened = false;
  /** How often the tool may have been written to for each event: to make its record, and for whatever was said. */
  writes = 1;
  /** What the tool said last that it does not tell. */
  readonly untold = new Set<string>();
  readonly saidByObm: string[] = [];
  private readonly values = new Map<string, string[]>();
  private readonly notes: string[] = [];

  constructor(private readonly harness: Harness) {}

  note(step: Step): void {
    if ('tool' in step && step.tool === 'delete') {
      this.records = 0;
      return;
    }
    const obm = 'obm' in step ? spoken(step.obm, this.harness) : {};
    const tool = 'tool' in step && step.tool !== 'delete' ? this.told(step.tool) : {};
    this.writes += Object.keys(obm).length;
    if (Object.keys(tool).length > 0 && this.harness.writesBack) this.writes += 1;
    this.isReopened = obm.state === 'open' && (this.values.get('state') ?? []).some((state) => state === 'closed');
    for (const [property, value] of Object.entries(obm)) {
      this.saidByObm.push(`${property}: ${value}`);
      this.untold.delete(property);
    }
    for (const property of new Set([...Object.keys(obm), ...Object.keys(tool)])) {
      const values = [obm, tool].flatMap((side) => (side as Record<string, string>)[property] ?? []);
      if (property === 'note') this.notes.push(...values);
      // Where both speak at once either may win.
      else this.values.set(property, values);
    }
  }

  /** What a party's event does not hold. */
  missing(event: OprEvent): string[] {
    const view = viewOf(event);
    const held = Object.entries(view).map(([name, value]) => [name, String(value)] as const);
    const wrong = held.filter(([name, value]) => this.values.get(name)?.includes(value) === false);
    return [
      ...wrong.map(([name, value]) => `${name} is ${value}, not ${this.values.get(name)?.join(' or ')}`),
      ...this.notes
        .filter((note) => view.notes.filter((each) => each === note).length !== 1)
        .map((note) => `does not hold once: ${note}`),
    ];
  }

  /** What the tool tells of what is said in it. */
  private told(said: Said): ReturnType<typeof spoken> {
    const { collapses = {}, untold = {} } = this.harness;
    const told = spoken(said, this.harness);
    for (const property of Object.keys(untold) as RecordProperty[]) {
      if (!(property in told)) continue;
      this.untold.add(property);
      Reflect.deleteProperty(told, property);
    }
    if (told.severity) told.severity = collapses.severity?.[told.severity] ?? told.severity;
    if (told.state) told.state = collapses.state?.[told.state] ?? told.state;
    return told;
  }
}

/** Where OBM, the hub and the tool differ. A record's notes have what the adapter adds to each, such as its author. */
export function disagreements(
  inObm: OprEvent,
  inHub: OprEvent,
  record: ToolRecord | undefined,
  harness: Harness,
  { isReopened, untold }: Expected,
): string[] {
  const [obm, hub] = [viewOf(inObm), viewOf(inHub)];
  const faults: string[] = [];
  const differ = (what: string, a: unknown, b: unknown) => {
    if (!isDeepStrictEqual(a, b)) faults.push(`${what}: ${JSON.stringify(a)} and ${JSON.stringify(b)}`);
  };
  differ('OBM and the hub', obm, hub);
  if (!record) return faults;
  const { severity = 'unknown', priority, state = 'open' } = obm;
  const { words, unheld = {} } = harness;
  const inWordsOfTool = {
    ...obm,
    severity: words?.severity?.[severity] ?? severity,
    priority: priority && (words?.priority?.[priority] ?? priority),
    state: (isReopened && words?.reopened) || (words?.state?.[state] ?? state),
  };
  for (const property of RECORD_PROPERTIES) {
    // What has no field must not turn up in one: else the harness says too much.
    const wanted = unheld[property] === undefined ? inWordsOfTool[property] : undefined;
    if (!untold.has(property)) differ(property, wanted, record[property] || undefined);
  }
  // What the hub says of its own trouble is for OBM alone.
  for (const note of obm.notes.filter((text) => !text.startsWith('Not forwarded to ')))
    differ(`copies of "${note}"`, 1, record.notes.filter((text) => text.includes(note)).length);
  return faults;
}
