import { inspect } from 'node:util';
import {
  EVENT_ADAPTER,
  GoneError,
  MisconfiguredError,
  OutcomeUnknownError,
  parseSettings,
  RejectedError,
  supportedForwardingType,
  TransientError,
  UnreadableError,
  type Delivery,
  type Forwarded,
  type Seen,
} from '@opr-connect/adapter-kit';
import { FORWARDING_STATES, readEvent, readEventChange, type EventChange, type OprEvent } from '@opr-connect/opr';
import { OprAdapterFactory, type OprAdapter } from './opr.adapter';
import { OprAdapterModule } from './opr.module';
import { OprSettings } from './opr.settings';
import type { ReceivedCall } from '@opr-connect/adapter-kit/testing';
import { FakeOprParty } from './testing';

const PASSWORD = 'pass<w>ö & word';
const login = { user: 'hub', password: PASSWORD };
const TOKEN = Buffer.from(`hub:${PASSWORD}`).toString('base64');
const EVENT_TYPE = 'urn:x-hp:2009:software:data_model:opr:type:event';

let party: FakeOprParty;
beforeEach(async () => {
  party = await FakeOprParty.start(login);
});
afterEach(() => party.close());

function connect(settings: Partial<OprSettings>): OprAdapter {
  const parsed = parseSettings(OprSettings, { ...login, ...settings });
  if (!parsed.ok) throw new Error(parsed.problems.join());
  const log = { info: () => undefined, warn: () => undefined };
  return new OprAdapterFactory().connect(parsed.value, { server: 'other', hubId: 'h', log });
}

const toEndpoint = (settings: Partial<OprSettings> = {}) => connect({ endpointUrl: party.endpointUrl, ...settings });
const toSyncService = (settings: Partial<OprSettings> = {}) => connect({ syncUrl: party.syncUrl, ...settings });
const toBoth = () => connect({ endpointUrl: party.endpointUrl, syncUrl: party.syncUrl });

const delivery = (given: Partial<Delivery> = {}): Delivery => ({
  key: 'c1',
  attempt: 1,
  signal: new AbortController().signal,
  ...given,
});

const event: OprEvent = {
  id: '531d2673-683f-429f-a742-b8680ee01a76',
  title: 'Error packets <&> on eth0 – “fünf”',
  severity: 'minor',
  state: 'open',
  customAttributeList: { customAttribute: [{ name: 'Customer', value: 'ACME' }] },
  $extra: { content: [{ name: 'later_addition', content: ['kept'] }] },
};

const change: EventChange = {
  id: 'c1',
  timeCreated: '2024-03-29T21:10:00.120-04:00',
  changedProperties: [
    { kind: 'state_change', propertyName: 'state', previousValue: 'open', currentValue: 'in_progress' },
    {
      kind: 'annotation_property_change',
      propertyName: 'annotation',
      annotationId: 'a1',
      author: 'jdoe',
      currentValue: 'Cable checked.',
      changeOperation: 'insert',
    },
  ],
  modifiedBy: 'jdoe',
};

const row = (given: Partial<Forwarded> = {}): Forwarded => ({
  event,
  ref: { id: 'EXT00001' },
  state: 'forwarded',
  key: 'k',
  ...given,
});

const read = async (adapter: OprAdapter, forwarded: Forwarded, given: Partial<Delivery> = {}): Promise<Seen> => {
  const seen = await adapter.getExternalEvent?.(forwarded, delivery(given));
  if (!seen) throw new Error('the adapter has no read');
  return seen;
};

const failureOf = (call: Promise<unknown>): Promise<Error> =>
  call.then(
    () => Promise.reject(new Error('the call did not fail')),
    (error: Error) => error,
  );

function lastRequest(): ReceivedCall {
  const request = party.requests.at(-1);
  if (!request) throw new Error('nothing was received');
  return request;
}

const signal = () => new AbortController().signal;

