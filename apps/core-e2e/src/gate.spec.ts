import type { EventChange, OprEvent, PropertyChange } from '@opr-connect/opr';
import { readEventChange, writeEvent, writeEventChange } from '@opr-connect/opr';
import { eventually, newEvent, noteChange, stateChange } from './support/events';
import { Installation, SECRETS } from './support/installation';
import { OprClient } from '@opr-connect/core/testing';
import { refusalIn } from './support/refusals';

const VERSIONED = '/opr-gateway/rest/9.10/synchronization';
const PLAIN = '/opr-gateway/rest/synchronization';

let hub: Installation;
/** Shared with the desk, as `synchronize`. */
let ours: string;
/** From the OBM, shared with ServiceNow only. */
let theirs: OprEvent & { id: string };
let number: string;

beforeAll(async () => {
  hub = await Installation.start({
    config: ({ obm, serviceNow }) => {
      const endpoint = `settings: { endpointUrl: '${obm.endpointUrl}', user: opr-connect, password: '\${OBM_OUT}' }`;
      const desk = (name: string): string =>
        `{ name: ${name}, adapter: opr, doubtWindow: 0, password: '\${DESK_IN}', ${endpoint} }`;
      return `
hubId: e2e
operators: [{ name: console, password: '\${CONSOLE}' }]
servers:
  - { name: obm, adapter: opr, password: '\${OBM_IN}', settings: { syncUrl: '${obm.syncUrl}', user: opr-connect, password: '\${OBM_OUT}' } }
  - { name: servicenow, adapter: servicenow, settings: { url: '${serviceNow.url}', user: opr.connect, password: '\${SN}', hookSecret: '\${HOOK}' } }
  - ${desk('desk')}
  - ${desk('told')}
  - ${desk('updated')}
  - { name: away, adapter: opr, password: '\${DESK_IN}', settings: { endpointUrl: 'http://127.0.0.1:9/', user: u, password: '\${OBM_OUT}' } }
rules:
  - { name: tickets, filter: { source: obm }, targets: [{ server: servicenow, type: synchronize }] }
  - { name: shared, filter: { source: local, category: shared }, targets: [{ server: desk, type: synchronize }] }
  - { name: told, filter: { source: local, category: told }, targets: [{ server: told, type: notify }] }
  - { name: updated, filter: { source: local, category: updated }, targets: [{ server: updated, type: notify_and_update }] }
  - { name: away, filter: { source: local, category: away }, targets: [{ server: away, type: synchronize }] }
`;
    },
  });
  theirs = newEvent();
  number = await hub.asObm.forward(theirs);
  ours = await submitted('shared');
});

afterAll(() => hub?.close());

async function submit(category: string): Promise<string> {
  const event = newEvent({ category });
  const answer = await hub.asOperator.send('POST', '/event_list', writeEvent(event));
  expect(answer.status).toBe(202);
  return event.id;
}

async function submitted(category: string): Promise<string> {
  const id = await submit(category);
  await eventually('the endpoint has the event', () => hub.obm.externalId(id));
  return id;
}

const as = (name: string, root = VERSIONED): OprClient => new OprClient(hub.core.url + root, name, SECRETS.DESK_IN);

const held = (id: string): Promise<OprEvent> => hub.asOperator.event(`/event_list/${id}`);

describe('A connected server that an event was not forwarded to', () => {
  it.each([VERSIONED, PLAIN])('can neither read nor change it at %s, and is told why', async (root) => {
    const desk = as('desk', root);
    for (const answer of [
      await desk.send('GET', `/event/${theirs.id}`),
      await desk.send('GET', `/event/${number}`),
      await desk.change(theirs.id, stateChange('closed')),
      await desk.send(
        'POST',
        '/event_change',
        writeEventChange({ ...stateChange('closed'), eventRef: { targetId: theirs.id } }),
      ),
    ]) {
      expect(answer.status).toBe(403);
      expect(refusalIn(answer)).toMatchObject({
        reason: 'not_forwarded',
        message: 'This event was not forwarded to desk',
      });
    }
    expect((await desk.send('HEAD', `/event/${theirs.id}`)).status).toBe(403);
    expect((await held(theirs.id)).state).toBe('open');
  });

  it.each([VERSIONED, PLAIN])('is told at %s that an event does not exist', async (root) => {
    const desk = as('desk', root);
    for (const answer of [
      await desk.send('GET', '/event/no-such-event'),
      await desk.change('no-such-event', stateChange('closed')),
    ]) {
      expect(answer.status).toBe(404);
      expect(refusalIn(answer)).toMatchObject({ reason: 'not_held' });
    }
  });

  it('is refused what waits for it while it cannot be reached', async () => {
    const answer = await as('away').send('GET', `/event/${await submit('away')}`);
    expect(answer.status).toBe(403);
    expect(refusalIn(answer)).toMatchObject({ reason: 'not_forwarded' });
  });

  it('may read it from the moment that it is told of it', async () => {
    hub.obm.answerNext({ delayMs: 2_000 });
    const id = await submit('shared');
    await eventually('the endpoint is called', () => hub.obm.requests.some(({ body }) => body.includes(id)));
    expect(hub.obm.externalId(id)).toBeUndefined();
    expect((await as('desk').event(`/event/${id}`)).id).toBe(id);
  });
});

