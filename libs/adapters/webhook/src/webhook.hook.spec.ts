import type { HookRequest, Seen } from '@opr-connect/adapter-kit';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebhookAdapter } from './webhook.adapter';
import {
  anEvent,
  aChange,
  CHANGE_ID,
  closed,
  delivery,
  forwardedAs,
  hookBody,
  hookOf,
  HOOK_SECRET,
  KEY,
  openBench,
  thrownBy,
  type Bench,
} from './webhook.fixture';

let bench: Bench;
let door: Server;
/** What came through the door, as the hub keeps it: hooks that fit their signatures. */
let taken: HookRequest[];
beforeEach(async () => {
  bench = await openBench();
  taken = [];
  door = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      const hook = { headers, body: Buffer.concat(chunks), receivedAt: new Date().toISOString() };
      try {
        bench.adapter.verifyHook?.(hook);
        taken.push(hook);
        response.writeHead(202).end();
      } catch (error) {
        response.writeHead(401).end(String(error));
      }
    });
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  bench.fake.hooks.target = { url: `http://127.0.0.1:${(door.address() as AddressInfo).port}/`, secret: HOOK_SECRET };
});
afterEach(async () => {
  await bench.fake.close();
  door.closeAllConnections();
  await new Promise((resolve) => door.close(resolve));
});

const understood = async (hook: HookRequest, adapter: WebhookAdapter = bench.adapter): Promise<Seen[]> =>
  (await adapter.receiveChange?.(hook, AbortSignal.timeout(5_000))) ?? [];
const told = async (): Promise<Seen[]> => {
  await bench.fake.hooks.quiet();
  return (await Promise.all(taken.map((hook) => understood(hook)))).flat();
};
const refused = async (data: unknown) => (await thrownBy(understood(hookBody(data)))).message;

