import { parseSettings, type Delivery, type Forwarded, type Written } from '@opr-connect/adapter-kit';
import type { EventChange, OprEvent, PropertyChange } from '@opr-connect/opr';
import { ServiceNowAdapter } from './servicenow.adapter';
import { ServiceNowSettings } from './servicenow.settings';
import { FakeServiceNow } from './testing';

export const PASSWORD = 'p4ss-of-the-integration-user';
export const API_KEY = 'k3y-of-the-api';
export const CLIENT = { clientId: 'client-of-the-hub', clientSecret: 's3cret-of-the-client' };
export const HOOK_SECRET = 'key-of-the-business-rule';
export const USER = 'opr.connect';
export const KEY = 'b1f7c6c0-6f2f-5d0e-9a6e-0f5f3c2f8a11';

/** Settings as a file has them. */
export type Plain = Record<string, unknown>;

/** What the specs of this adapter stand on: an adapter, its fake, and what it logged. */
export interface Bench {
  fake: FakeServiceNow;
  adapter: ServiceNowAdapter;
  logged: { level: string; message: string }[];
  another(overrides?: Plain): ServiceNowAdapter;
}

export async function openBench(overrides: Plain = {}): Promise<Bench> {
  const fake = await FakeServiceNow.start({ user: USER, password: PASSWORD, apiKey: API_KEY, oauth: CLIENT });
  const logged: Bench['logged'] = [];
  const log = {
    info: (message: string) => void logged.push({ level: 'info', message }),
    warn: (message: string) => void logged.push({ level: 'warn', message }),
  };
  const another = (own: Plain = {}) =>
    new ServiceNowAdapter(settingsFor(fake.url, { ...overrides, ...own }), {
      ...{ server: 'servicenow', hubId: 'spec', log },
    });
  return { fake, logged, another, adapter: another() };
}

export function settingsFor(url: string, overrides: Plain = {}): ServiceNowSettings {
  const plain = { url, user: USER, password: PASSWORD, hookSecret: HOOK_SECRET, timeoutMs: 5_000, settleMs: 250 };
  const parsed = parseSettings(ServiceNowSettings, { ...plain, ...overrides });
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  return parsed.value;
}

export const anEvent = (overrides: Partial<OprEvent> = {}): OprEvent => ({
  id: '531d2673-683f-429f-a742-b8680ee01a76',
  title: 'Error packets on eth0 above threshold',
  description: '4.78 % error packets, threshold 3 %',
  drilldownUrl: 'https://obm.example.com/opr-web/opr-evt-details.jsp?eventId=531d2673',
  state: 'open',
  severity: 'major',
  ...overrides,
});

export const delivery = (overrides: Partial<Delivery> = {}): Delivery => ({
  ...{ key: KEY, attempt: 1, signal: AbortSignal.timeout(10_000) },
  ...overrides,
});

export const aChange = (...changedProperties: PropertyChange[]): EventChange => ({
  id: 'c0ffee00-0000-4000-8000-000000000001',
  changedProperties,
});

export const forwardedAs = (written: Written, event: OprEvent = anEvent()): Forwarded => ({
  ...{ event, ref: written.ref, snapshot: written.snapshot, state: 'forwarded', key: KEY },
});

export const stateChange = (currentValue: 'open' | 'in_progress' | 'resolved' | 'closed'): PropertyChange => ({
  ...{ kind: 'state_change', propertyName: 'state', currentValue },
});

export const annotation = (currentValue: string, annotationId: string, author = 'operator'): PropertyChange => ({
  ...{ kind: 'annotation_property_change', propertyName: 'annotation', changeOperation: 'insert' },
  ...{ currentValue, annotationId, author },
});

/** What a call threw; fails if it did not. */
export async function thrownBy(call: Promise<unknown>): Promise<Error> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('nothing was thrown');
}
