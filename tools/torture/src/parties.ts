import type { FakeOprParty } from '@opr-connect/adapter-opr/testing';
import { OprClient, type Answer } from '@opr-connect/core/testing';
import { writeEvent, writeEventChange, type EventChange, type OprEvent, type PropertyChange } from '@opr-connect/opr';
import { randomUUID } from 'node:crypto';
import { patiently, Refused } from './patience';
import { SECRETS } from './secrets';

/** An OBM with a queue: what the hub has not acknowledged is sent again, under the same id. */
export class ObmSide {
  constructor(
    private readonly party: FakeOprParty,
    private readonly hub: () => string,
  ) {}

  /** OBM has a new event, and forwards it. */
  async forward(event: OprEvent & { id: string }): Promise<void> {
    this.party.forwarded(event);
    await this.send('/event', writeEvent(event));
  }

  /** Somebody changes an event in OBM, which forwards that. */
  async change(id: string, ...changedProperties: PropertyChange[]): Promise<void> {
    const change: EventChange = { id: randomUUID(), changedProperties };
    this.party.edit(id, change);
    await this.send(`/event_change/${id}`, writeEventChange(change));
  }

  /** The event as the hub shows it. */
  async shown(id: string): Promise<OprEvent> {
    return this.client().event(`/event/${id}`);
  }

  private async send(path: string, body: string): Promise<void> {
    await patiently(async () => settled(await this.client().send('POST', path, body)));
  }

  private client(): OprClient {
    return new OprClient(`${this.hub()}/opr/obm`, 'obm', SECRETS.OBM_IN);
  }
}

function settled({ status, body }: Answer): true | undefined {
  if (status === 200) return true;
  if (status >= 500) return undefined;
  throw new Refused(`${status}: ${body}`);
}

export const state = (currentValue: 'open' | 'in_progress' | 'resolved' | 'closed'): PropertyChange => ({
  kind: 'state_change',
  propertyName: 'state',
  currentValue,
});

export const title = (currentValue: string): PropertyChange => ({
  kind: 'string_property_change',
  propertyName: 'title',
  currentValue,
});

export const note = (currentValue: string): PropertyChange => ({
  kind: 'annotation_property_change',
  propertyName: 'annotation',
  annotationId: randomUUID(),
  author: 'admin',
  currentValue,
  changeOperation: 'insert',
});
