import { parseSettings, type Delivery, type Forwarded, type HookRequest, type Written } from '@opr-connect/adapter-kit';
import type { EventChange, OprEvent, PropertyChange } from '@opr-connect/opr';
import { JiraAdapter } from './jira.adapter';
import { JiraSettings } from './jira.settings';
import type { Flavour } from './jira.text';
import { FakeJira } from './testing';

export const TOKEN = 't0ken-of-the-integration-user';
export const HOOK_SECRET = "It's a Secret to Everybody";
export const USER = 'opr.connect';
export const KEY = 'b1f7c6c0-6f2f-5d0e-9a6e-0f5f3c2f8a11';
export const FLAVOURS = ['cloud', 'dataCenter'] as const;

/** Settings as a file has them. */
export type Overrides = Omit<Partial<JiraSettings>, 'mapping'> & { mapping?: object };

/** What the specs of this adapter stand on: an adapter, its fake, and what it logged. */
export interface Bench {
  fake: FakeJira;
  adapter: JiraAdapter;
  logged: { level: string; message: string }[];
  another(overrides?: Overrides): JiraAdapter;
}

export async function openBench(flavour: Flavour = 'cloud', overrides: Overrides = {}): Promise<Bench> {
  const fake = await FakeJira.start({ flavour, user: USER, token: TOKEN });
  const logged: Bench['logged'] = [];
  const log = {
    info: (message: string) => void logged.push({ level: 'info', message }),
    warn: (message: string) => void logged.push({ level: 'warn', message }),
  };
  const another = (own: Overrides = {}) =>
    new JiraAdapter(settingsFor(fake.url, flavour, { ...overrides, ...own }), {
      ...{ server: 'jira', hubId: 'spec', log },
    });
  return { fake, logged, another, adapter: another() };
}

export function settingsFor(url: string, flavour: Flavour, overrides: Overrides = {}): JiraSettings {
  const plain = {
    ...{ url, token: TOKEN, hookSecret: HOOK_SECRET, project: 'OPS', timeoutMs: 5_000, settleMs: 250 },
    ...(flavour === 'cloud' && { user: `${USER}@example.com` }),
  };
  const parsed = parseSettings(JiraSettings, { ...plain, ...overrides });
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  return parsed.value;
}

export const anEvent = (overrides: Partial<OprEvent> = {}): OprEvent => ({
  id: '531d2673-683f-429f-a742-b8680ee01a76',
  title: 'Error packets on eth0 above threshold',
  description: '4.78 % error packets\n\n* threshold {3 %}',
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

/** The hooks that the fake posts while something happens, as the core would store them. */
export async function hooksOf(bench: Bench, happening: () => unknown): Promise<HookRequest[]> {
  const received: HookRequest[] = [];
  const { createServer } = await import('node:http');
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      received.push({ headers, body: Buffer.concat(chunks), receivedAt: new Date().toISOString() });
      response.writeHead(202).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  bench.fake.hooks.target = { url: `http://127.0.0.1:${port}/hooks/jira`, secret: HOOK_SECRET };
  await happening();
  await bench.fake.hooks.quiet();
  bench.fake.hooks.target = undefined;
  await new Promise((resolve) => server.close(resolve));
  return received;
}

/** What a call threw; fails if it did not. */
export async function thrownBy(call: Promise<unknown>): Promise<Error> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('nothing was thrown');
}
