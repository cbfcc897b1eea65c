import { parseSettings, supportedForwardingType } from '@opr-connect/adapter-kit';
import type { PropertyChange } from '@opr-connect/opr';
import {
  aChange,
  anEvent,
  CHANGE_ID,
  closed,
  delivery,
  forwardedAs,
  KEY,
  openBench,
  SECRET,
  thrownBy,
  type Bench,
} from './webhook.fixture';
import { WebhookSettings } from './webhook.settings';

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.fake.close());

const sent = () => JSON.parse(bench.fake.deliveries.at(-1)?.body ?? '');

describe('an event', () => {
  it('becomes a ticket, once however often it is posted', async () => {
    const written = await bench.adapter.forwardEvent(anEvent(), delivery());
    expect(written).toEqual({ ref: { id: 'T-1', url: `${bench.fake.url}/T-1` } });
    expect(await bench.adapter.forwardEvent(anEvent(), delivery({ attempt: 2 }))).toEqual(written);
    expect(bench.fake.deliveries.map(({ headers }) => headers['webhook-id'])).toEqual([KEY, KEY]);
    expect(bench.fake.deliveries[0]?.body).toBe(bench.fake.deliveries[1]?.body);
    expect(bench.fake.tickets()).toMatchObject([
      {
        ...{ number: 'T-1', key: KEY, title: anEvent().title, state: 'open', severity: 'major' },
        ...{ customAttributes: { Customer: 'ACME' }, comments: [{ id: 'a-1', author: 'admin', text: 'seen' }] },
      },
    ]);
  });

  it('takes id and address from where the settings say', async () => {
    const adapter = bench.another({ answerId: 'url', answerUrl: 'nowhere.at.all' });
    expect(await adapter.forwardEvent(anEvent(), delivery())).toEqual({ ref: { id: `${bench.fake.url}/T-1` } });
  });

  it('is carried with every kind of change', async () => {
    const written = await bench.adapter.forwardEvent(anEvent(), delivery());
    const attribute = (key: string, currentValue: string | undefined): PropertyChange => ({
      ...{ kind: 'custom_attribute_property_change', propertyName: 'custom_attribute', key, currentValue },
      changeOperation: currentValue === undefined ? 'delete' : 'update',
    });
    const annotation: PropertyChange = {
      ...{ kind: 'annotation_property_change', propertyName: 'annotation', annotationId: 'a-2', author: 'op' },
      ...{ currentValue: 'looking', changeOperation: 'insert' },
    };
    const change = aChange(
      closed,
      { kind: 'string_property_change', propertyName: 'title', currentValue: 'Lüfter 🚒' },
      { kind: 'user_property_change', propertyName: 'assigned_user', currentUserId: '7', currentUserName: 'jdoe' },
      { kind: 'group_property_change', propertyName: 'assigned_group', currentGroupId: '-1', currentGroupName: '' },
      attribute('Customer', undefined),
      attribute('Site', 'Ulm'),
      { kind: 'integer_property_change', propertyName: 'duplicate_count', currentValue: 3 },
      { kind: 'symptom_property_change', propertyName: 'symptom', currentValue: 's-1', changeOperation: 'insert' },
      annotation,
    );
    const forwarded = forwardedAs(written);
    for (const attempt of [1, 2])
      await bench.adapter.forwardChange(change, forwarded, delivery({ key: CHANGE_ID, attempt }));
    expect(sent()).toMatchObject({
      type: 'event.changed',
      timestamp: '2024-03-29T21:00:00.000Z',
      data: {
        ...{ key: KEY, id: 'T-1', changeId: CHANGE_ID },
        changes: {
          ...{ state: 'closed', title: 'Lüfter 🚒', assignedUser: 'jdoe', assignedGroup: null, duplicateCount: 3 },
          ...{ customAttributes: { Customer: null, Site: 'Ulm' }, symptoms: { 's-1': '' } },
        },
        annotations: [{ id: 'a-2', operation: 'insert', author: 'op', text: 'looking' }],
        event: { id: anEvent().id },
      },
    });
    expect(bench.fake.ticket('T-1')).toMatchObject({ state: 'closed', title: 'Lüfter 🚒', assignedUser: 'jdoe' });
    expect(bench.fake.ticket('T-1').comments).toHaveLength(2);
    expect(bench.fake.counts.repeated).toBe(1);
  });

  it('has one megabyte of any text', async () => {
    const adapter = bench.another({ maxBodyBytes: 4_000_000 });
    const description = '🚒'.repeat(250_000);
    await adapter.forwardEvent(anEvent({ description }), delivery());
    expect(bench.fake.ticket('T-1').description).toBe(description);
  });
});