describe('a hook', () => {
  it('tells what people do', async () => {
    await bench.adapter.forwardEvent(anEvent(), delivery());
    const anna = bench.fake.asPerson('anna');
    anna.update('T-1', {
      state: 'closed',
      severity: 'critical',
      assignedUser: null,
      customAttributes: { Site: 'Ulm' },
    });
    anna.comment('T-1', 'done ✓');
    const [first, second] = await told();
    expect(first).toEqual({
      ...{ id: 'T-1', changeId: expect.stringMatching(/^msg_/), annotations: [] },
      changes: [
        { kind: 'state_change', propertyName: 'state', currentValue: 'closed' },
        { kind: 'severity_property_change', propertyName: 'severity', currentValue: 'critical' },
        { kind: 'user_property_change', propertyName: 'assigned_user', currentUserName: '' },
        {
          ...{ kind: 'custom_attribute_property_change', propertyName: 'custom_attribute', key: 'Site' },
          ...{ currentValue: 'Ulm', changeOperation: 'update' },
        },
      ],
    });
    expect(second).toMatchObject({
      changes: [],
      annotations: [{ id: 'c-1', author: 'anna', text: 'done ✓', own: false }],
    });
  });

  it('tells that a record was deleted', async () => {
    await bench.adapter.forwardEvent(anEvent(), delivery());
    bench.fake.asPerson('anna').delete('T-1');
    expect(await told()).toMatchObject([{ id: 'T-1', gone: 'it was deleted by the receiver' }]);
  });

  it('names the delivery that it echoes, also that of the event itself', async () => {
    bench.fake.hooks.behaviour.echo = true;
    const written = await bench.adapter.forwardEvent(anEvent(), delivery());
    await bench.adapter.forwardChange(aChange(closed), forwardedAs(written), delivery({ key: CHANGE_ID }));
    expect((await told()).map(({ changeId }) => changeId)).toEqual([KEY, CHANGE_ID]);
  });

  it('has one id however often it comes', async () => {
    await bench.adapter.forwardEvent(anEvent(), delivery());
    bench.fake.hooks.behaviour.doubled = true;
    bench.fake.asPerson('anna').comment('T-1', 'twice');
    const [first, second, ...others] = (await told()).map(({ changeId }) => changeId);
    expect(first).toBe(second);
    expect(others).toEqual([]);
  });

  it('is told late, and in another order', async () => {
    await bench.adapter.forwardEvent(anEvent(), delivery());
    Object.assign(bench.fake.hooks.behaviour, { delayMs: 20, reordered: true });
    for (const state of ['in_progress', 'closed', 'open']) bench.fake.asPerson('anna').update('T-1', { state });
    const states = (await told()).flatMap(({ changes = [] }) =>
      changes.map((change) => 'currentValue' in change && change.currentValue),
    );
    expect(states).toEqual(['closed', 'in_progress', 'open']);
  });

  test.each([
    ['forged', { forged: true }],
    ['stale', { clockSkewMs: -400_000 }],
    ['from the future', { clockSkewMs: 400_000 }],
  ])('is not taken if it is %s', async (_, behaviour) => {
    await bench.adapter.forwardEvent(anEvent(), delivery());
    Object.assign(bench.fake.hooks.behaviour, behaviour);
    bench.fake.asPerson('mallory').update('T-1', { state: 'closed' });
    expect(await told()).toEqual([]);
    expect(bench.fake.hooks.sent).toMatchObject([{ status: 401 }]);
  });

  it('is not taken when it is played again later, or altered', async () => {
    await bench.adapter.forwardEvent(anEvent(), delivery());
    bench.fake.asPerson('anna').update('T-1', { state: 'closed' });
    await told();
    const [sent] = bench.fake.hooks.sent;
    if (!sent) throw new Error('no hook was sent');
    const altered = hookOf({ ...sent, body: sent.body.replace('closed', 'open') });
    expect(() => bench.adapter.verifyHook?.(altered)).toThrow('does not fit the body');
    const later = Number(sent.headers['webhook-timestamp']) + 100;
    const again = hookOf({ ...sent, headers: { ...sent.headers, 'webhook-timestamp': String(later) } });
    expect(() => bench.adapter.verifyHook?.(again)).toThrow('does not fit the body');
  });

  test.each([
    ['data', 'x', 'hook: data: must be an object'],
    ['key', {}, 'hook: data.key: or id must be given'],
    ['an unknown field', { key: KEY, status: 'closed' }, 'hook: data.status: is not a known field'],
    [
      'a state',
      { key: KEY, changes: { state: 'done' } },
      'hook: data.changes.state: must be one of open, in_progress, resolved, closed',
    ],
    [
      'a property',
      { key: KEY, changes: { category: 'x' } },
      'hook: data.changes.category: is not a property that a connected server may change',
    ],
    [
      'an attribute',
      { key: KEY, changes: { customAttributes: { a: null } } },
      'hook: data.changes.customAttributes.a: must be a text',
    ],
    ['a text', { key: KEY, annotations: [{ text: 7 }] }, 'hook: data.annotations[0].text: must be a text'],
    [
      'a time',
      { key: KEY, annotations: [{ text: 'x', time: 'noon' }] },
      'hook: data.annotations[0].time: must be a time (ISO 8601)',
    ],
  ])('is refused by field and rule: %s', async (_, data, message) => {
    expect(await refused(data)).toBe(message);
  });

  it('is refused if it is no JSON, or of another type', async () => {
    const other = hookOf({ headers: {}, body: '{"type":"ticket.created","data":{}}' });
    expect((await thrownBy(understood(other))).message).toBe('hook: type: must be event.changed or event.deleted');
    expect((await thrownBy(understood(hookOf({ headers: {}, body: '<html>' })))).message).toContain('must be JSON');
    expect(await understood(hookOf({ headers: {}, body: '{"type":"ping"}' }))).toEqual([]);
  });

  it('may be in words of its own, that an expression translates', async () => {
    const hookMapping = `headers."x-github-event" = "issues" ? {
      "id": $string(body.issue.number),
      "changes": { "state": body.issue.state = "closed" ? "closed" : "open" },
      "annotations": body.comment.{ "id": $string(id), "author": user, "text": body }
    }`;
    const adapter = bench.another({ hookMapping });
    const body = JSON.stringify({
      issue: { number: 7, state: 'closed' },
      comment: { id: 1, user: 'anna', body: 'done' },
    });
    const headers = { 'x-github-event': 'issues', 'webhook-id': 'msg_7' };
    expect(await understood(hookOf({ headers, body }), adapter)).toEqual([
      {
        ...{
          id: '7',
          changeId: 'msg_7',
          changes: [{ kind: 'state_change', propertyName: 'state', currentValue: 'closed' }],
        },
        annotations: [{ id: '1', author: 'anna', text: 'done', own: false }],
      },
    ]);
    expect(await understood(hookOf({ headers: {}, body }), adapter)).toEqual([]);
  });

  it('may be about several events', async () => {
    const adapter = bench.another({ hookMapping: 'body.{ "id": id, "changes": { "title": t } }' });
    const body = '[{"id":"1","t":"a"},{"id":"2","t":"b"}]';
    const seen = await understood(hookOf({ headers: { 'webhook-id': 'msg_1' }, body }), adapter);
    expect(seen.map(({ id, changeId }) => [id, changeId])).toEqual([
      ['1', 'msg_1'],
      ['2', 'msg_1#1'],
    ]);
  });
});