it('is found by the word "opr" and makes no call when it is connected', () => {
  expect(Reflect.getMetadata(EVENT_ADAPTER, OprAdapterFactory)).toEqual({ key: 'opr', settings: OprSettings });
  expect(Reflect.getMetadata('exports', OprAdapterModule)).toContain(OprAdapterFactory);
  toBoth();
  expect(party.requests).toEqual([]);
});

it('tells that its party speaks OPR and what that party calls us, and so supports every forwarding type', () => {
  expect(toEndpoint().traits).toEqual({ speaksOpr: true, ownLogin: 'hub' });
  expect(supportedForwardingType(toEndpoint())).toBe('synchronize_and_transfer_control');
});

it('has no read where the settings say so', () => {
  expect(toEndpoint().getExternalEvent).toBeDefined();
  expect(toEndpoint({ readable: false }).getExternalEvent).toBeUndefined();
});

describe('to forward an event', () => {
  it('posts all of it, with our login, and learns the id and the page of the record', async () => {
    const written = await toEndpoint().forwardEvent(event, delivery());
    expect(written).toEqual({
      ref: { id: 'EXT00001', displayId: 'EXT00001', url: `${party.url}/records/EXT00001` },
    });
    const { method, path, headers, body } = lastRequest();
    expect([method, path]).toEqual(['POST', '/opr/hub/event']);
    expect(headers).toMatchObject({
      authorization: `Basic ${TOKEN}`,
      'content-type': 'application/xml;charset=UTF-8',
      accept: 'application/xml',
    });
    expect(readEvent(body)).toMatchObject(event);
  });

  it('minds nothing in the answer but id and page', async () => {
    const rest =
      '<state>Work In Progress</state><duplicate_count>many</duplicate_count><title>a</title><title>b</title>';
    const body = `<event xmlns="http://www.hp.com/2009/software/opr/data_model">${rest}<id>IM1</id><drilldown_url>https://desk.example.com/IM1</drilldown_url></event>`;
    party.answerNext({ status: 200, body });
    expect((await toEndpoint().forwardEvent(event, delivery())).ref).toEqual({
      ...{ id: 'IM1', displayId: 'IM1', url: 'https://desk.example.com/IM1' },
    });
  });

  it('takes the echo of the event, and two lines with an id', async () => {
    party.endpointAnswers = 'echo';
    expect((await toEndpoint().forwardEvent(event, delivery())).ref).toEqual({ id: event.id, displayId: event.id });
    party.endpointAnswers = 'minimal';
    const other = await toEndpoint().forwardEvent({ ...event, id: 'e2' }, delivery());
    expect(other.ref).toEqual({ id: 'EXT00002', displayId: 'EXT00002' });
  });

  it('does not mind a slash at the end of the URL', async () => {
    await toEndpoint({ endpointUrl: `${party.endpointUrl}//` }).forwardEvent(event, delivery());
    expect(lastRequest().path).toBe('/opr/hub/event');
  });

  it('trims the id, and takes no link that is not of the web', async () => {
    const body = `<event xmlns="http://www.hp.com/2009/software/opr/data_model"><id>\n IM1 </id><drilldown_url>javascript:alert(1)</drilldown_url></event>`;
    party.answerNext({ status: 201, body });
    expect((await toEndpoint().forwardEvent(event, delivery())).ref).toEqual({ id: 'IM1', displayId: 'IM1' });
  });

  it.each([
    ['an empty answer', { status: 204 }],
    ['an event without id', { status: 200, body: '<event xmlns="http://www.hp.com/2009/software/opr/data_model"/>' }],
    [
      'an event with an empty id',
      { status: 200, body: '<event xmlns="http://www.hp.com/2009/software/opr/data_model"><id> </id></event>' },
    ],
    [
      'an id that nobody could keep',
      {
        status: 200,
        body: `<event xmlns="http://www.hp.com/2009/software/opr/data_model"><id>${'x'.repeat(501)}</id></event>`,
      },
    ],
    ['an event of another namespace', { status: 200, body: '<event><id>IM1</id></event>' }],
    ['a log-in page', { status: 200, body: '<!DOCTYPE html><html><body>Log in</body></html>' }],
    ['an accepted request', { status: 202, body: 'queued' }],
  ])('counts %s as not delivered', async (_, answer) => {
    party.answerNext(answer);
    expect(await failureOf(toEndpoint().forwardEvent(event, delivery()))).toBeInstanceOf(TransientError);
  });

  it('gets the same id when it repeats after a lost answer', async () => {
    party.answerNext({ loseAnswer: true });
    const lost = await failureOf(toEndpoint({ settleMs: 50 }).forwardEvent(event, delivery()));
    expect(lost).toBeInstanceOf(OutcomeUnknownError);
    expect(lost).toMatchObject({ settleMs: 50 });
    const { ref } = await toEndpoint().forwardEvent(event, delivery({ attempt: 2 }));
    expect(ref.id).toBe(party.externalId(event.id ?? ''));
    const [first, second] = party.requests;
    expect(second?.body).toBe(first?.body);
  });

  it('is refused for this event alone where the party has no endpoint', async () => {
    const error = await failureOf(toSyncService().forwardEvent(event, delivery()));
    expect(error).toBeInstanceOf(RejectedError);
    expect(error.message).toBe('connected server "other" has no endpointUrl: events cannot be forwarded to it');
  });
});

