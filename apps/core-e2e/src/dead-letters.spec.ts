import { eventually, newEvent, noteChange } from './support/events';
import { Installation, usual } from './support/installation';

let hub: Installation;
beforeAll(async () => {
  hub = await Installation.start();
});
afterAll(() => hub?.close());
afterEach(() => hub.serviceNow.faults.clear());

const REFUSED = { message: 'Operation Failed', detail: 'Data Policy Exception: caller is mandatory' };
const uniqueTitle = (about: string): string => `${about} ${Math.random().toString(36).slice(2)}`;
const incidentsOf = (title: string) => hub.live().filter((incident) => incident['short_description'] === title);

/** An event that ServiceNow would not take. */
async function rejected(about: string, more: { category?: string } = {}) {
  hub.serviceNow.faults.add({ kind: 'status', status: 403, method: 'POST', path: '/table/incident', error: REFUSED });
  const event = newEvent({ title: uniqueTitle(about), ...more });
  await hub.asObm.forward(event);
  const letter = await eventually('the dead letter', async () => (await lettersOf(event.id))[0]);
  return { event, title: event.title ?? '', letter };
}

async function lettersOf(event: string) {
  const { status, body } = await hub.api('GET', `/dead-letters?event=${encodeURIComponent(event)}`);
  expect(status).toBe(200);
  return body.deadLetters;
}

/** What OBM was told about an event. */
const told = (event: string): string[] =>
  (hub.obm.event(event)?.annotationList?.annotation ?? []).map(({ text }) => text ?? '');

const stateOf = async (event: string): Promise<string | undefined> =>
  (
    await hub.rows<{ state: string }>(
      `select f.state from forwarded_event f join event e on e.id = f.event where e.event_id = '${event}' and f.state <> 'received'`,
    )
  )[0]?.state;

const nothingPending = () =>
  eventually(
    'the outbox is empty',
    async () => (await hub.rows(`select 1 from outbox_message where state = 'pending'`)).length === 0,
  );

