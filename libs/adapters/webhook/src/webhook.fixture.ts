import { parseSettings, type Delivery, type Forwarded, type HookRequest, type Written } from '@opr-connect/adapter-kit';
import type { EventChange, OprEvent, PropertyChange } from '@opr-connect/opr';
import { FakeWebhookReceiver, type SentHook } from './testing';
import { WebhookAdapter } from './webhook.adapter';
import { WebhookSettings } from './webhook.settings';

export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
export const HOOK_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
export const KEY = 'b1f7c6c0-6f2f-5d0e-9a6e-0f5f3c2f8a11';

/** What the specs of this adapter stand on: an adapter and its fake. */
export interface Bench {
  fake: FakeWebhookReceiver;
  adapter: WebhookAdapter;
  another(overrides?: Partial<WebhookSettings>): WebhookAdapter;
}

export async function openBench(overrides: Partial<WebhookSettings> = {}): Promise<Bench> {
  const fake = await FakeWebhookReceiver.start({ secret: SECRET });
  const another = (own: Partial<WebhookSettings> = {}) =>
    new WebhookAdapter(settingsFor(fake.url, { ...overrides, ...own }));
  return { fake, another, adapter: another() };
}

export function settingsFor(url: string, overrides: Partial<WebhookSettings> = {}): WebhookSettings {
  const parsed = parseSettings(WebhookSettings, {
    ...{ url, secret: SECRET, hookSecret: HOOK_SECRET, allowedNetworks: ['loopback'], timeoutMs: 2_000, settleMs: 250 },
    ...overrides,
  });
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  return parsed.value;
}

export const anEvent = (overrides: Partial<OprEvent> = {}): OprEvent => ({
  id: '531d2673-683f-429f-a742-b8680ee01a76',
  title: 'Error packets on eth0 above threshold',
  description: '4.78 % error packets, threshold 3 %',
  state: 'open',
  severity: 'major',
  timeReceived: '2024-03-29T20:40:15.000Z',
  customAttributeList: { customAttribute: [{ name: 'Customer', value: 'ACME' }] },
  annotationList: { annotation: [{ id: 'a-1', author: 'admin', text: 'seen' }] },
  ...overrides,
});

export const delivery = (overrides: Partial<Delivery> = {}): Delivery => ({
  ...{ key: KEY, attempt: 1, signal: AbortSignal.timeout(10_000) },
  ...overrides,
});

export const CHANGE_ID = 'c0ffee00-0000-4000-8000-000000000001';

export const aChange = (...changedProperties: PropertyChange[]): EventChange => ({
  ...{ id: CHANGE_ID, timeCreated: '2024-03-29T21:00:00.000Z', changedProperties },
});

export const forwardedAs = (written: Written, event: OprEvent = anEvent()): Forwarded => ({
  ...{ event, ref: written.ref, state: 'forwarded', key: KEY },
});

export const closed: PropertyChange = { kind: 'state_change', propertyName: 'state', currentValue: 'closed' };

export const hookOf = ({ headers, body }: Pick<SentHook, 'headers' | 'body'>): HookRequest => ({
  ...{ headers, body: Buffer.from(body), receivedAt: new Date().toISOString() },
});

export const hookBody = (data: unknown, headers: Record<string, string> = {}): HookRequest =>
  hookOf({ headers, body: JSON.stringify({ type: 'event.changed', timestamp: '2024-03-29T21:00:00Z', data }) });

/** What a call threw; fails if it did not. */
export async function thrownBy(call: Promise<unknown>): Promise<Error> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('nothing was thrown');
}
