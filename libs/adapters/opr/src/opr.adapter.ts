import {
  EventAdapter,
  RejectedError,
  TransientError,
  UnreadableError,
  type Adapter,
  type AdapterContext,
  type AdapterFactory,
  type Delivery,
  type Forwarded,
  type Preview,
  type Seen,
  type Traits,
  type Written,
} from '@opr-connect/adapter-kit';
import {
  OprXmlError,
  readEvent,
  readEventAnswer,
  writeEvent,
  writeEventChange,
  type EventChange,
  type EventReference,
  type OprEvent,
} from '@opr-connect/opr';
import { OprClient } from './opr.client';
import { OprSettings } from './opr.settings';
import { ENDPOINT_STATUSES, SYNC_STATUSES, type Operation } from './opr.status';

const EVENT_TYPE = 'urn:x-hp:2009:software:data_model:opr:type:event';

/** An id is a key in registries, ours included. */
const MAX_ID_LENGTH = 500;

/**
 * A party that speaks OPR: another hub, an OBM, or an endpoint of somebody else.
 *
 * - Where events are forwarded to, it is an OPR endpoint below `endpointUrl`: it answers an event with the id that it gives it,
 *   and its changes come to our sync service.
 * - Where events come from, it has an Event Synchronization Web Service below `syncUrl`, which knows them by their own ids.
 *
 * Repeats are safe by ids alone: a receiver knows an event by `id`, a change by the `id` of the change.
 *
 * Source: OMi Extensibility Guide, "Forward events and event changes" and "Synchronize event changes".
 */
export class OprAdapter implements Adapter {
  readonly traits: Traits;
  readonly getExternalEvent?: (forwarded: Forwarded, delivery: Delivery) => Promise<Seen>;
  private readonly endpoint?: OprClient<Operation>;
  private readonly syncService?: OprClient<Exclude<Operation, 'forward'>>;

  constructor(
    settings: OprSettings,
    private readonly context: AdapterContext,
  ) {
    const { endpointUrl, syncUrl, user } = settings;
    if (endpointUrl) this.endpoint = new OprClient({ ...settings, root: endpointUrl }, ENDPOINT_STATUSES);
    if (syncUrl) this.syncService = new OprClient({ ...settings, root: syncUrl }, SYNC_STATUSES);
    if (settings.readable) this.getExternalEvent = (forwarded, delivery) => this.read(forwarded, delivery);
    this.traits = { speaksOpr: true, ownLogin: user };
  }

  async forwardEvent(event: OprEvent, { signal, attempt }: Delivery): Promise<Written> {
    const { endpoint } = this;
    if (!endpoint) throw new RejectedError(this.lacks('endpointUrl', 'events cannot be forwarded to it'));
    const body = writeEvent(event);
    const answer = await endpoint.send('forward', { method: 'POST', path: ['event'], body, signal, attempt });
    const taken = valueOf(() => readEventAnswer(answer.body));
    if (taken instanceof OprXmlError)
      throw new TransientError(`POST event: the answer is no event: ${endpoint.reasonIn(taken.message)}`);
    const id = taken.id?.trim() ?? '';
    if (id === '' || id.length > MAX_ID_LENGTH)
      throw new TransientError(
        'POST event: the answer has no id that can be kept, so the event counts as not delivered',
      );
    return { ref: { id, displayId: id, url: webAddress(taken.drilldownUrl) } };
  }

  async forwardChange(change: EventChange, forwarded: Forwarded, delivery: Delivery): Promise<Written> {
    switch (forwarded.state) {
      case 'received':
        return this.synchronizeBack(change, forwarded, delivery);
      case 'originated':
      case 'queued':
      case 'forwarded':
      case 'cancel_requested':
      case 'cancelled':
      case 'failed':
      case 'expired':
        return this.update(change, forwarded, delivery);
    }
  }

