import { EVENT_ADAPTER, type EventAdapterOptions } from '@opr-connect/adapter-kit';
import type { FakeTool, Harness, ToolRecord } from '@opr-connect/adapter-kit/testing';
import { correlationKey, freePort, serverUuid } from '@opr-connect/core/testing';
import type { EventChange, OprEvent } from '@opr-connect/opr';
import { eventually, newEvent } from '../support/events';
import type { Client } from 'pg';
import { Installation } from '../support/installation';
import type { Mishap } from './faults';
import { changeOf, echoes, spoken } from './said';
import { disagreements, Expected } from './sides';
import type { Said, Scenario, Step } from './scenarios';

const HUB = 'scenarios';
/** How many calls of OBM are under way at a time. */
const LANES = 25;
/** What is written again because a call failed. */
const REPEATS = 4;
/** Back-off after a storm included. */
const SETTLE_MS = 50_000;
const LOOK_EVERY_MS = 10;
/** How often the operator looks. */
const HELP_EVERY_MS = 250;

/** One installation between an OBM and a tool, for all scenarios of an adapter. */
export class Stage {
  private mishap: Mishap | undefined;

  private constructor(
    readonly harness: Harness,
    private readonly hub: Installation,
    private readonly tool: FakeTool,
    private readonly database: Client,
  ) {}

  static async open(harness: Harness): Promise<Stage> {
    const port = await freePort();
    const tool = await harness.start(`http://127.0.0.1:${port}/hooks/desk`);
    const { pollEverySeconds } = harness;
    const { settings, environment } = referring({ ...harness.plain(tool.url), ...harness.carriesCustomer });
    const hub = await Installation.start({
      port,
      environment,
      config: ({ obm }) => `
hubId: ${HUB}
operators: [{ name: console, password: '\${CONSOLE}' }]
servers:
  - name: obm
    adapter: opr
    password: '\${OBM_IN}'
    answerWithin: 0
    settings: { syncUrl: '${obm.syncUrl}', user: opr-connect, password: '\${OBM_OUT}', settleMs: 250 }
  - name: desk
    adapter: ${keyOf(harness)}
    password: '\${DESK_IN}'
    settings: ${JSON.stringify(settings)}
    ${pollEverySeconds === undefined ? '' : `pollEverySeconds: ${pollEverySeconds}`}
rules:
  - { name: from OBM, filter: { source: obm }, targets: [{ server: desk, type: synchronize }] }
`,
    }).catch(async (error: unknown) => {
      await tool.close();
      throw error;
    });
    return new Stage(harness, hub, tool, await hub.connection());
  }

  async close(): Promise<void> {
    await this.database.end();
    await this.hub.close();
    await this.tool.close();
  }

  /** Plays a scenario, while this befalls the tool. Answers what is wrong in the end. */
  async play({ name, events: count = 1, isDown, steps }: Scenario, mishap?: Mishap): Promise<string[]> {
    this.befall(mishap);
    const events = Array.from({ length: count }, (_, index) =>
      newEvent({ title: `${name} ${index + 1}`, description: `Event ${index + 1} of ${count}.` }),
    );
    const expected = new Expected(this.harness);
    const written = this.writes();
    if (isDown) await this.tool.down();
    await this.forward(events);
    for (const step of steps) {
      if (!isDown) await this.settled();
      expected.note(step);
      await inLanes(events, ({ id }) => this.take(step, id));
    }
    if (isDown) await this.tool.up?.();
    await this.settled();
    const faults: string[] = [];
    const [writes, most] = [this.writes() - written, expected.writes * count + (mishap ? REPEATS : 0)];
    if (writes > most) faults.push(`the tool was written to ${writes} times, not at most ${most}`);
    await inLanes(
      events,
      async ({ id }) => void faults.push(...(await this.faultsOf(id, expected, mishap?.ends === 'apart'))),
    );
    return [...faults, ...(await this.leftOver())];
  }

  /** This, and nothing else, befalls the tool from now on. */
  befall(mishap: Mishap | undefined): void {
    this.tool.clearFaults?.();
    mishap?.order(this.tool);
    this.mishap = mishap;
  }

  /** OBM forwards events at once. */
  forward(events: readonly OprEvent[]): Promise<void> {
    return inLanes(events, (event) => this.hub.asObm.forward(event));
  }

  private async take(step: Step, id: string): Promise<void> {
    await Promise.all([
      'tool' in step && (step.tool === 'delete' ? this.tool.remove(this.record(id).id) : this.inTool(id, step.tool)),
      'obm' in step && this.inObm(id, changeOf(step.obm, this.harness)),
    ]);
  }

