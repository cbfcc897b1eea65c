import { eventually, newEvent, noteChange, stateChange } from './support/events';
import { Installation, usual, type ApiBody } from './support/installation';

let hub: Installation;
beforeAll(async () => {
  hub = await Installation.start();
});
afterAll(() => hub?.close());
beforeEach(async () => {
  // Every test counts what it finds: what others shared with ServiceNow is over.
  await hub.rows(`delete from outbox_message`);
  await hub.rows(`update forwarded_event set state = 'cancelled'`);
});
afterEach(() => {
  hub.serviceNow.faults.clear();
  hub.serviceNow.hooks.behaviour.off = false;
});

const path = '/servers/servicenow/reconciliations';

/** An event of OBM with its incident, and nothing under way. */
async function shared(about: string) {
  const event = newEvent({ title: `${about} ${Math.random().toString(36).slice(2)}` });
  const number = await hub.asObm.forward(event);
  await quiet();
  return { event, number };
}

/** Nothing waits: neither a message nor a hook. */
async function quiet(): Promise<void> {
  await hub.serviceNow.hooks.quiet();
  await hub.quiet();
}

const begun = async (dryRun: boolean): Promise<string> => {
  const { status, body } = await hub.api('POST', path, { dryRun });
  expect({ status, body }).toMatchObject({ status: 202, body: { state: 'waiting', dryRun, operator: 'console' } });
  return body.id;
};
const read = async (id: string): Promise<ApiBody> => (await hub.api('GET', `${path}/${id}`)).body;
const done = (id: string): Promise<ApiBody> =>
  eventually('it is done', async () => {
    const found = await read(id);
    return found.state === 'done' && found;
  });
const reconciled = async (dryRun = false): Promise<ApiBody> => done(await begun(dryRun));

/** How often a record was read as a whole. */
const reads = () =>
  hub.serviceNow.requests.filter(({ path: to }) => /incident\/\w{32}.*short_description/.test(to)).length;
const stateOf = async (id: string) => (await hub.asObm.event(`/event/${id}`)).state;
const textsOf = async (id: string) =>
  (await hub.asObm.event(`/event/${id}`)).annotationList?.annotation?.map(({ text }) => text) ?? [];

