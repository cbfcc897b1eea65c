import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { EventChange, OprEvent, PropertyChange } from '@opr-connect/opr';
import type { Adapter, Delivery, Forwarded, HookRequest, Written } from '../adapter';
import { OutcomeUnknownError, type DeliveryError } from '../errors';
import { parseSettings } from '../settings';
import { Door } from './door';
import type { FakeTool, Harness, Settings, ToolRecord } from './harness';
import { told, type Before, type Told } from './told';

/** No call of a case may take longer, whatever goes wrong with it. */
const CALL_LIMIT_MS = 15_000;

/**
 * What a case stands on: a fake tool of its own, and adapters that are connected to it. A case names the methods that it
 * needs and runs only where they are there, so they are all typed as present.
 */
export class Bench {
  /** The correlation key of `event`. */
  readonly key: string = randomUUID();
  readonly event: OprEvent = {
    id: randomUUID(),
    title: 'Error packets on eth0 above threshold',
    description: '4.78 % error packets, threshold 3 %',
    state: 'open',
    severity: 'major',
    timeReceived: '2024-03-29T20:40:15.000Z',
  };
  /** What adapters of this bench logged. */
  readonly logged: string[] = [];

  private constructor(
    readonly harness: Harness,
    readonly door: Door,
    readonly tool: FakeTool,
  ) {}

  static async with(harness: Harness, use: (bench: Bench) => Promise<void>): Promise<void> {
    const door = await Door.open();
    const tool = await harness.start(door.url);
    try {
      await use(new Bench(harness, door, tool));
    } finally {
      await tool.close();
      await door.close();
    }
  }

  /** More than fit on one page of a list. */
  get morePerPage(): number {
    return (this.harness.pageSize ?? 200) + 5;
  }

  /** A new adapter, as a core has it that has just started. */
  connect(overrides: Settings = {}): Required<Adapter> {
    return connect(this.harness, { ...this.harness.plain(this.tool.url), ...overrides }, (line) =>
      this.logged.push(line),
    );
  }

  delivery(overrides: Partial<Delivery> = {}): Delivery {
    return { key: this.key, attempt: 1, signal: AbortSignal.timeout(CALL_LIMIT_MS), ...overrides };
  }

  /** A connection, and the record that the event became through it. */
  async withRecord(overrides: Settings = {}): Promise<{ adapter: Required<Adapter>; written: Written }> {
    const adapter = this.connect(overrides);
    return { adapter, written: await this.forward(adapter) };
  }

  forward(adapter: Adapter, event: OprEvent = this.event, overrides: Partial<Delivery> = {}): Promise<Written> {
    return adapter.forwardEvent(event, this.delivery(overrides));
  }

  /** Carries a change of the event; `delivery` to carry it again. */
  change(
    adapter: Required<Adapter>,
    written: Written,
    changedProperties: PropertyChange[],
    overrides: Partial<Delivery> = {},
  ): Promise<Written> {
    const delivery = this.delivery({ key: randomUUID(), ...overrides });
    const change: EventChange = { id: delivery.key, timeCreated: '2024-03-29T21:00:00.000Z', changedProperties };
    return adapter.forwardChange(change, this.forwarded(written), delivery);
  }

  forwarded({ ref, snapshot }: Written, event = this.event): Forwarded {
    return { event, ref, snapshot, state: 'forwarded', key: this.key };
  }

  /** Reads the record; what it tells that `before` does not. */
  async read(adapter: Required<Adapter>, written: Written, before: Before = {}): Promise<Told> {
    const seen = await adapter.getExternalEvent(this.forwarded(written), this.delivery({ key: randomUUID() }));
    return told(adapter, seen, before);
  }

  /** The hooks that the tool sends while something happens. */
  async hooks(happening: () => unknown): Promise<HookRequest[]> {
    await this.tool.quiet();
    const before = this.door.received.length;
    await happening();
    await this.tool.quiet();
    return this.door.received.slice(before);
  }

  /** What an adapter makes of these hooks, joined. Each is verified first. */
  async hear(adapter: Required<Adapter>, hooks: readonly HookRequest[], before: Before = {}): Promise<Told> {
    const all: Told = { properties: {}, notes: [] };
    for (const hook of hooks) {
      adapter.verifyHook?.(hook);
      for (const seen of await adapter.receiveChange(hook, AbortSignal.timeout(CALL_LIMIT_MS))) {
        const { properties, notes } = told(adapter, seen, before);
        Object.assign(all.properties, properties);
        all.notes.push(...notes);
      }
    }
    return all;
  }

  records(key = this.key, eventId = this.event.id ?? ''): ToolRecord[] {
    return this.tool.records(key, eventId);
  }

  /** The one live record of the event. */
  record(key?: string, eventId?: string): ToolRecord {
    const records = this.records(key, eventId);
    assert.equal(records.length, 1, `there must be one live record, not ${records.length}`);
    return records[0] as ToolRecord;
  }
}

/** Settings as a file has them, made into an adapter. */
export function connect(harness: Harness, plain: Settings, log: (line: string) => void): Required<Adapter> {
  const parsed = parseSettings(harness.settings, plain);
  assert.ok(parsed.ok, parsed.ok ? '' : `the harness's settings are refused: ${parsed.problems.join('; ')}`);
  const write = (message: string, details?: object) => log(`${message} ${JSON.stringify(details ?? {})}`);
  const context = { server: harness.name, hubId: 'contract', log: { info: write, warn: write } };
  return harness.factory.connect(parsed.value, context) as Required<Adapter>;
}

export type Kind = abstract new (...args: never[]) => DeliveryError;

/** How long the core waits at least before it tries again. */
export const waitAfter = (error: DeliveryError): number => (error instanceof OutcomeUnknownError ? error.settleMs : 0);

/** What a call threw, which must be one of these. */
export async function failure<Kinds extends readonly Kind[]>(
  call: Promise<unknown>,
  ...kinds: Kinds
): Promise<InstanceType<Kinds[number]>> {
  const names = kinds.map(({ name }) => name).join(' or ');
  try {
    await call;
  } catch (error) {
    const fits = kinds.some((kind) => error instanceof kind);
    assert.ok(
      fits,
      `must throw ${names}, not ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
    );
    return error as InstanceType<Kinds[number]>;
  }
  assert.fail(`must throw ${names}, but it succeeds`);
}