describe('to forward a change', () => {
  it.each(FORWARDING_STATES.filter((state) => state !== 'received'))(
    'for a row that is %s: posts it to the endpoint, by the id there and with ours beside it',
    async (state) => {
      const adapter = toBoth();
      const { ref } = await adapter.forwardEvent(event, delivery());
      expect(await adapter.forwardChange(change, row({ ref, state }), delivery())).toEqual({ ref });
      const { method, path, headers, body } = lastRequest();
      expect([method, path]).toEqual(['POST', '/opr/hub/event_change/EXT00001']);
      expect(headers['content-type']).toBe('application/xml;charset=UTF-8');
      expect(readEventChange(body)).toMatchObject({
        ...change,
        eventRef: { targetId: 'EXT00001', targetGlobalId: event.id, targetType: EVENT_TYPE },
      });
      expect(party.event('EXT00001')).toMatchObject({ state: 'in_progress' });
    },
  );

  it('for a row that is received: posts it to the sync service, by the id of the event', async () => {
    party.forwarded(event);
    const forwarded = row({ state: 'received', ref: { id: event.id ?? '' } });
    expect(await toBoth().forwardChange(change, forwarded, delivery())).toEqual({ ref: forwarded.ref });
    const { method, path, body } = lastRequest();
    expect([method, path]).toEqual([
      'POST',
      `/opr-gateway/rest/9.10/synchronization/event_change/${encodeURIComponent(event.id ?? '')}`,
    ]);
    const sent = readEventChange(body);
    expect(sent).toMatchObject({ ...change, eventRef: { targetId: event.id, targetType: EVENT_TYPE } });
    expect(sent.eventRef).not.toHaveProperty('targetGlobalId');
    expect(party.event(event.id ?? '')).toMatchObject({
      state: 'in_progress',
      annotationList: { annotation: [{ id: 'a1', author: 'jdoe', text: 'Cable checked.' }] },
    });
  });

  it('names the event by its own id where a received row has no other', async () => {
    party.forwarded(event);
    const written = await toSyncService().forwardChange(
      change,
      row({ state: 'received', ref: { id: '' } }),
      delivery(),
    );
    expect(written).toEqual({ ref: { id: event.id } });
  });

  it('is refused at first and taken later, where the party notes only then that it forwarded the event', async () => {
    party.hold(event);
    const adapter = toSyncService();
    const forwarded = row({ state: 'received' });
    expect(await failureOf(adapter.forwardChange(change, forwarded, delivery()))).toBeInstanceOf(TransientError);
    party.forwarded(event.id ?? '');
    await adapter.forwardChange(change, forwarded, delivery({ attempt: 2 }));
    expect(party.event(event.id ?? '')).toMatchObject({ state: 'in_progress' });
  });

  it('carries the same change id when it repeats, so that nothing happens twice', async () => {
    party.forwarded(event);
    const adapter = toSyncService();
    const forwarded = row({ state: 'received' });
    party.answerNext({ loseAnswer: true });
    const lost = await failureOf(adapter.forwardChange(change, forwarded, delivery()));
    expect(lost).toBeInstanceOf(OutcomeUnknownError);
    await adapter.forwardChange(change, forwarded, delivery({ attempt: 2 }));
    expect(party.changes.map(({ change: sent }) => sent.id)).toEqual(['c1', 'c1']);
    expect(party.event(event.id ?? '')?.annotationList?.annotation).toHaveLength(1);
  });

  it('takes the key of the delivery for a change that has no id', async () => {
    party.forwarded(event);
    const unnamed = { ...change, id: undefined };
    await toSyncService().forwardChange(unnamed, row({ state: 'received' }), delivery({ key: 'k7' }));
    expect(readEventChange(lastRequest().body).id).toBe('k7');
  });

  it('names the event as this receiver knows it, whatever reference the change came with', async () => {
    party.forwarded(event);
    const foreign = { ...change, eventRef: { targetId: 'INC1', targetHref: 'http://elsewhere/INC1', title: 'x' } };
    await toSyncService().forwardChange(foreign, row({ state: 'received' }), delivery());
    const { targetId, targetType, ...rest } = readEventChange(lastRequest().body).eventRef ?? {};
    expect([targetId, targetType, rest]).toEqual([event.id, EVENT_TYPE, {}]);
  });

  it('is refused for this change alone where the party has no such side', async () => {
    const back = await failureOf(toEndpoint().forwardChange(change, row({ state: 'received' }), delivery()));
    const out = await failureOf(toSyncService().forwardChange(change, row(), delivery()));
    expect([back, out].map(({ name, message }) => [name, message])).toEqual([
      ['RejectedError', 'connected server "other" has no syncUrl: nothing can be synchronised back to it'],
      ['RejectedError', 'connected server "other" has no endpointUrl: changes cannot be forwarded to it'],
    ]);
    expect(party.requests).toEqual([]);
  });
});

