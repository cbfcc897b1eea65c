import type { StoryRecord } from '@opr-connect/adapter-kit/testing';
import { readEvent, writeEvent, type OprEvent } from '@opr-connect/opr';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sandbox } from './sandbox';

export interface Step {
  what: string;
  ms: number;
  /** What was seen, where it can be looked at. */
  seen: string;
  url?: string;
}

export class StepFailed extends Error {}

/** The longest that a step may take until it can be seen on the other side. */
const WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 25;

const NOTE = 'The array is rebuilding, two hours to go.';

/** The main job, told by a client that knows nothing but HTTP: every step is verified by reading the other side. */
export class Story {
  private readonly eventId = randomUUID();

  constructor(
    private readonly sandbox: Sandbox,
    private readonly onStep: (step: Step) => void,
  ) {}

  get eventUrl(): string {
    return `${this.sandbox.obm.url}/opr-web/rest/9.10/event_list/${this.eventId}`;
  }

  /** @throws StepFailed */
  async tell(): Promise<Step[]> {
    const steps: Step[] = [];
    const step = async (what: string, run: () => Promise<Omit<Step, 'what' | 'ms'>>) => {
      const begun = performance.now();
      let seen;
      try {
        seen = await run();
      } catch (error) {
        throw new StepFailed(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
      const done = { what, ms: Math.round(performance.now() - begun), ...seen };
      steps.push(done);
      this.onStep(done);
    };

    await step('a monitoring tool submits an event to OBM', async () => {
      await this.submit();
      return { seen: `event ${this.eventId}`, url: this.eventUrl };
    });
    const { tool } = this.sandbox;
    const { record, note } = tool.words;
    const noun = record.split(' ').slice(1).join(' ');
    let number = '';
    await step(`OBM forwards it to OPR Connect, which opens ${record} and answers its number`, async () => {
      const info = await this.until('OBM holds an external id', async () => {
        const [forwarding] = (await this.event()).forwardingInfoList?.forwardingInfo ?? [];
        return forwarding?.state === 'forwarded' ? forwarding : undefined;
      });
      number = info.externalId ?? '';
      if (!tool.number.test(number)) throw new Error(`OBM was answered ${number}, which is no number of ${record}`);
      return { seen: `OBM knows it as ${number}`, url: info.externalUrl };
    });
    await step(`the ${noun} is there, once`, async () => {
      const { state, url } = await this.record(number);
      return { seen: `${number}, state ${state}`, url };
    });
    const { work } = tool;
    // An adapter that hears of nothing has told its whole story.
    if (!work) return steps;
    await step(`somebody writes a ${note}`, async () => {
      await work.note(number, NOTE);
      await this.until(
        'the event is annotated',
        async () => (await this.annotations()).some((text) => text === NOTE) || undefined,
      );
      return { seen: 'the event in OBM is annotated', url: this.eventUrl };
    });
    await step(`somebody takes the ${noun} in progress`, async () => {
      await work.takeInProgress(number);
      await this.until(
        'the event is in progress',
        async () => (await this.event()).state === 'in_progress' || undefined,
      );
      return { seen: 'the event in OBM is in_progress', url: this.eventUrl };
    });
    await step(`somebody resolves the ${noun}`, async () => {
      await work.resolve(number);
      await this.until('the event is closed', async () => (await this.event()).state === 'closed' || undefined);
      return { seen: 'the event in OBM is closed', url: this.eventUrl };
    });
    await step('both sides are read once more', async () => {
      const noted = (await this.annotations()).filter((text) => text === NOTE).length;
      if (noted !== 1) throw new Error(`the event carries the ${note} ${noted} times`);
      const { state, isResolved, notes } = await this.record(number);
      if (!isResolved) throw new Error(`the ${noun} is in state ${state}`);
      if (notes !== 1) throw new Error(`the ${noun} carries ${notes} notes, not one`);
      return { seen: `one ${noun}, one ${note}, one annotation, everything closed` };
    });
    return steps;
  }

  private async submit(): Promise<void> {
    const event: OprEvent = {
      id: this.eventId,
      title: 'Disk array controller failed on db01',
      description: 'Controller 1 of array A does not answer. Redundancy is lost.',
      severity: 'critical',
      priority: 'high',
      state: 'open',
      category: 'Storage',
      application: 'SAN',
      object: 'array-A/ctrl-1',
      nodeHints: { hint: ['db01.example.com'] },
      key: `SAN:db01:array-A:ctrl-1:${this.eventId}`,
      customAttributeList: { customAttribute: [{ name: 'Customer', value: 'ACME' }] },
    };
    const answer = await this.request(`${this.sandbox.obm.url}/opr-web/rest/9.10/event_list`, {
      method: 'POST',
      headers: { 'content-type': 'application/xml' },
      body: writeEvent(event),
    });
    if (answer.status !== 202) throw new Error(`OBM answered ${answer.status}: ${await answer.text()}`);
  }

  private async event(): Promise<OprEvent> {
    const answer = await this.request(this.eventUrl, {});
    if (answer.status !== 200) throw new Error(`OBM answered ${answer.status}`);
    return readEvent(await answer.text());
  }

  private async annotations(): Promise<string[]> {
    return ((await this.event()).annotationList?.annotation ?? []).map(({ text }) => text ?? '');
  }

  /** The one record that the tool holds. */
  private async record(number: string): Promise<StoryRecord> {
    const { tool } = this.sandbox;
    const [record, ...more] = await tool.records();
    if (!record || record.number !== number) throw new Error(`${tool.name} holds no ${number}`);
    if (more.length) throw new Error(`${tool.name} holds ${more.length + 1} records for one event`);
    return record;
  }

  private request(url: string, init: RequestInit): Promise<Response> {
    const authorization = `Basic ${Buffer.from(`console:${this.sandbox.operatorPassword}`).toString('base64')}`;
    return fetch(url, { ...init, headers: { ...init.headers, authorization }, signal: AbortSignal.timeout(WITHIN_MS) });
  }

  private async until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const deadline = performance.now() + WITHIN_MS;
    for (;;) {
      const seen = await look();
      if (seen !== undefined) return seen;
      if (performance.now() > deadline) throw new Error(`not seen within ${WITHIN_MS / 1000} s: ${what}`);
      await sleep(LOOK_EVERY_MS);
    }
  }
}