describe('The forwarding type', () => {
  it.each([
    ['told', 'notify'],
    ['updated', 'notify_and_update'],
  ])('of %s lets it read, and refuses its changes by the name of the type', async (server, type) => {
    const id = await submitted(server);
    expect((await as(server).event(`/event/${id}`)).id).toBe(id);
    for (const change of [stateChange('closed'), noteChange('seen')]) {
      const answer = await as(server).change(id, change);
      expect(answer.status).toBe(403);
      const refusal = refusalIn(answer);
      expect(refusal).toMatchObject({ reason: 'type_forbids_changes' });
      expect(refusal['message']).toContain(` as ${type},`);
    }
    const event = await held(id);
    expect(event.state).toBe('open');
    expect(event.annotationList?.annotation ?? []).toEqual([]);
  });
});

const UNSETTABLE: [string, PropertyChange][] = [
  ['category', { kind: 'string_property_change', propertyName: 'category', currentValue: 'other' }],
  ['sub_category', { kind: 'string_property_change', propertyName: 'sub_category', currentValue: 'other' }],
  ['object', { kind: 'string_property_change', propertyName: 'object', currentValue: 'other' }],
  ['application', { kind: 'string_property_change', propertyName: 'application', currentValue: 'other' }],
  [
    'time_state_changed',
    { kind: 'time_property_change', propertyName: 'time_state_changed', currentValue: '2024-01-01T00:00:00Z' },
  ],
  ['duplicate_count', { kind: 'integer_property_change', propertyName: 'duplicate_count', currentValue: 7 }],
  [
    'annotation',
    { kind: 'annotation_property_change', propertyName: 'annotation', annotationId: 'a', changeOperation: 'delete' },
  ],
  [
    'custom_attribute',
    { kind: 'custom_attribute_property_change', propertyName: 'custom_attribute', key: 'a', changeOperation: 'delete' },
  ],
];

describe('A property that a connected server may not set', () => {
  it.each(UNSETTABLE)('%s is refused by name, with all that came with it', async (property, change) => {
    const before = await held(ours);
    const answer = await as('desk').change(ours, {
      changedProperties: [...(stateChange('in_progress').changedProperties ?? []), change],
    });
    expect(answer.status).toBe(403);
    const refusal = refusalIn(answer);
    expect(refusal).toMatchObject({ reason: 'property_not_settable', element: property });
    expect(refusal['message']).toContain(property);
    expect(await held(ours)).toEqual(before);
  });

  it('may be set by the OBM that the event came from, like all others', async () => {
    const mine = newEvent();
    await hub.asObm.forward(mine);
    const changedProperties: PropertyChange[] = [
      ...UNSETTABLE.slice(0, 4).map(([, change]) => change),
      { kind: 'string_property_change', propertyName: 'title', currentValue: 'another title' },
      { kind: 'severity_property_change', propertyName: 'severity', currentValue: 'minor' },
      { kind: 'priority_property_change', propertyName: 'priority', currentValue: 'high' },
      { kind: 'state_change', propertyName: 'state', currentValue: 'in_progress' },
    ];
    const answer = await hub.asObm.change(mine.id, { changedProperties });
    expect([answer.status, answer.body]).toEqual([200, expect.any(String)]);
    expect(await held(mine.id)).toMatchObject({
      ...{ category: 'other', subCategory: 'other', object: 'other', application: 'other' },
      ...{ title: 'another title', severity: 'minor', priority: 'high', state: 'in_progress' },
    });
  });
});

