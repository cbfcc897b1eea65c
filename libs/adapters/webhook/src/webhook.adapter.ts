import {
  evaluateJsonata,
  EventAdapter,
  RejectedError,
  type Adapter,
  type AdapterFactory,
  type Delivery,
  type ExternalRef,
  type Forwarded,
  type Json,
  type Preview,
  type Traits,
  type Written,
} from '@opr-connect/adapter-kit';
import type { EventChange, OprEvent } from '@opr-connect/opr';
import { changedBody, forwardedBody, type WebhookBody } from './webhook.body';
import { WebhookClient } from './webhook.client';
import { jsonOf, parseHook, readMapped } from './webhook.hook';
import { WebhookSettings } from './webhook.settings';
import { hmacSignature, standardSignature, type Signature } from './webhook.signature';

/**
 * Events as signed JSON, posted to any URL. What holds:
 *
 * - Every retry of a delivery has the same id, and that is all a receiver needs to take it once. Nothing can be looked up here.
 * - Nobody can read the receiver. It marks what we wrote with the key of our delivery, and what it tells in doubt is accepted
 *   and written back to it.
 * - Without `hookSecret` there is no `receiveChange`: a hook that nobody can verify is not taken.
 */
export class WebhookAdapter implements Adapter {
  readonly traits: Traits;
  readonly receiveChange?: Adapter['receiveChange'];
  readonly verifyHook?: Adapter['verifyHook'];
  private readonly client: WebhookClient;

  constructor(
    private readonly settings: WebhookSettings,
    now: () => number = Date.now,
  ) {
    this.traits = { hooksMayReorder: !settings.hooksInOrder };
    const { secret, previousSecret, hookSecret, previousHookSecret } = settings;
    this.client = new WebhookClient(signatureOf(settings, secret, previousSecret), settings);
    if (hookSecret === undefined) return;
    const signature = signatureOf(settings, hookSecret, previousHookSecret);
    this.verifyHook = (hook) => signature.verify(hook, now());
    this.receiveChange = async (hook, signal) => {
      const text = settings.hookMapping;
      if (text === undefined) return parseHook(hook.body, signature.idOf(hook));
      const input = { headers: hook.headers, body: jsonOf(hook.body) };
      const mapped = await evaluateJsonata({ field: 'hookMapping', text }, input, signal);
      return readMapped(mapped, signature.idOf(hook));
    };
  }

  async forwardEvent(event: OprEvent, delivery: Delivery): Promise<Written> {
    const answer = await this.post(
      this.settings.url,
      forwardedBody(event, delivery.key, delivery.cause),
      false,
      delivery,
    );
    return { ref: this.refIn(answer, delivery.key) };
  }

  async forwardChange(change: EventChange, forwarded: Forwarded, delivery: Delivery): Promise<Written> {
    const { url, changeUrl = url } = this.settings;
    const target = changeUrl.replaceAll('{id}', encodeURIComponent(forwarded.ref.id));
    await this.post(target, changedBody(change, forwarded, delivery.cause), changeUrl.includes('{id}'), delivery);
    return { ref: forwarded.ref };
  }

  async ping(signal: AbortSignal): Promise<void> {
    const timestamp = new Date().toISOString();
    const delivery = { key: `ping-${timestamp.replace(/\D/g, '')}`, attempt: 1, signal };
    await this.post(this.settings.url, { type: 'ping', timestamp, data: {} }, false, delivery);
  }

  /** What would be posted for an event, or for a change of it. */
  async preview({ event, change }: Preview, { key, cause, signal }: Delivery): Promise<Json> {
    const forwarded: Forwarded = { event, key, ref: { id: key }, state: 'forwarded' };
    return this.mapped(change ? changedBody(change, forwarded, cause) : forwardedBody(event, key, cause), signal);
  }

  private async post(url: string, body: WebhookBody, isRecord: boolean, delivery: Delivery): Promise<unknown> {
    const mapped = await this.mapped(body, delivery.signal);
    return this.client.post(url, JSON.stringify(mapped), isRecord, delivery);
  }

  private async mapped(body: WebhookBody, signal: AbortSignal): Promise<Json> {
    // What is absent is left out, as JSON does it.
    const plain = JSON.parse(JSON.stringify(body)) as Json;
    const text = this.settings.bodyMapping;
    if (text === undefined) return plain;
    const mapped = await evaluateJsonata({ field: 'bodyMapping', text }, plain, signal);
    if (mapped === undefined) throw new RejectedError('bodyMapping: makes nothing of this event');
    return mapped;
  }

  private refIn(answer: unknown, key: string): ExternalRef {
    const { answerId, answerUrl } = this.settings;
    return { id: textAt(answer, answerId) ?? key, url: textAt(answer, answerUrl) };
  }
}

function signatureOf(settings: WebhookSettings, ...secrets: (string | undefined)[]): Signature {
  const given = secrets.filter((secret) => secret !== undefined);
  return settings.signing === 'hmac' ? hmacSignature(given, settings) : standardSignature(given);
}

/** The text or number at a path like `data.ticket.id`. */
function textAt(value: unknown, path: string): string | undefined {
  const found = path.split('.').reduce<unknown>((at, name) => {
    return typeof at === 'object' && at !== null ? Object.getOwnPropertyDescriptor(at, name)?.value : undefined;
  }, value);
  return typeof found === 'number' || (typeof found === 'string' && found !== '') ? String(found) : undefined;
}

@EventAdapter({ key: 'webhook', settings: WebhookSettings })
export class WebhookAdapterFactory implements AdapterFactory<WebhookSettings> {
  connect(settings: WebhookSettings): WebhookAdapter {
    return new WebhookAdapter(settings);
  }
}
