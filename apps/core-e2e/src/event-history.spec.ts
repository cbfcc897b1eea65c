import { eventually, newEvent, noteChange, stateChange } from './support/events';
import { Installation, type ApiBody } from './support/installation';

let hub: Installation;
beforeAll(async () => {
  hub = await Installation.start({
    config: ({ obm, serviceNow }) => `
hubId: e2e
operators: [{ name: console, password: '\${CONSOLE}' }]
servers:
  - name: obm
    adapter: opr
    password: '\${OBM_IN}'
    answerWithin: 0
    settings: { syncUrl: '${obm.syncUrl}', user: opr-connect, password: '\${OBM_OUT}' }
  - name: servicenow
    adapter: servicenow
    idAttribute: ''
    urlAttribute: ''
    settings: { url: '${serviceNow.url}', user: opr.connect, password: '\${SN}', hookSecret: '\${HOOK}', settleMs: 500 }
  - name: slow
    adapter: opr
    ratePerMinute: 1
    settings: { endpointUrl: '${obm.endpointUrl}', user: opr-connect, password: '\${OBM_OUT}' }
  - name: broken
    adapter: servicenow
  - name: asleep
    adapter: opr
    active: false
    settings: { endpointUrl: '${obm.endpointUrl}', user: opr-connect, password: '\${OBM_OUT}' }
rules:
  - name: critical ones
    filter: { source: obm, severity: [critical, major], category: Storage }
    targets: [{ server: servicenow, type: synchronize }]
  - { name: retired, active: false, targets: [{ server: servicenow, type: notify }] }
  - { name: held, filter: { category: Held }, targets: [{ server: servicenow, type: synchronize, hold: 3600 }] }
  - { name: told slowly, filter: { category: Slow }, targets: [{ server: slow, type: notify }] }
  - { name: never, filter: { category: Broken }, targets: [{ server: broken, type: notify }] }
`,
  });
});
afterAll(() => hub?.close());
afterEach(() => hub.serviceNow.faults.clear());

async function historyOf(id: string, query = ''): Promise<ApiBody> {
  const { status, body } = await hub.api('GET', `/events/${encodeURIComponent(id)}/history${query}`);
  expect([status, body]).toEqual([200, expect.anything()]);
  expect(body.events).toHaveLength(1);
  return body.events[0];
}

const serverIn = (event: ApiBody, name: string): ApiBody =>
  event.servers.find(({ server }: { server: string }) => server === name);

/** What is said of the messages that wait for a server, once there are any of which this is said. */
async function whyOf(id: string, name: string, expected: RegExp): Promise<string[]> {
  let said: string[] = [];
  await eventually(`${name}: ${expected.source}`, async () => {
    said = serverIn(await historyOf(id), name).messages.map(({ why }: { why: string }) => why);
    return said.some((why) => expected.test(why));
  }).catch((error: Error) => expect([error.message, said]).toEqual([]));
  return said;
}

async function forwarded(more: Parameters<typeof newEvent>[0] = {}): Promise<string> {
  const event = newEvent(more);
  await hub.asObm.forward(event);
  return event.id;
}

/** The number of its incident, once there is one. */
const numberOf = (id: string): Promise<string> =>
  eventually('the incident', async () => serverIn(await historyOf(id), 'servicenow').externalId);

/** What was decided beside what web hooks told, which come when they want. */
const decided = (event: ApiBody): ApiBody[] =>
  event.history.filter(({ what }: { what: string }) => !['no news', 'in doubt', 'read'].includes(what));

const nothingWaits = (id: string): Promise<boolean> =>
  eventually('nothing waits', async () => serverIn(await historyOf(id), 'servicenow').messages.length === 0);