describe('an id in a URL', () => {
  it.each(['a/b', '../../event', 'ü ñ 漢字 😀', 'x?y=1#z', '100%', '%2F', 'a;b', 'a\\b', '...'])(
    'is one segment, whatever is in it: %s',
    async (id) => {
      party.forwarded({ ...event, id });
      const adapter = toSyncService();
      const forwarded = row({ state: 'received', event: { ...event, id } });
      await adapter.forwardChange(change, forwarded, delivery());
      expect(party.changes.map((taken) => taken.id)).toEqual([id]);
      expect(lastRequest().path.endsWith(`/event_change/${encodeURIComponent(id)}`)).toBe(true);
      expect((await read(adapter, forwarded)).event?.id).toBe(id);
    },
  );

  it.each(['', '.', '..', '\ud800'])('is refused where no URL can carry it: %j', async (id) => {
    const forwarded = row({ state: 'received', event: { ...event, id } });
    const calls = [
      toSyncService().forwardChange(change, forwarded, delivery()),
      toEndpoint().forwardChange(change, row({ ref: { id } }), delivery()),
      read(toSyncService(), forwarded),
      read(toEndpoint(), row({ ref: { id } })),
    ];
    for (const call of calls) expect(await failureOf(call)).toBeInstanceOf(RejectedError);
    expect(party.requests).toEqual([]);
  });
});