describe('A dead letter', () => {
  it('tells what was to be carried, to whom, how often it was tried and why it failed', async () => {
    const { event, title, letter } = await rejected('told');
    expect(letter).toMatchObject({
      ...{ kind: 'forward', server: 'servicenow', eventId: event.id, attempts: 1 },
      payload: { id: event.id, title },
      reasons: [{ attempt: 1, reason: expect.stringContaining('caller is mandatory') }],
    });
    expect(Date.parse(letter.died)).toBeGreaterThanOrEqual(Date.parse(letter.created));
    expect(await stateOf(event.id)).toBe('failed');
  });

  it('that is retried after the fault is gone makes exactly one incident, with the changes that were parked behind it', async () => {
    const { event, title, letter } = await rejected('retried');
    expect((await hub.asObm.change(event.id, noteChange('meanwhile'))).status).toBe(200);
    expect((await hub.api('POST', `/dead-letters/${letter.id}/retry`)).body).toEqual({ retried: 1 });
    const [incident] = await eventually('the incident', () => incidentsOf(title).length > 0 && incidentsOf(title));
    await nothingPending();
    expect(incidentsOf(title)).toHaveLength(1);
    expect(hub.serviceNow.journal(incident?.['sys_id'] ?? '').map(({ value }) => value)).toEqual([
      expect.stringContaining('meanwhile'),
    ]);
    expect(await lettersOf(event.id)).toEqual([]);
    expect(await stateOf(event.id)).toBe('forwarded');
  });

  it('that two operators retry at once makes one incident, and one of them is told so', async () => {
    const { title, letter } = await rejected('twice at once');
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => hub.api('POST', `/dead-letters/${letter.id}/retry`)),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses[0]).toBe(200);
    expect(statuses.slice(1).every((status) => status === 404 || status === 409)).toBe(true);
    await eventually('the incident', () => incidentsOf(title).length > 0);
    await nothingPending();
    expect(incidentsOf(title)).toHaveLength(1);
  });

  it('that fails again for the same reason is told to OBM once', async () => {
    const { event, letter } = await rejected('told once');
    await eventually('OBM is told', () => told(event.id).length > 0);
    hub.serviceNow.faults.add({ kind: 'status', status: 403, method: 'POST', path: '/table/incident', error: REFUSED });
    await hub.api('POST', `/dead-letters/${letter.id}/retry`);
    await eventually('it is dead again', async () => (await lettersOf(event.id))[0]?.reasons.length === 2);
    await nothingPending();
    expect(told(event.id)).toEqual([expect.stringContaining('caller is mandatory')]);
  });

  it('that is discarded takes with it what was parked behind it, and nothing is carried any more', async () => {
    const { event, title, letter } = await rejected('discarded');
    await hub.asObm.change(event.id, noteChange('parked'));
    expect(await hub.api('POST', `/dead-letters/${letter.id}/discard`)).toMatchObject({
      status: 400,
      body: { reason: 'bad_request', message: expect.stringContaining('reason: must') },
    });
    const discarded = await hub.api('POST', `/dead-letters/${letter.id}/discard`, { reason: 'a drill' });
    expect(discarded.body).toEqual({ discarded: 1 });
    await nothingPending();
    expect(incidentsOf(title)).toEqual([]);
    expect(await stateOf(event.id)).toBe('cancelled');
    const { body } = await hub.api('GET', '/actions?limit=1');
    expect(body.actions).toMatchObject([
      { operator: 'console', action: 'discard', subject: `dead-letters/${letter.id}`, reason: 'a drill' },
    ]);
  });

  it('that was a change is retried as what the incident still lacks', async () => {
    const event = newEvent({ title: uniqueTitle('change') });
    const number = await hub.asObm.forward(event);
    hub.serviceNow.faults.add({ kind: 'status', status: 403, method: 'PATCH', error: REFUSED });
    await hub.asObm.change(number, noteChange('at last'));
    const letter = await eventually('the dead letter', async () => (await lettersOf(number))[0]);
    expect(letter).toMatchObject({ kind: 'change', payload: { changedProperties: [{ currentValue: 'at last' }] } });
    await hub.api('POST', `/dead-letters/${letter.id}/retry`);
    await eventually('the note', () => hub.serviceNow.journal(number).length > 0);
    await nothingPending();
    expect(hub.serviceNow.journal(number)).toHaveLength(1);
    expect(await lettersOf(number)).toEqual([]);
  });

  it('by an id that nobody gave, or that is no id at all, is not found', async () => {
    for (const id of ['5a1d7a5e-0000-4000-8000-000000000000', 'x'])
      for (const [verb, body] of [
        ['retry', {}],
        ['discard', { reason: 'x' }],
      ] as const)
        expect(await hub.api('POST', `/dead-letters/${id}/${verb}`, body)).toMatchObject({
          status: 404,
          body: { reason: 'not_found' },
        });
  });
});