describe('The history of an event', () => {
  it('is found by every id of it, and says what was decided, of whom, and in which order', async () => {
    const id = await forwarded();
    const number = await numberOf(id);
    await hub.asObm.change(number, noteChange('seen by us'));
    await eventually('the note is delivered', async () => decided(await historyOf(id)).length === 5);
    const history = await historyOf(id);
    expect(history).toMatchObject({ eventId: id, source: 'obm', title: 'Disk array controller failed' });
    expect(decided(history)).toMatchObject([
      { what: 'forward', server: 'servicenow', detail: 'critical ones' },
      { what: 'delivered', server: 'servicenow', detail: number },
      { what: 'accepted', server: 'obm', detail: 'annotation' },
      { what: 'carried', server: 'servicenow', detail: 'annotation' },
      { what: 'delivered', server: 'servicenow', detail: number },
    ]);
    expect(serverIn(history, 'servicenow')).toMatchObject({
      ...{ state: 'forwarded', type: 'synchronize', rule: 'critical ones', externalId: number, messages: [] },
      ...{ externalUrl: expect.stringContaining('http'), changes: 'are carried to it' },
    });
    const sysId = hub.serviceNow.incident(number)['sys_id'] ?? '';
    const rows = await hub.rows<{ id: string }>(
      `select f.id from forwarded_event f join event e on e.id = f.event where e.event_id = '${id}'`,
    );
    for (const name of [number, sysId, history.id, ...rows.map((row) => row.id)])
      expect((await historyOf(name)).id).toBe(history.id);
  });

  it('is read page by page, back from the newest line', async () => {
    const id = await forwarded();
    await numberOf(id);
    await hub.asObm.change(id, noteChange('one more'));
    await eventually('all is quiet', async () => (await hub.rows('select from outbox_message')).length === 0);
    const all = (await historyOf(id)).history;
    const newest = (await historyOf(id, '?limit=2')).history;
    expect(newest).toEqual(all.slice(-2));
    expect((await historyOf(id, `?limit=2&before=${newest[0].seq}`)).history).toEqual(all.slice(-4, -2));
    expect(await hub.api('GET', `/events/${id}/history?limit=0`)).toMatchObject({ status: 400 });
  });

  it('says of each server that was not chosen which condition of which rule does not hold', async () => {
    const id = await forwarded({ severity: 'minor' });
    const history = await historyOf(id);
    expect(serverIn(history, 'servicenow')).toEqual({
      ...{ server: 'servicenow', state: 'not forwarded' },
      why: [
        'rule "critical ones" does not match: filter.severity does not hold for "minor"',
        'rule "retired" is not active',
        'rule "held" does not match: filter.category does not hold for "Storage"',
      ],
    });
    expect(serverIn(history, 'asleep').why).toEqual(['the server is not active']);
  });

  it('tells what waits, how often it was tried, why it failed, and behind what the rest waits', async () => {
    hub.serviceNow.faults.add({ kind: 'status', status: 500, path: '/table/incident', times: 0 });
    const id = await forwarded();
    await hub.asObm.change(id, noteChange('behind'));
    const [first, second] = await whyOf(id, 'servicenow', /paused until|tried again|one call at a time/);
    expect(first).toMatch(/500/);
    expect(second).toBe('waits for an earlier message of this event');
    const [message] = serverIn(await historyOf(id), 'servicenow').messages;
    expect(message).toMatchObject({ kind: 'forward', attempts: expect.any(Number) });
    expect(message.reasons[0]).toMatchObject({ attempt: 1, reason: expect.stringContaining('500') });
    hub.serviceNow.faults.clear();
    await hub.api('POST', '/servers/servicenow/resume');
    await nothingWaits(id);
  });

  it('tells until when the server is paused, and why', async () => {
    hub.serviceNow.faults.add({ kind: 'status', status: 429, headers: { 'Retry-After': '60' } });
    const id = await forwarded();
    const [why] = await whyOf(id, 'servicenow', /paused until/);
    const [, until, reason] = /until (\S+): (.*)$/.exec(why ?? '') ?? [];
    expect(Date.parse(until ?? '')).toBeGreaterThan(Date.now() + 30_000);
    expect(reason).toContain('429');
    await hub.api('POST', '/servers/servicenow/resume');
    await nothingWaits(id);
  });

  it('tells who holds the server, and why', async () => {
    await hub.api('POST', '/servers/servicenow/pause', { reason: 'they are upgrading' });
    const id = await forwarded();
    expect(await whyOf(id, 'servicenow', /held by/)).toEqual(['the server is held by console: they are upgrading']);
    await hub.api('POST', '/servers/servicenow/resume');
    await nothingWaits(id);
  });

  it('tells of a dead letter, and of what is parked behind it', async () => {
    const error = { message: 'Operation Failed', detail: 'Data Policy Exception: caller is mandatory' };
    hub.serviceNow.faults.add({ kind: 'status', status: 403, method: 'POST', path: '/table/incident', error });
    const id = await forwarded();
    await hub.asObm.change(id, noteChange('parked'));
    const [dead, parked] = await whyOf(id, 'servicenow', /dead letter until/);
    expect(dead).toMatch(/caller is mandatory/);
    expect(parked).toBe('waits for the forward of this event, which is a dead letter');
    expect(serverIn(await historyOf(id), 'servicenow').state).toBe('failed');
  });

  it('tells of a forward that the rule holds, and that it was withdrawn', async () => {
    const id = await forwarded({ category: 'Held' });
    const [why] = await whyOf(id, 'servicenow', /held by the rule/);
    const [, until] = /^is held by the rule until (\S+)$/.exec(why ?? '') ?? [];
    expect(Date.parse(until ?? '')).toBeGreaterThan(Date.now() + 3_000_000);
    await hub.asObm.change(id, stateChange('closed'));
    const history = await historyOf(id);
    expect(serverIn(history, 'servicenow')).toMatchObject({
      ...{ state: 'cancelled', messages: [], changes: 'are not carried to it: it is cancelled' },
    });
    expect(history.history).toContainEqual(
      expect.objectContaining({ what: 'withdrawn', server: 'servicenow', detail: 'closed before it was forwarded' }),
    );
  });

  it('tells of a rate that is used up, and of a type that carries no changes', async () => {
    await forwarded({ category: 'Slow' });
    const id = await forwarded({ category: 'Slow' });
    expect(await whyOf(id, 'slow', /rate/)).toEqual(['waits for its turn: the rate of 1 calls a minute is used up']);
    expect(serverIn(await historyOf(id), 'slow').changes).toBe('are not carried to it: its forwarding type is notify');
  });

  it('tells of a server that is set aside', async () => {
    const id = await forwarded({ category: 'Broken' });
    expect(await whyOf(id, 'broken', /set aside/)).toEqual([expect.stringContaining('settings.url')]);
  });

  it('of an event that is retired is gone, whichever id is asked for', async () => {
    const id = await forwarded();
    const number = await numberOf(id);
    await nothingWaits(id);
    await hub.rows(`update event set retired_at = now() where event_id = '${id}'`);
    for (const path of [`/events/${id}`, `/events/${number}/history`])
      expect(await hub.api('GET', path)).toMatchObject({
        status: 410,
        body: { reason: 'retired', message: expect.stringMatching(/since \d{4}-.* only its ids are kept$/) },
      });
  });

  it('by an id that nobody uses is not found, and needs an operator', async () => {
    for (const path of ['/events/nobody', '/events/nobody/history'])
      expect(await hub.api('GET', path)).toEqual({
        status: 404,
        body: { status: 404, reason: 'not_found', message: expect.stringContaining('by this id') },
      });
    expect((await fetch(`${hub.core.url}/api/events/nobody/history`)).status).toBe(401);
  });
});

describe('An event of the API', () => {
  it('is the event as the hub holds it, with who shares it', async () => {
    const id = await forwarded({ title: 'Read me' });
    const number = await numberOf(id);
    const { body } = await hub.api('GET', `/events/${number}`);
    expect(body.events).toMatchObject([
      {
        ...{ eventId: id, source: 'obm', event: { id, title: 'Read me', severity: 'critical' } },
        servers: [
          { server: 'obm', state: 'received', externalId: id },
          { server: 'servicenow', state: 'forwarded', externalId: number },
        ],
      },
    ]);
  });
});