describe('to read an event', () => {
  it.each(FORWARDING_STATES.filter((state) => state !== 'received'))(
    'for a row that is %s: asks the endpoint, by the id there',
    async (state) => {
      const adapter = toBoth();
      const { ref } = await adapter.forwardEvent(event, delivery());
      expect(await read(adapter, row({ ref, state }))).toMatchObject({ id: 'EXT00001', event, annotations: [] });
      expect(lastRequest()).toMatchObject({ method: 'GET', path: '/opr/hub/event/EXT00001', body: '' });
    },
  );

  it('for a row that is received: asks the sync service, by the id of the event', async () => {
    party.forwarded(event);
    const seen = await read(toBoth(), row({ state: 'received', ref: { id: 'not this one' } }));
    expect(seen).toMatchObject({ id: event.id, event, annotations: [] });
    expect(party.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `GET /opr-gateway/rest/9.10/synchronization/event/${event.id}`,
    ]);
  });

  it('asks no other side where one cannot answer', async () => {
    party.endpointReads = false;
    party.forwarded(event);
    expect(await failureOf(read(toBoth(), row({ ref: { id: event.id ?? '' } })))).toBeInstanceOf(UnreadableError);
    expect(party.requests.map(({ path }) => path)).toEqual([`/opr/hub/event/${event.id}`]);
  });

  it('is refused at first and answered later, where the party notes only then that it forwarded the event', async () => {
    party.hold(event);
    const adapter = toSyncService();
    const forwarded = row({ state: 'received' });
    expect(await failureOf(read(adapter, forwarded))).toBeInstanceOf(TransientError);
    party.forwarded(event.id ?? '');
    expect((await read(adapter, forwarded, { attempt: 2 })).event?.title).toBe(event.title);
  });

  it('does not wait for ever for an event that the party keeps from us, or has no more', async () => {
    const adapter = toSyncService();
    const forwarded = row({ state: 'received' });
    expect(await failureOf(read(adapter, forwarded, { attempt: 9 }))).toBeInstanceOf(GoneError);
    party.hold(event);
    expect(await failureOf(read(adapter, forwarded, { attempt: 9 }))).toBeInstanceOf(UnreadableError);
  });

  it('cannot, where the party has no such side', async () => {
    const back = await failureOf(read(toEndpoint(), row({ state: 'received' })));
    const out = await failureOf(read(toSyncService(), row()));
    expect([back, out].map(({ name, message }) => [name, message])).toEqual([
      ['UnreadableError', 'connected server "other" has no syncUrl: the event cannot be read there'],
      ['UnreadableError', 'connected server "other" has no endpointUrl: the event cannot be read there'],
    ]);
    expect(party.requests).toEqual([]);
  });

  it('cannot, where success has anything but an event in it', async () => {
    for (const body of ['', 'OK', '<html><body>Log in</body></html>', '<event><id>x</id></event>']) {
      party.answerNext({ status: 200, body });
      expect(await failureOf(read(toEndpoint(), row()))).toBeInstanceOf(UnreadableError);
    }
  });
});

describe('a ping', () => {
  it('asks both sides, and is content with any success', async () => {
    await toBoth().ping(signal());
    expect(party.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'HEAD /opr/hub',
      'HEAD /opr-gateway/rest/9.10/synchronization',
    ]);
    party.answerNext({ status: 204 });
    await toEndpoint().ping(signal());
  });

  it.each([405, 501])('asks with GET where HEAD is answered with %i', async (status) => {
    party.answerNext({ status }, { status: 200, body: 'OK' });
    await toEndpoint().ping(signal());
    expect(party.requests.map(({ method }) => method)).toEqual(['HEAD', 'GET']);
  });

  it('tells a wrong login from a server that is not there', async () => {
    const wrong = await failureOf(toEndpoint({ password: 'wrong' }).ping(signal()));
    expect(wrong).toBeInstanceOf(MisconfiguredError);
    expect(wrong.message).toBe(`HEAD ${party.endpointUrl}: 401 – check user and password`);
    const adapter = toEndpoint();
    await party.close();
    expect(await failureOf(adapter.ping(signal()))).toMatchObject({ name: 'TransientError', scope: 'server' });
    party = await FakeOprParty.start(login);
  });
});