  /** The document, for a party that takes events by our ids. */
  async preview({ event, change }: Preview, delivery: Delivery): Promise<string> {
    return change ? changeOf(change, { targetId: event.id, targetType: EVENT_TYPE }, delivery) : writeEvent(event);
  }

  async ping(signal: AbortSignal): Promise<void> {
    await this.endpoint?.ping('ping', signal);
    await this.syncService?.ping('ping', signal);
  }

  /** To the party that forwarded the event: it knows the event by the event's own id. */
  private async synchronizeBack(change: EventChange, { event, ref }: Forwarded, delivery: Delivery): Promise<Written> {
    if (!this.syncService) throw new RejectedError(this.lacks('syncUrl', 'nothing can be synchronised back to it'));
    const targetId = event.id ?? '';
    const path = ['event_change', targetId];
    await carry(this.syncService, path, changeOf(change, { targetId, targetType: EVENT_TYPE }, delivery), delivery);
    return { ref: ref.id === '' ? { id: targetId } : ref };
  }

  /** To a target: it knows the event by the id that it answered; ours is told as well. */
  private async update(change: EventChange, { event, ref }: Forwarded, delivery: Delivery): Promise<Written> {
    if (!this.endpoint) throw new RejectedError(this.lacks('endpointUrl', 'changes cannot be forwarded to it'));
    const path = ['event_change', ref.id];
    const reference = { targetId: ref.id, targetGlobalId: event.id, targetType: EVENT_TYPE };
    await carry(this.endpoint, path, changeOf(change, reference, delivery), delivery);
    return { ref };
  }

  /** On the side where the party has the event: its own by the event's id, one that it took over by the id that it answered. */
  private async read({ event, ref, state }: Forwarded, { signal, attempt }: Delivery): Promise<Seen> {
    const isTheirs = state === 'received';
    const client: OprClient<'read'> | undefined = isTheirs ? this.syncService : this.endpoint;
    if (!client)
      throw new UnreadableError(this.lacks(isTheirs ? 'syncUrl' : 'endpointUrl', 'the event cannot be read there'));
    const id = isTheirs ? (event.id ?? '') : ref.id;
    const answer = await client.send('read', { method: 'GET', path: ['event', id], signal, attempt });
    const seen = valueOf(() => readEvent(answer.body));
    if (seen instanceof OprXmlError)
      throw new UnreadableError(`GET event: the answer is no event: ${client.reasonIn(seen.message)}`);
    return { id, event: seen, annotations: [] };
  }

  private lacks(setting: string, so: string): string {
    return `connected server "${this.context.server}" has no ${setting}: ${so}`;
  }
}

/** What is answered to a change is the party's own affair, but a page is none of its answers. */
async function carry(
  client: OprClient<'change'>,
  path: readonly string[],
  body: string,
  { signal, attempt }: Delivery,
): Promise<void> {
  const answer = await client.send('change', { method: 'POST', path, body, signal, attempt });
  if (/^\s*<(!doctype html|html)\b/i.test(answer.body))
    throw new TransientError(
      `POST event_change: a page was answered, so the change counts as not delivered: ${client.reasonIn(answer.body)}`,
    );
}

/** The change as its receiver names the event; its own id says that a repeat is one. */
const changeOf = (change: EventChange, eventRef: EventReference, { key }: Delivery): string =>
  writeEventChange({ ...change, id: change.id || key, eventRef });

function valueOf<T>(read: () => T): T | OprXmlError {
  try {
    return read();
  } catch (error) {
    if (error instanceof OprXmlError) return error;
    throw error;
  }
}

/** People will click on it. */
function webAddress(url = ''): string | undefined {
  const trimmed = url.trim();
  return /^https?:\/\//i.test(trimmed) && URL.canParse(trimmed) ? trimmed : undefined;
}

@EventAdapter({ key: 'opr', settings: OprSettings })
export class OprAdapterFactory implements AdapterFactory<OprSettings> {
  connect(settings: OprSettings, context: AdapterContext): OprAdapter {
    return new OprAdapter(settings, context);
  }
}
