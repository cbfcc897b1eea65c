import { writeEvent, type OprEvent } from '@opr-connect/opr';
import { eventually, newEvent, noteChange, stateChange } from './support/events';
import { Installation, usual } from './support/installation';
import { refusalIn } from './support/refusals';

let hub: Installation;
beforeAll(async () => {
  hub = await Installation.start();
});
afterAll(() => hub?.close());
afterEach(() => {
  hub.serviceNow.faults.clear();
  hub.serviceNow.hooks.behaviour.off = false;
});

const incidentsOf = ({ title }: OprEvent) => hub.live().filter((incident) => incident['short_description'] === title);

async function quiet(): Promise<void> {
  await hub.serviceNow.hooks.quiet();
  await eventually(
    'nothing waits',
    async () => (await hub.rows(`select 1 from outbox_message where state = 'pending'`)).length === 0,
  );
}

/** An event of OBM with its incident, and nothing under way. */
async function shared(about: string) {
  const event = newEvent({ title: `${about} ${Math.random().toString(36).slice(2)}` });
  const number = await hub.asObm.forward(event);
  const [row] = await hub.rows<{ row: string }>(
    `select f.id as row from forwarded_event f join event e on e.id = f.event where e.event_id = '${event.id}' and f.state = 'received'`,
  );
  await quiet();
  return { event, number, row: row?.row ?? '', sysId: String(incidentsOf(event)[0]?.['sys_id']) };
}

/** Such an event, closed on all sides. */
async function closed(about: string) {
  const all = await shared(about);
  await hub.asObm.change(all.number, noteChange('before it was closed'));
  await hub.asObm.change(all.number, stateChange('closed'));
  await quiet();
  expect(hub.serviceNow.incident(all.number)['state']).toBe('6');
  return all;
}

/** So many days go by, and the clock of retention strikes. */
async function daysLater(days: number): Promise<void> {
  await hub.rows(
    `update event set time_received = time_received - interval '${days} days', time_changed = time_changed - interval '${days} days'`,
  );
  await hub.rows(`update event_history set at = at - interval '${days} days'`);
  const [{ done } = { done: null }] = await hub.rows<{ done: string | null }>(
    `update scheduled_work set due_at = now() where kind = 'retention' returning done_at::text as done`,
  );
  await eventually(
    'retention is done',
    async () =>
      (
        await hub.rows<{ done: string | null }>(
          `select done_at::text as done from scheduled_work where kind = 'retention'`,
        )
      )[0]?.done !== done,
  );
}

const isHeld = async ({ id }: { id: string }): Promise<boolean> =>
  (await hub.rows(`select 1 from event where event_id = '${id}' and retired_at is null`)).length === 1;

