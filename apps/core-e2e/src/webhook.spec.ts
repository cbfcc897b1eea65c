import { FakeWebhookReceiver } from '@opr-connect/adapter-webhook/testing';
import { eventually, newEvent, noteChange, stateChange } from './support/events';
import { Installation, SECRETS } from './support/installation';

let hub: Installation;
let desk: FakeWebhookReceiver;

beforeAll(async () => {
  desk = await FakeWebhookReceiver.start({ secret: SECRETS.WEBHOOK_OUT });
  hub = await Installation.start({
    config: ({ obm }) => `
hubId: hub
servers:
  - { name: obm, adapter: opr, password: '\${OBM_IN}', settings: { syncUrl: '${obm.syncUrl}', user: opr-connect, password: '\${OBM_OUT}' } }
  - name: desk
    adapter: webhook
    settings: { url: '${desk.url}', secret: '\${WEBHOOK_OUT}', hookSecret: '\${WEBHOOK_IN}', allowedNetworks: [loopback], settleMs: 100 }
rules:
  - { name: all, filter: { source: obm }, targets: [{ server: desk, type: synchronize }] }
`,
  });
  desk.hooks.target = { url: `${hub.core.url}/hooks/desk`, secret: SECRETS.WEBHOOK_IN };
  Object.assign(desk.hooks.behaviour, { echo: true, doubled: true });
});
afterAll(async () => {
  await hub?.close();
  await desk.close();
});

async function forwarded(title: string) {
  const event = newEvent({ title });
  return { event, id: await hub.asObm.forward(event) };
}
const stateAtHub = async (id: string) => (await hub.asObm.event(`/event/${id}`)).state;

/** No hook and no message is left, and the party's own answer to the last write was heard. */
const silent = (event: string) =>
  eventually('silence', async () => {
    await desk.hooks.quiet();
    const waiting = await hub.rows(
      `select m.id from outbox_message m left join forwarded_event f on f.id = m.forwarded_event left join event e on e.id = f.event
        where m.state = 'pending' and (e.event_id = '${event}' or m.kind = 'hook')`,
    );
    return waiting.length === 0;
  });

describe('a party of JSON hooks', () => {
  it('gets an event and its changes, and its echoes change nothing', async () => {
    const { event, id } = await forwarded('out');
    expect(id).toBe('T-1');
    await hub.asObm.change(id, stateChange('in_progress', 'c-1'));
    await hub.asObm.change(id, noteChange('looking', 'c-2'));
    await eventually('the note', () => desk.ticket(id).comments.length === 1);
    await silent(event.id);
    expect(desk.ticket(id)).toMatchObject({ state: 'in_progress', comments: [{ author: 'jdoe', text: 'looking' }] });
    expect(desk.hooks.sent.map(({ status }) => status)).toEqual(desk.hooks.sent.map(() => 202));
    const held = await hub.asObm.event(`/event/${event.id}`);
    expect(held).toMatchObject({ state: 'in_progress', annotationList: { annotation: [{ text: 'looking' }] } });
  });

  it('changes the event, and is written what was believed in doubt', async () => {
    const { event, id } = await forwarded('back');
    desk.asPerson('anna').update(id, { state: 'closed' });
    desk.asPerson('anna').comment(id, 'cable replaced');
    await eventually('the state', async () => (await stateAtHub(event.id)) === 'closed');
    await silent(event.id);
    const before = desk.counts.deliveries;
    expect(desk.ticket(id)).toMatchObject({ state: 'closed', comments: [{ text: 'cable replaced' }] });
    expect(desk.deliveries.at(-1)?.body).toContain('"changes":{"state":"closed"}');
    const held = await hub.asObm.event(`/event/${event.id}`);
    expect(held.annotationList?.annotation?.map(({ author, text }) => [author, text])).toEqual([
      ['anna', 'cable replaced'],
    ]);
    await silent(event.id);
    expect(desk.counts.deliveries).toBe(before);
  });

  it('has one ticket, although the answer to its creation was lost', async () => {
    desk.faults.add({ kind: 'lost' });
    const { event } = await forwarded('lost answer');
    await eventually('the repeat', () => desk.counts.repeated > 0);
    await silent(event.id);
    expect(desk.tickets().filter(({ title }) => title === 'lost answer')).toHaveLength(1);
  });

  it('is not believed when its hook is forged', async () => {
    const { event, id } = await forwarded('forged');
    await silent(event.id);
    desk.hooks.behaviour.forged = true;
    desk.asPerson('mallory').update(id, { state: 'closed' });
    await desk.hooks.quiet();
    desk.hooks.behaviour.forged = false;
    expect(desk.hooks.sent.at(-1)?.status).toBe(401);
    expect(await stateAtHub(event.id)).toBe('open');
  });
});