describe('a body of the user’s own', () => {
  it('is what the expression makes of the documented one', async () => {
    const adapter = bench.another({ bodyMapping: '{ "summary": data.event.title, "about": data.key, "what": type }' });
    bench.fake.faults.add({ kind: 'html' });
    await adapter.forwardEvent(anEvent(), delivery());
    expect(sent()).toEqual({ summary: anEvent().title, about: KEY, what: 'event.forwarded' });
    expect(await adapter.preview({ event: anEvent(), change: aChange(closed) }, delivery())).toEqual({
      ...{ summary: anEvent().title, about: KEY, what: 'event.changed' },
    });
  });

  it('is refused if nothing comes out, or if the expression fails', async () => {
    const refused = async (bodyMapping: string) =>
      (await thrownBy(bench.another({ bodyMapping }).forwardEvent(anEvent(), delivery()))).message;
    expect(await refused('data.nothing')).toBe('bodyMapping: makes nothing of this event');
    expect(await refused('$error("no")')).toMatch(/^bodyMapping: failed/);
    expect(bench.fake.deliveries).toHaveLength(0);
  });
});

describe('the adapter', () => {
  it('can be asked whether the receiver is there', async () => {
    await expect(bench.adapter.ping(AbortSignal.timeout(5_000))).resolves.toBeUndefined();
    expect(sent()).toMatchObject({ type: 'ping', data: {} });
    bench.fake.faults.add({ kind: 'status', status: 401 });
    await expect(bench.adapter.ping(AbortSignal.timeout(5_000))).rejects.toThrow('check the secret');
  });

  it('takes no hooks that nobody could verify', () => {
    expect(supportedForwardingType(bench.adapter)).toBe('synchronize_and_transfer_control');
    expect(supportedForwardingType(bench.another({ hookSecret: undefined }))).toBe('notify_and_update');
    expect(bench.adapter).not.toHaveProperty('getExternalEvent');
    expect(bench.adapter.traits).toEqual({ hooksMayReorder: true });
    expect(bench.another({ hooksInOrder: true }).traits).toEqual({ hooksMayReorder: false });
  });

  test.each([
    ['url', { url: 'http://example.com/' }, 'must be a URL without user and fragment'],
    ['url', { url: 'https://user:pass@example.com/' }, 'must be a URL without user and fragment'],
    ['changeUrl', { changeUrl: 'nowhere/{id}' }, 'must be a URL without user and fragment'],
    ['secret', { secret: 'short' }, 'must be whsec_ and the base64'],
    ['hookSecret', { signing: 'hmac', hookSecret: 'short' }, 'with signing: hmac, a text of at least 16'],
    ['signedText', { signedText: '{timestamp}' }, 'must contain {body}'],
    ['allowedHosts', { allowedHosts: ['https://example.com'] }, 'must be a list of host names'],
    ['allowedNetworks', { allowedNetworks: ['everything'] }, 'must be a list of loopback, private'],
    ['bodyMapping', { bodyMapping: '{ "a": ' }, 'is no JSONata expression'],
    ['hookMapping', { hookMapping: 'body.(' }, 'is no JSONata expression'],
    ['answerID', { answerID: 'id' }, 'is not a known field'],
  ])('refuses %s: %j', (field, settings, rule) => {
    const parsed = parseSettings(WebhookSettings, { url: 'https://example.com/', secret: SECRET, ...settings });
    const problems = parsed.ok ? [] : parsed.problems;
    expect(problems.find((problem) => problem.startsWith(`${field}: `))).toContain(rule);
    expect(problems.join()).not.toContain('pass@');
  });
});