describe('A reconciliation', () => {
  it('finds nothing where nothing was lost, and changes nothing', async () => {
    const { event, number } = await shared('in order');
    await hub.asObm.change(number, noteChange('from OBM'));
    await quiet();
    const { patches, posts } = hub.serviceNow.counts;
    expect(await reconciled()).toMatchObject({ progress: { done: 1, total: 1 }, counts: {}, findings: [] });
    await quiet();
    expect(hub.serviceNow.counts).toMatchObject({ patches, posts });
    expect(await textsOf(event.id)).toEqual(['from OBM']);
  });

  it('finds what a lost hook should have told, and repairs it', async () => {
    const { event, number } = await shared('lost hook');
    hub.serviceNow.hooks.behaviour.off = true;
    hub.serviceNow.asPerson('itil.user').resolve(number, 'Replaced the controller.');
    hub.serviceNow.asPerson('itil.user').workNote(number, 'Spare part ordered.');
    const { counts, findings } = await reconciled();
    expect(counts).toEqual({ missed_change: 1, missed_annotation: 1 });
    expect(findings).toMatchObject([
      { kind: 'missed_change', eventId: event.id, repaired: true, detail: expect.stringContaining('state') },
      { kind: 'missed_annotation', eventId: event.id, repaired: true },
    ]);
    await eventually('closed', async () => (await stateOf(event.id)) === 'closed');
    await eventually('OBM is told', () => hub.obm.event(event.id)?.state === 'closed');
    expect(await textsOf(event.id)).toContain('Spare part ordered.');
    await quiet();
    expect(await reconciled()).toMatchObject({ counts: {} });
  });

  it('as a dry run says the same and writes nothing', async () => {
    const { event, number } = await shared('dry run');
    hub.serviceNow.hooks.behaviour.off = true;
    hub.serviceNow.asPerson('itil.user').resolve(number, 'Replaced.');
    const stored = () =>
      hub.rows(`select document, view, f.state from event e join forwarded_event f on f.event = e.id`);
    const before = await stored();
    expect(await reconciled(true)).toMatchObject({
      ...{ dryRun: true, progress: { done: 1, total: 1 } },
      findings: [{ kind: 'missed_change', repaired: false }],
    });
    expect(await stored()).toEqual(before);
    expect(await hub.rows(`select 1 from outbox_message`)).toEqual([]);
    expect(await stateOf(event.id)).toBe('open');
  });

  it('sends again what never reached the tool, and nothing waits that would', async () => {
    const { event, number } = await shared('never sent');
    await hub.serviceNow.down();
    await hub.asObm.change(number, stateChange('in_progress'));
    await hub.rows(`delete from outbox_message`);
    await hub.serviceNow.up();
    const { findings } = await reconciled();
    expect(findings).toMatchObject([{ kind: 'not_sent', eventId: event.id, repaired: true, detail: 'state' }]);
    await eventually('in progress', () => hub.serviceNow.incident(number)['state'] === '2');
  });

  it('forwards again what is queued while no message would forward it', async () => {
    await hub.serviceNow.down();
    const event = newEvent({ title: `queued ${Math.random()}` });
    await hub.asObm.forward(event);
    await hub.rows(`delete from outbox_message`);
    await hub.serviceNow.up();
    const { findings } = await reconciled();
    expect(findings).toMatchObject([{ kind: 'not_forwarded', eventId: event.id, repaired: true }]);
    const incidents = () => hub.live().filter((incident) => incident['short_description'] === event.title);
    await eventually('its incident', () => incidents().length === 1);
    await quiet();
    expect(await reconciled()).toMatchObject({ counts: {} });
    expect(incidents()).toHaveLength(1);
  });

  it('ends what is shared about a record that is gone', async () => {
    const { event, number } = await shared('gone');
    hub.serviceNow.tables.remove(number);
    expect((await reconciled()).findings).toMatchObject([{ kind: 'record_gone', eventId: event.id, repaired: true }]);
    expect(
      await hub.rows(
        `select f.state from forwarded_event f join event e on e.id = f.event where e.event_id = '${event.id}' and f.rule is not null`,
      ),
    ).toEqual([{ state: 'cancelled' }]);
  });

  it('passes over events that were closed long ago', async () => {
    const { number } = await shared('closed');
    await hub.asObm.change(number, stateChange('closed'));
    await quiet();
    await hub.rows(`update event set time_changed = now() - interval '8 days' where document->>'state' = 'closed'`);
    const { event } = await shared('open');
    hub.serviceNow.hooks.behaviour.off = true;
    hub.serviceNow.asPerson('itil.user').workNote(number, 'nobody reads it');
    expect(await reconciled()).toMatchObject({ progress: { done: 2, total: 2, read: 1 }, counts: {} });
    expect(await stateOf(event.id)).toBe('open');
  });

  it('gives up none any more when most records seem to be gone', async () => {
    for (let count = 0; count < 7; count += 1) await shared('hidden');
    hub.serviceNow.faults.add({ kind: 'status', status: 404, method: 'GET', path: '/table/incident/', times: 0 });
    const { counts, findings } = await reconciled();
    expect(counts).toEqual({ record_gone: 7 });
    expect(findings.filter(({ repaired }: ApiBody) => repaired)).toHaveLength(5);
    expect(findings[6].detail).toContain('whether the login may still read');
  });

  it('lists dead letters, and records that cannot be read, for a person', async () => {
    const { event, number } = await shared('dead');
    hub.serviceNow.faults.add({ kind: 'status', status: 403, method: 'PATCH', times: 0 });
    await hub.asObm.change(number, stateChange('in_progress'));
    await eventually(
      'a dead letter',
      async () => (await hub.rows(`select 1 from outbox_message where state = 'dead'`)).length,
    );
    hub.serviceNow.faults.add({ kind: 'status', status: 400, method: 'GET', path: '/table/incident/', times: 0 });
    const { findings } = await reconciled();
    expect(findings).toMatchObject([
      { kind: 'unreadable', eventId: event.id, repaired: false },
      { kind: 'dead_letter', eventId: event.id, repaired: false, detail: expect.stringMatching(/^change: /) },
    ]);
  });

  it('does not send again what a person discarded', async () => {
    const { event, number } = await shared('discarded');
    hub.serviceNow.faults.add({ kind: 'status', status: 403, method: 'PATCH' });
    await hub.asObm.change(number, stateChange('in_progress'));
    const letter = await eventually('a dead letter', async () => {
      const { body } = await hub.api('GET', `/dead-letters?event=${event.id}`);
      return body.deadLetters[0];
    });
    await hub.api('POST', `/dead-letters/${letter.id}/discard`, { reason: 'not wanted there' });
    expect(await reconciled()).toMatchObject({ counts: {} });
    await hub.asObm.change(number, stateChange('closed'));
    await eventually('closed', () => hub.serviceNow.incident(number)['state'] === '6');
  });

  it('goes on where it was when its core is killed', async () => {
    const events = [];
    for (let count = 0; count < 4; count += 1) events.push(await shared(`killed ${count}`));
    hub.serviceNow.hooks.behaviour.off = true;
    for (const { number } of events) hub.serviceNow.asPerson('itil.user').workNote(number, 'while nobody listened');
    const before = reads();
    hub.serviceNow.faults.add({ kind: 'slow', beforeMs: 400, method: 'GET', path: '/table/incident/', times: 0 });
    const id = await begun(true);
    await eventually('two are compared', async () => (await read(id)).progress.done === 2);
    await hub.core.kill();
    hub.serviceNow.faults.clear();
    await hub.rows(`update scheduled_work set due_at = now() where claim is not null`); // its lease ends
    await hub.restart();
    expect(await done(id)).toMatchObject({ progress: { done: 4, total: 4 }, counts: { missed_annotation: 4 } });
    // The one that was under way is read again, those before it are not.
    expect(reads() - before).toBeLessThanOrEqual(5);
  });

  it('is done by one of several cores, and by another when that one dies', async () => {
    const other = await hub.coreOn(0);
    try {
      const events = [await shared('first'), await shared('second'), await shared('third')];
      const before = reads();
      expect(await reconciled()).toMatchObject({ progress: { done: 3, total: 3, read: 3 }, counts: {} });
      expect(reads() - before).toBe(3);
      hub.serviceNow.hooks.behaviour.off = true;
      for (const { number } of events) hub.serviceNow.asPerson('itil.user').workNote(number, 'nobody was told');
      hub.serviceNow.faults.add({ kind: 'slow', beforeMs: 300, method: 'GET', path: '/table/incident/', times: 0 });
      const id = await begun(false);
      await eventually('one is compared', async () => (await read(id)).progress.done === 1);
      await hub.core.kill();
      // If it was the one, its lease ends; if it was not, the other one loses the work and takes it up again.
      for (const table of ['scheduled_work', 'outbox_message'])
        await hub.rows(`update ${table} set due_at = now() where claim is not null`);
      await hub.restart();
      expect(await done(id)).toMatchObject({ progress: { done: 3, total: 3 }, counts: { missed_annotation: 3 } });
      for (const { event } of events)
        await eventually('the note', async () => (await textsOf(event.id)).includes('nobody was told'));
    } finally {
      await other.kill();
    }
  });

  it('waits while the server is paused', async () => {
    await shared('paused');
    await hub.api('POST', '/servers/servicenow/pause', { reason: 'maintenance' });
    const { reads } = hub.serviceNow.counts;
    const id = await begun(false);
    // When the desk, which was asked for later, is done, ServiceNow was passed over.
    const { body: desk } = await hub.api('POST', '/servers/desk/reconciliations', { dryRun: true });
    await eventually('the desk is done', async () => {
      const { body } = await hub.api('GET', `/servers/desk/reconciliations/${desk.id}`);
      return body.state === 'done';
    });
    expect(await hub.api('POST', path, { dryRun: false })).toMatchObject({ status: 409 });
    expect(await read(id)).toMatchObject({ state: 'waiting' });
    expect(hub.serviceNow.counts.reads).toBe(reads);
    await hub.api('POST', '/servers/servicenow/resume');
    await done(id);
  });

  it('is for operators, says what is wrong with a request, and is noted', async () => {
    const id = await begun(true);
    await done(id);
    const { body } = await hub.api('GET', path);
    expect(body.reconciliations[0]).toMatchObject({ id, state: 'done' });
    expect((await hub.api('GET', '/actions?limit=1')).body.actions).toMatchObject([
      { operator: 'console', action: 'reconcile', subject: `servers/servicenow/reconciliations/${id}` },
    ]);
    expect(await hub.api('POST', path, {})).toMatchObject({
      status: 400,
      body: { message: 'dryRun: must be true or false' },
    });
    expect(await hub.api('POST', '/servers/nobody/reconciliations', { dryRun: true })).toMatchObject({ status: 404 });
    expect(await hub.api('GET', `${path}/nothing`)).toMatchObject({ status: 404 });
    expect((await fetch(`${hub.core.url}/api${path}`)).status).toBe(401);
  });

  it('comes by the clock, too', async () => {
    const { event, number } = await shared('by the clock');
    hub.serviceNow.hooks.behaviour.off = true;
    hub.serviceNow.asPerson('itil.user').resolve(number, 'Nobody was told.');
    const often = 'adapter: servicenow\n    reconcileEverySeconds: 1';
    await hub.configure((parts) => usual({})(parts).replace('adapter: servicenow', often));
    await eventually('closed', async () => (await stateOf(event.id)) === 'closed');
    await hub.configure(usual({}));
    await quiet();
    const { reconciliations } = (await hub.api('GET', path)).body;
    expect(reconciliations.find(({ counts }: ApiBody) => counts.missed_change)).toMatchObject({
      ...{ operator: null, dryRun: false },
    });
  });
});