describe('Many dead letters', () => {
  it('are retried by a filter, and others are left as they are', async () => {
    const mine = await rejected('of the filter');
    const other = await rejected('not of the filter');
    const answer = await hub.api('POST', '/dead-letters/retry', { server: 'servicenow', event: mine.event.id });
    expect(answer.body).toEqual({ retried: 1, left: 0 });
    await eventually('the incident', () => incidentsOf(mine.title).length === 1);
    expect(await lettersOf(other.event.id)).toHaveLength(1);
  });

  it('are retried all, each in a transaction of its own and noted as such', async () => {
    const titles = [];
    for (let count = 0; count < 3; count += 1) titles.push((await rejected('all')).title);
    const { body: before } = await hub.api('GET', '/dead-letters?limit=500');
    const { body } = await hub.api('POST', '/dead-letters/retry', { all: true });
    expect(body).toEqual({ retried: before.deadLetters.length, left: 0 });
    for (const title of titles) await eventually('the incident', () => incidentsOf(title).length === 1);
    const { body: noted } = await hub.api('GET', `/actions?limit=${before.deadLetters.length}`);
    expect(noted.actions.map(({ subject }: { subject: string }) => subject).sort()).toEqual(
      before.deadLetters.map(({ id }: { id: string }) => `dead-letters/${id}`).sort(),
    );
  });

  it('are retried by two operators at once: each of them once', async () => {
    const titles = [];
    for (let count = 0; count < 4; count += 1) titles.push((await rejected('race')).title);
    const answers = await Promise.all([1, 2, 3].map(() => hub.api('POST', '/dead-letters/retry', { all: true })));
    expect(answers.reduce((sum, { body }) => sum + body.retried, 0)).toBe(4);
    for (const title of titles) await eventually('the incident', () => incidentsOf(title).length === 1);
    await nothingPending();
    for (const title of titles) expect(incidentsOf(title)).toHaveLength(1);
  });

  it('are discarded by a filter, with a reason', async () => {
    const { event } = await rejected('many discarded');
    const answer = await hub.api('POST', '/dead-letters/discard', { event: event.id, reason: 'a drill' });
    expect(answer.body).toEqual({ discarded: 1, left: 0 });
    expect(await stateOf(event.id)).toBe('cancelled');
  });

  it.each([
    ['nothing at all', {}, 'all: true'],
    ['a filter and all', { kind: 'forward', all: true }, 'not both'],
    ['all that is false', { all: false }, 'all: must be true'],
    ['a field that nobody knows', { all: true, force: true }, 'force: is not a known field'],
    ['a kind that is none', { kind: 'read' }, 'kind: must be one of forward, change, hook'],
    ['a server that is none', { server: 'nobody' }, 'server: must be the name of a connected server'],
  ])('are not retried for %s', async (_what, body, message) => {
    expect(await hub.api('POST', '/dead-letters/retry', body)).toMatchObject({
      status: 400,
      body: { status: 400, reason: 'bad_request', message: expect.stringContaining(message) },
    });
  });

  it('are listed the newest first, page by page', async () => {
    const first = await rejected('page one');
    const second = await rejected('page two');
    const { body } = await hub.api('GET', '/dead-letters?limit=1&server=servicenow&kind=forward');
    expect(body.deadLetters).toMatchObject([{ id: second.letter.id }]);
    const older = await hub.api('GET', `/dead-letters?limit=1&before=${body.deadLetters[0].seq}`);
    expect(older.body.deadLetters).toMatchObject([{ id: first.letter.id }]);
    expect((await hub.api('GET', '/dead-letters?limit=0')).body.message).toContain('limit: must be');
  });
});

describe('A hook that cannot be translated', () => {
  it('is a dead letter, and is translated when it is retried after the mapping was put right', async () => {
    const event = newEvent({ title: uniqueTitle('hook') });
    const number = await hub.asObm.forward(event);
    await nothingPending();
    await hub.core.stop();
    await hub.configure(usual({ serviceNow: 'table: u_other' }));
    await hub.restart();
    hub.serviceNow.asPerson('itil.user').workNote(number, 'Spare part ordered.');
    const { id, ...letter } = await eventually(
      'the dead letter',
      async () => (await hub.api('GET', '/dead-letters?kind=hook')).body.deadLetters[0],
    );
    expect(letter).toMatchObject({
      server: 'servicenow',
      reasons: [{ reason: 'hook: table: must be u_other' }],
      payload: { body: expect.stringContaining('Spare part ordered.') },
    });
    await hub.core.stop();
    await hub.configure(usual({}));
    await hub.restart();
    expect((await hub.api('POST', `/dead-letters/${id}/retry`)).body).toEqual({ retried: 1 });
    await eventually('OBM is told', () => told(event.id).some((text) => text.includes('Spare part ordered.')));
    expect((await hub.api('GET', '/dead-letters?kind=hook')).body.deadLetters).toEqual([]);
  });
});