describe('The Event Synchronization Web Service', () => {
  it.each([VERSIONED, PLAIN])('answers at %s: ping, event and change', async (root) => {
    const desk = as('desk', root);
    expect((await desk.send('GET', '')).status).toBe(200);
    expect(await desk.send('HEAD', '')).toMatchObject({ status: 200, body: '' });
    expect(await desk.send('HEAD', `/event/${ours}`)).toMatchObject({ status: 200, body: '' });
    expect(await desk.event(`/event/${ours}`)).toMatchObject({ id: ours, category: 'shared' });
    const text = `a note at ${root}`;
    const byPath = await desk.change(ours, noteChange(text, 'change-of-the-desk'));
    expect(byPath.status).toBe(200);
    expect(readEventChange(byPath.body)).toMatchObject({ id: 'change-of-the-desk', eventRef: { targetId: ours } });
    const byBody = await desk.send(
      'POST',
      '/event_change',
      writeEventChange({ ...stateChange('in_progress'), eventRef: { targetId: ours } }),
    );
    expect(byBody.status).toBe(200);
    expect((await held(ours)).state).toBe('in_progress');
  });

  it('knows an event by the id that the server itself gave to it', async () => {
    const external = hub.obm.externalId(ours) ?? '';
    const byItsOwn = async () =>
      (await as('desk').send('GET', `/event/${encodeURIComponent(external)}`)).status === 200;
    await eventually('the id is known', byItsOwn);
  });
});

const CONTRADICTIONS: [string, EventChange['eventRef'] & object][] = [
  ['target_id', { targetId: 'OTHER' }],
  ['target_global_id', { targetGlobalId: 'OTHER' }],
];

describe('Ids that contradict each other', () => {
  it.each(CONTRADICTIONS)('%s in a change back: 400, and neither event changes', async (_name, reference) => {
    const other = await submitted('shared');
    const before = [await held(ours), await held(other)];
    const eventRef = JSON.parse(JSON.stringify(reference).replace('OTHER', other)) as typeof reference;
    const answer = await as('desk').change(ours, { ...stateChange('closed'), eventRef });
    expect(answer.status).toBe(400);
    expect(refusalIn(answer)).toMatchObject({ reason: 'ids_contradict' });
    expect([await held(ours), await held(other)]).toEqual(before);
  });

  it.each(CONTRADICTIONS)(
    '%s in a change that the OBM forwards: 400, and neither event changes',
    async (_name, reference) => {
      const other = newEvent();
      await hub.asObm.forward(other);
      const before = [await held(theirs.id), await held(other.id)];
      const eventRef = JSON.parse(JSON.stringify(reference).replace('OTHER', other.id)) as typeof reference;
      const answer = await hub.asObm.change(theirs.id, { ...stateChange('closed'), eventRef });
      expect(answer.status).toBe(400);
      expect(refusalIn(answer)).toMatchObject({ reason: 'ids_contradict' });
      expect([await held(theirs.id), await held(other.id)]).toEqual(before);
    },
  );
});

describe('The endpoint of a source', () => {
  it('answers a ping to its own server', async () => {
    expect((await hub.asObm.send('GET', '')).status).toBe(200);
    expect(await hub.asObm.send('HEAD', '')).toMatchObject({ status: 200, body: '' });
  });

  it.each([
    ['GET', ''],
    ['GET', '/event/x'],
    ['POST', '/event'],
    ['POST', '/event_change/x'],
  ])('refuses %s %s to everybody else', async (method, path) => {
    const desk = new OprClient(`${hub.core.url}/opr/obm`, 'desk', SECRETS.DESK_IN);
    const answer = await desk.send(method, path, method === 'POST' ? writeEvent(newEvent()) : undefined);
    expect(answer.status).toBe(403);
    expect(refusalIn(answer)).toMatchObject({ reason: 'not_your_path' });
  });

  it('reads an event by its own id, by the id of the row, and by the number of the incident', async () => {
    const [row] = await hub.rows<{ id: string }>(
      `select f.id from forwarded_event f join event e on e.id = f.event where e.event_id = '${theirs.id}' and f.state = 'received'`,
    );
    for (const id of [theirs.id, row?.id ?? '', number]) {
      expect((await hub.asObm.event(`/event/${id}`)).id).toBe(theirs.id);
      expect(await hub.asObm.send('HEAD', `/event/${id}`)).toMatchObject({ status: 200, body: '' });
    }
    expect((await hub.asObm.send('GET', '/event/INC9999999')).status).toBe(404);
  });

  it('reads an event whose id is as long as an id may be', async () => {
    const long = newEvent({ id: `long-${'x'.repeat(251)}` });
    await hub.asObm.forward(long);
    expect((await hub.asObm.event(`/event/${long.id}`)).id).toBe(long.id);
  });
});