describe('An event that was closed long ago', () => {
  it('is removed with all that was noted about it, and not a day before', async () => {
    const { event } = await closed('removed');
    await daysLater(89);
    expect(await isHeld(event)).toBe(true);
    await daysLater(2);
    expect(await isHeld(event)).toBe(false);
    const about = `join event e on e.id = f.event where e.event_id = '${event.id}'`;
    expect(await hub.rows(`select document from event where event_id = '${event.id}'`)).toEqual([
      { document: { id: event.id, state: 'closed' } },
    ]);
    expect(await hub.rows(`select f.state from forwarded_event f ${about}`)).toEqual([
      { state: 'expired' },
      { state: 'expired' },
    ]);
    expect(
      await hub.rows(`select s.id from seen_id s join forwarded_event f on f.id = s.forwarded_event ${about}`),
    ).toEqual([]);
    expect(
      await hub.rows(
        `select what from event_history h join event e on e.id = h.event where e.event_id = '${event.id}'`,
      ),
    ).toEqual([{ what: 'retired' }]);
    expect(await hub.api('GET', `/events/${event.id}/history`)).toMatchObject({
      ...{ status: 410, body: { message: expect.stringContaining('only its ids are kept') } },
    });
    expect(JSON.stringify(await hub.asOperator.send('GET', '/event_list'))).not.toContain(event.id);
  });

  it('answers every id that was ever given out with 410, and makes no second ticket', async () => {
    const { event, number, row, sysId } = await closed('every id');
    await daysLater(91);
    for (const id of [event.id, number, row]) {
      const read = await hub.asObm.send('GET', `/event/${id}`);
      expect({ id, status: read.status, ...refusalIn(read) }).toMatchObject({ status: '410', reason: 'retired' });
      const changed = await hub.asObm.change(id, stateChange('open'));
      expect({ id, status: changed.status, ...refusalIn(changed) }).toMatchObject({ status: '410', reason: 'retired' });
    }
    const again = await hub.asObm.send('POST', '/event', writeEvent(event));
    expect({ status: again.status, ...refusalIn(again) }).toMatchObject({ status: '409', reason: 'id_retired' });
    expect((await hub.asServer('obm').change(event.id, stateChange('open'))).status).toBe(410);
    expect((await hub.asOperator.send('GET', `/event_list/${event.id}`)).status).toBe(410);
    expect((await hub.asServer('desk').change(event.id, stateChange('open'))).status).toBe(403);
    await quiet();
    expect(incidentsOf(event)).toMatchObject([{ sys_id: sysId, state: '6' }]);
  });

  it('refuses an event of an operator by the id of one that is retired', async () => {
    const event = newEvent({ state: 'closed' });
    expect((await hub.asOperator.send('POST', '/event_list', writeEvent(event))).status).toBe(202);
    await quiet();
    await daysLater(91);
    expect(await isHeld(event)).toBe(false);
    const again = await hub.asOperator.send('POST', '/event_list', writeEvent(event));
    expect({ status: again.status, ...refusalIn(again) }).toMatchObject({ status: '409', reason: 'id_retired' });
  });

  it('keeps its ids from every other event', async () => {
    const { event, number } = await closed('reserved');
    await daysLater(91);
    const other = newEvent({ id: number, title: 'another by the number of its ticket' });
    expect((await hub.asObm.send('POST', '/event', writeEvent(other))).status).toBe(409);
    expect(incidentsOf(other)).toEqual([]);
    expect(await isHeld(event)).toBe(false);
  });

  it('is not brought back by people who work on its ticket', async () => {
    const { event, number } = await closed('reopened');
    await daysLater(91);
    hub.serviceNow.asPerson('itil.user').update(number, { state: '2' });
    await hub.serviceNow.hooks.quiet();
    await eventually(
      'the hook is translated',
      async () => (await hub.rows(`select 1 from outbox_message`)).length === 0,
    );
    expect(await isHeld(event)).toBe(false);
    expect((await hub.api('GET', '/dead-letters')).body.deadLetters).toEqual([]);
  });
});

describe('An event is kept', () => {
  it('while it is open', async () => {
    const { event } = await shared('open');
    await daysLater(1_000);
    expect(await isHeld(event)).toBe(true);
    await hub.asObm.change(event.id, stateChange('closed'));
    await quiet();
    await daysLater(91);
    expect(await isHeld(event)).toBe(false);
  });

  it('while its ticket is not closed, because that waits', async () => {
    const { event, number } = await shared('waits');
    await hub.api('POST', '/servers/servicenow/pause', { reason: 'maintenance' });
    await hub.asObm.change(number, stateChange('closed'));
    await daysLater(91);
    expect(await isHeld(event)).toBe(true);
    await hub.api('POST', '/servers/servicenow/resume');
    await eventually('resolved', () => hub.serviceNow.incident(number)['state'] === '6');
    await quiet();
    await daysLater(1);
    expect(await isHeld(event)).toBe(false);
  });

  it('while its ticket is not closed, because ServiceNow refused that', async () => {
    const { event, number } = await shared('refused');
    hub.serviceNow.faults.add({ kind: 'status', status: 403, method: 'PATCH', times: 0 });
    await hub.asObm.change(number, stateChange('closed'));
    const letter = await eventually(
      'a dead letter',
      async () => (await hub.api('GET', `/dead-letters?event=${event.id}`)).body.deadLetters[0],
    );
    await daysLater(91);
    expect(await isHeld(event)).toBe(true);
    await hub.api('POST', `/dead-letters/${letter.id}/discard`, { reason: 'it stays open there' });
    await daysLater(1);
    expect(await isHeld(event)).toBe(true);
  });

  it('for ever if the configuration says so, from the next run on', async () => {
    const { event } = await closed('for ever');
    await hub.core.stop();
    await hub.configure((parts) => `retention: { eventsDays: 0 }\n${usual({})(parts)}`);
    await hub.restart();
    await daysLater(91);
    expect(await isHeld(event)).toBe(true);
  });
});

describe('History', () => {
  it('is kept for a year, also of an event that is open', async () => {
    const { event } = await shared('old lines');
    const lines = () =>
      hub.rows(`select 1 from event_history h join event e on e.id = h.event where e.event_id = '${event.id}'`);
    await daysLater(364);
    expect((await lines()).length).toBeGreaterThan(0);
    await daysLater(2);
    expect(await lines()).toEqual([]);
    expect(await isHeld(event)).toBe(true);
  });
});