describe('an error', () => {
  it('says what was asked, what was answered, and the other side’s reason', async () => {
    const body = '<?xml version="1.0"?><error>\n  <message>severity: no such word &quot;huge&quot;</message></error>';
    party.answerNext({ status: 422, body });
    const error = await failureOf(toEndpoint().forwardEvent(event, delivery()));
    expect(error.message).toBe(`POST ${party.endpointUrl}/event: 422 – severity: no such word "huge"`);
  });

  it('holds no credentials, even where the other side quotes them', async () => {
    const quoted = `no: ${PASSWORD} Basic ${TOKEN} ${PASSWORD.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')}`;
    const adapter = toBoth();
    const calls: (() => Promise<unknown>)[] = [
      () => adapter.forwardEvent(event, delivery()),
      () => adapter.forwardChange(change, row(), delivery()),
      () => adapter.forwardChange(change, row({ state: 'received' }), delivery({ attempt: 99 })),
      () => read(adapter, row()),
      () => read(adapter, row({ state: 'received' }), { attempt: 99 }),
      () => adapter.ping(signal()),
    ];
    for (const call of calls)
      for (const answer of [
        { status: 400, body: quoted },
        { status: 500, body: quoted },
        { status: 302, body: quoted },
        { status: 403, body: quoted },
        { loseAnswer: true },
      ]) {
        party.answerNext(answer);
        const shown = inspect(await failureOf(call()), { depth: 10, showHidden: true });
        for (const secret of [PASSWORD, TOKEN, 'ö & word']) expect(shown).not.toContain(secret);
      }
    party.answerNext({ status: 200, body: `<${TOKEN}>${PASSWORD}` });
    expect(inspect(await failureOf(adapter.forwardEvent(event, delivery())), { depth: 10 })).not.toContain(TOKEN);
  });

  it('does not come from a redirect that was followed', async () => {
    const elsewhere = await FakeOprParty.start(login);
    for (const status of [301, 302, 303, 307, 308]) {
      party.answerNext({ status, headers: { Location: `${elsewhere.endpointUrl}/event` } });
      const error = await failureOf(toEndpoint().forwardEvent(event, delivery()));
      expect(error).toBeInstanceOf(MisconfiguredError);
      expect(error.message).toContain('redirects are not followed');
    }
    expect(elsewhere.requests).toEqual([]);
    await elsewhere.close();
  });
});

describe('every call', () => {
  const calls: [string, (adapter: OprAdapter, stop: AbortSignal) => Promise<unknown>][] = [
    ['an event', (adapter, stop) => adapter.forwardEvent(event, delivery({ signal: stop }))],
    ['a change', (adapter, stop) => adapter.forwardChange(change, row(), delivery({ signal: stop }))],
    [
      'a change back',
      (adapter, stop) => adapter.forwardChange(change, row({ state: 'received' }), delivery({ signal: stop })),
    ],
    ['a read', (adapter, stop) => read(adapter, row(), { signal: stop })],
    ['a read back', (adapter, stop) => read(adapter, row({ state: 'received' }), { signal: stop })],
    ['a ping', (adapter, stop) => adapter.ping(stop)],
  ];

  it.each(calls)('ends when its signal aborts: %s', async (_, call) => {
    party.answerNext({ delayMs: 10_000 });
    const stop = new AbortController();
    const started = Date.now();
    setTimeout(() => stop.abort(), 50);
    const error = await failureOf(call(toBoth(), stop.signal));
    expect(Date.now() - started).toBeLessThan(2_000);
    expect(['TransientError', 'OutcomeUnknownError']).toContain(error.name);
  });

  it.each(calls)('ends at its own time-out: %s', async (_, call) => {
    party.answerNext({ delayMs: 10_000 });
    const adapter = connect({ endpointUrl: party.endpointUrl, syncUrl: party.syncUrl, timeoutMs: 100 });
    const started = Date.now();
    const error = await failureOf(call(adapter, signal()));
    expect(Date.now() - started).toBeLessThan(2_000);
    expect(error.message).toContain('no answer in time');
  });

  it('reads no more of an answer than it is told to', async () => {
    const body = 'x'.repeat(3_000);
    party.answerNext({ status: 200, body }, { status: 200, body });
    const adapter = toEndpoint({ maxAnswerBytes: 2_000 });
    expect(await failureOf(adapter.forwardEvent(event, delivery()))).toBeInstanceOf(OutcomeUnknownError);
    expect(await failureOf(read(adapter, row()))).toBeInstanceOf(TransientError);
  });
});