  /** Somebody changes an event in OBM. */
  async inObm(id: string, change: EventChange): Promise<void> {
    this.hub.obm.edit(id, change);
    const answer = await this.hub.asObm.change(id, change);
    if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.body}`);
  }

  private async inTool(id: string, said: Said): Promise<void> {
    const { note, ...fields } = spoken(said, this.harness);
    const record = this.record(id).id;
    if (Object.keys(fields).length > 0) this.tool.edit(record, fields);
    if (note !== undefined) this.tool.note(record, note);
    // A party that speaks OPR has no hooks: it tells what its people did as a client of the Event Synchronization Web Service.
    if (keyOf(this.harness) !== 'opr') return;
    const answer = await this.hub.asServer('desk').change(record, changeOf(said, this.harness));
    // Who said that the event is gone is not heard of it any more.
    if (answer.status === 403 && this.mishap?.ends === 'apart') return;
    if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.body}`);
  }

  /** Nothing is on its way to anybody. What is written may cause hooks, and a hook may cause calls. */
  async settled(): Promise<void> {
    const isHelped = this.mishap !== undefined && this.mishap.ends !== 'alone';
    let nextHelp = Date.now() + HELP_EVERY_MS;
    await eventually(
      'nothing is on its way',
      async () => {
        if (isHelped && Date.now() > nextHelp) {
          await this.help();
          nextHelp = Date.now() + HELP_EVERY_MS;
        }
        if ((await this.count('pending')) > 0) return false;
        if (isHelped && (await this.count('dead')) > 0) return false;
        const writes = this.writes();
        await this.tool.quiet();
        await this.polled();
        return (await this.count('pending')) === 0 && this.writes() === writes;
      },
      SETTLE_MS,
      LOOK_EVERY_MS,
    );
  }

  /** A tool that posts no hooks was asked what changed, from the beginning to the end. */
  private async polled(): Promise<void> {
    if (this.harness.pollEverySeconds === undefined) return;
    const before = await eventually('no poll is under way', () => this.nextPoll());
    await eventually('another poll', async () => ((await this.nextPoll()) ?? before) !== before);
  }

  /** Makes a poll due, and says when the last one went well; nothing while one is under way. */
  private async nextPoll(): Promise<string | undefined> {
    const { rows } = await this.database.query<{ done: string }>(
      `update scheduled_work set due_at = least(due_at, now()) where kind = 'poll' and claim is null
       returning coalesce(done_at::text, 'never') as done`,
    );
    return rows[0]?.done;
  }

  /** What an operator does who has seen to the cause. */
  private async help(): Promise<void> {
    if ((await this.count('dead')) > 0) await this.hub.api('POST', '/dead-letters/retry', { all: true });
    if ((await this.count('pending')) > 0) await this.hub.api('POST', '/servers/desk/resume');
  }

  /** @param isApart the record is not the event's any more, or does not hold what was written */
  private async faultsOf(id: string, expected: Expected, isApart: boolean): Promise<string[]> {
    const inObm: OprEvent = this.hub.obm.event(id) ?? {};
    const inHub = await this.hub.asObm.event(`/event/${id}`);
    const records = this.records(id);
    if (isApart ? records.length > 1 : records.length !== expected.records)
      return [`${id}: ${records.length} live records`];
    const told = this.hub.obm.changes.filter((change) => change.id === id).map(({ change }) => change);
    return [
      ...(isApart ? [] : expected.missing(inObm).map((fault) => `OBM: ${fault}`)),
      ...disagreements(inObm, inHub, isApart ? undefined : records[0], this.harness, expected),
      ...echoes(told, expected.saidByObm),
    ].map((fault) => `${id}: ${fault}`);
  }

  async leftOver(): Promise<string[]> {
    const dead = await this.count('dead');
    return dead > 0 ? [`${dead} dead letters`] : [];
  }

  record(id: string): ToolRecord {
    const [record] = this.records(id);
    if (!record) throw new Error(`no live record of ${id}`);
    return record;
  }

  private records(eventId: string): ToolRecord[] {
    const [source, target] = [serverUuid(HUB, { name: 'obm' }), serverUuid(HUB, { name: 'desk' })];
    return this.tool.records(correlationKey({ hubId: HUB, source, eventId, target }), eventId);
  }

  private async count(state: 'pending' | 'dead'): Promise<number> {
    const { rows } = await this.database.query<{ n: number }>(
      `select count(*)::int as n from outbox_message where state = $1`,
      [state],
    );
    return rows[0]?.n ?? 0;
  }

  private writes(): number {
    if (!this.tool.writes) throw new Error(`the harness of ${this.harness.name} does not count writes`);
    return this.tool.writes();
  }
}

/** The word that a configuration names the adapter by. */
function keyOf({ factory }: Harness): string {
  return (Reflect.getMetadata(EVENT_ADAPTER, factory.constructor) as EventAdapterOptions<object>).key;
}

/** Settings whose texts are references, as secrets must be, and the environment that they refer to. */
function referring(plain: Readonly<Record<string, unknown>>) {
  const environment: Record<string, string> = {};
  const settings = Object.entries(plain).map(([name, value]) => {
    if (typeof value !== 'string') return [name, value] as const;
    environment[`TOOL_${name}`] = value;
    return [name, `\${TOOL_${name}}`] as const;
  });
  return { settings: Object.fromEntries(settings), environment };
}

async function inLanes<T>(all: readonly T[], run: (one: T) => Promise<unknown>): Promise<void> {
  const left = [...all];
  const lane = async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await run(one);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}
