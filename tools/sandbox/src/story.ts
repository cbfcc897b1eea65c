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

interface Incident {
  number: string;
  sys_id: string;
  state: string;
  correlation_id: string;
  journal: { value: string }[];
}

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
    let number = '';
    await step('OBM forwards it to OPR Connect, which opens an incident and answers its number', async () => {
      const info = await this.until('OBM holds an external id', async () => {
        const [forwarding] = (await this.event()).forwardingInfoList?.forwardingInfo ?? [];
        return forwarding?.state === 'forwarded' ? forwarding : undefined;
      });
      number = info.externalId ?? '';
      if (!/^INC\d+$/.test(number)) throw new Error(`OBM was answered ${number}, which is no incident number`);
      return { seen: `OBM knows it as ${number}`, url: info.externalUrl };
    });
    await step('the incident is there, once', async () => {
      const incident = await this.incident(number);
      return { seen: `${incident.number}, state ${incident.state}`, url: this.incidentUrl(incident) };
    });
    await step('somebody writes a work note', async () => {
      await this.work(number, { work_notes: 'The array is rebuilding, two hours to go.' });
      await this.until(
        'the event is annotated',
        async () => (await this.annotations()).includes('The array is rebuilding, two hours to go.') || undefined,
      );
      return { seen: 'the event in OBM is annotated', url: this.eventUrl };
    });
    await step('somebody takes the incident in progress', async () => {
      await this.work(number, { state: '2' });
      await this.until(
        'the event is in progress',
        async () => (await this.event()).state === 'in_progress' || undefined,
      );
      return { seen: 'the event in OBM is in_progress', url: this.eventUrl };
    });
    await step('somebody resolves the incident', async () => {
      await this.work(number, { state: '6', close_code: 'Solution provided', close_notes: 'Disk replaced.' });
      await this.until('the event is closed', async () => (await this.event()).state === 'closed' || undefined);
      return { seen: 'the event in OBM is closed', url: this.eventUrl };
    });
    await step('both sides are read once more', async () => {
      const annotations = await this.annotations();
      const noted = annotations.filter((text) => text === 'The array is rebuilding, two hours to go.').length;
      if (noted !== 1) throw new Error(`the event carries the work note ${noted} times`);
      const incident = await this.incident(number);
      if (incident.state !== '6') throw new Error(`the incident is in state ${incident.state}`);
      return { seen: `one incident, ${incident.journal.length} journal entry, one annotation, everything closed` };
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

  private async incident(number: string): Promise<Incident> {
    const answer = await fetch(`${this.sandbox.serviceNow.url}/_fake/state`, {
      signal: AbortSignal.timeout(WITHIN_MS),
    });
    const { incidents } = (await answer.json()) as { incidents: Incident[] };
    const [incident, ...more] = incidents;
    if (!incident || incident.number !== number) throw new Error(`ServiceNow holds no ${number}`);
    if (more.length) throw new Error(`ServiceNow holds ${incidents.length} incidents for one event`);
    return incident;
  }

  private async work(number: string, fields: Record<string, string>): Promise<void> {
    const answer = await fetch(`${this.sandbox.serviceNow.url}/_fake/as/itil.user/${number}`, {
      method: 'POST',
      body: JSON.stringify(fields),
      signal: AbortSignal.timeout(WITHIN_MS),
    });
    if (!answer.ok) throw new Error(`ServiceNow answered ${answer.status}: ${await answer.text()}`);
  }

  private incidentUrl({ sys_id }: Incident): string {
    return `${this.sandbox.serviceNow.url}/incident.do?sys_id=${sys_id}`;
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
