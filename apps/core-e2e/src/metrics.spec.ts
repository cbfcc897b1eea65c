import { OprClient } from '@opr-connect/core/testing';
import { eventually, newEvent, noteChange } from './support/events';
import { Installation, SECRETS, usual } from './support/installation';

let hub: Installation;
beforeAll(async () => {
  hub = await Installation.start();
});
afterAll(() => hub?.close());
afterEach(() => hub.serviceNow.faults.clear());

const scrape = () => new OprClient(hub.core.url, 'console', SECRETS.CONSOLE).send('GET', '/metrics');

/** The value of one line, by its name and its labels in the order in which they are written. */
async function valueOf(line: string): Promise<number | undefined> {
  const { status, body } = await scrape();
  expect(status).toBe(200);
  const found = body.split('\n').find((each) => each.startsWith(`opr_connect_${line} `));
  return found === undefined ? undefined : Number(found.split(' ').at(-1));
}

const becomes = (line: string, expected: number): Promise<unknown> =>
  eventually(`${line} ${expected}`, async () => (await valueOf(line)) === expected);

async function forwarded(): Promise<string> {
  const event = newEvent();
  await hub.asObm.forward(event);
  return event.id;
}

/** Locks of the outbox that are held or waited for. */
const countsWaiting = async (which: string): Promise<number> =>
  (
    await hub.rows(
      `select from pg_locks l join pg_stat_activity a using (pid) where l.relation = 'outbox_message'::regclass and ${which}`,
    )
  ).length;
const COUNTING = `not granted and query like '%under_way%'`;

describe('/metrics', () => {
  it('is in the format of Prometheus: every line has a help and a type, and what is ours begins with our name', async () => {
    const { headers, body } = await scrape();
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const lines = body.split('\n').filter((line) => line !== '');
    const described = new Set(
      lines.flatMap((line) => /^# TYPE (\S+) (?:counter|gauge|histogram)$/.exec(line)?.[1] ?? []),
    );
    const values = lines.filter((line) => !line.startsWith('# '));
    for (const line of values) expect(line).toMatch(/^[a-z0-9_]+(\{(\w+="[^"]*",?)+\})? \S+$/);
    const names = new Set(values.map((line) => line.split(/[{ ]/, 1)[0] ?? ''));
    for (const name of names)
      expect(described.has(name) || described.has(name.replace(/_(bucket|sum|count)$/, '')) || name).toBe(true);
    expect([...described].filter((name) => !/^(opr_connect|process|nodejs)_/.test(name))).toEqual([]);
    expect(names).toContain('nodejs_eventloop_lag_seconds');
    expect(names).toContain('process_resident_memory_bytes');
  });

  it('counts attempts by outcome, and measures deliveries and acknowledgements', async () => {
    const done = 'attempts_total{server="servicenow",kind="forward",outcome="done"}';
    const before = (await valueOf(done)) ?? 0;
    const id = await forwarded();
    await becomes(done, before + 1);
    await hub.asObm.change(id, noteChange('counted'));
    await becomes('attempts_total{server="servicenow",kind="change",outcome="done"}', 1);
    await becomes('delivery_seconds_count{server="servicenow",kind="forward"}', before + 1);
    await becomes('acknowledgement_seconds_count{source="obm",request="event",status="200"}', before + 1);
    await becomes('acknowledgement_seconds_count{source="obm",request="event_change",status="200"}', 1);
    // Our own change of the record comes back as a hook.
    await eventually(
      'a hook',
      async () => (await valueOf('attempts_total{server="servicenow",kind="hook",outcome="done"}')) ?? 0,
    );
  });

  it('shows what was refused, without the names that strangers write', async () => {
    expect(
      (await new OprClient(`${hub.core.url}/opr/stranger`, 'stranger', 'x').send('POST', '/event', '<x/>')).status,
    ).toBe(401);
    await becomes('acknowledgement_seconds_count{source="",request="event",status="401"}', 1);
    expect((await scrape()).body).not.toContain('stranger');
  });

  it('shows what waits for a server that is held, and how old it is', async () => {
    await hub.api('POST', '/servers/servicenow/pause', { reason: 'to see it wait' });
    await becomes('server_held{server="servicenow"}', 1);
    await becomes('server_paused{server="servicenow"}', 1);
    await forwarded();
    await becomes('waiting_messages{server="servicenow",kind="forward"}', 1);
    await eventually(
      'it grows old',
      async () => ((await valueOf('oldest_message_age_seconds{server="servicenow"}')) ?? 0) > 0.5,
    );
    await hub.api('POST', '/servers/servicenow/resume');
    await becomes('waiting_messages{server="servicenow",kind="forward"}', 0);
    await becomes('server_held{server="servicenow"}', 0);
    await becomes('oldest_message_age_seconds{server="servicenow"}', 0);
  });

  it('shows a server that raises an alarm, and what its attempts end in', async () => {
    hub.serviceNow.faults.add({ kind: 'status', status: 401 });
    await forwarded();
    await becomes('server_alarm{server="servicenow"}', 1);
    await becomes('attempts_total{server="servicenow",kind="forward",outcome="pause"}', 1);
    await hub.api('POST', '/servers/servicenow/resume');
    await becomes('server_alarm{server="servicenow"}', 0);
  });

  it('counts an extra record that was closed as a duplicate, and the history of the event tells of it', async () => {
    // The first create happens, and nobody hears of it; nor is it there yet when the second attempt looks.
    hub.serviceNow.faults.add({ kind: 'lost', method: 'POST', path: '/table/incident' });
    hub.serviceNow.faults.add({ kind: 'hidden', method: 'GET', path: '/table/incident', times: 2 });
    const before = hub.live().length;
    const id = await forwarded();
    await becomes('duplicates_closed_total{server="servicenow"}', 1);
    const [kept, ...others] = hub.live().slice(before);
    expect(others).toEqual([]);
    const { body } = await hub.api('GET', `/events/${id}/history`);
    const number = kept?.['number'] ?? '';
    expect(body.events[0].history).toContainEqual(
      expect.objectContaining({
        ...{ what: 'duplicate', server: 'servicenow' },
        detail: expect.stringMatching(new RegExp(`^an extra record, INC\\d+, was closed as a duplicate of ${number}$`)),
      }),
    );
  });

  it('shows dead letters', async () => {
    const error = { message: 'Operation Failed', detail: 'Data Policy Exception: caller is mandatory' };
    hub.serviceNow.faults.add({ kind: 'status', status: 403, method: 'POST', path: '/table/incident', error });
    await forwarded();
    await becomes('dead_letters{server="servicenow",kind="forward"}', 1);
    await hub.api('POST', '/dead-letters/discard', { all: true, reason: 'seen' });
    await becomes('dead_letters{server="servicenow",kind="forward"}', 0);
  });

  it('shows hooks that wait, and how old they are', async () => {
    await forwarded();
    const incident = await eventually('the incident', () => hub.live().at(-1)?.['number']);
    await becomes('inbox_waiting_hooks{server="servicenow"}', 0);
    // Another core has the lease of every inbox, and does nothing.
    await hub.rows(`update server_state set inbox_claim = gen_random_uuid(), inbox_until = 'infinity'`);
    hub.serviceNow.asPerson('itil.user').workNote(incident, 'Spare part ordered.');
    await becomes('inbox_waiting_hooks{server="servicenow"}', 1);
    await eventually(
      'it grows old',
      async () => ((await valueOf('inbox_oldest_hook_age_seconds{server="servicenow"}')) ?? 0) > 0.5,
    );
    await hub.rows(`update server_state set inbox_claim = null, inbox_until = null`);
    await becomes('inbox_waiting_hooks{server="servicenow"}', 0);
    expect(await valueOf('inbox_oldest_hook_age_seconds{server="servicenow"}')).toBe(0);
  });

  it('answers many scrapes at once, and names no event', async () => {
    const id = await forwarded();
    const answers = await Promise.all(Array.from({ length: 20 }, scrape));
    for (const { status, body } of answers) {
      expect(status).toBe(200);
      expect(body).toContain('opr_connect_database_up 1');
      expect(body).not.toContain(id);
    }
  });

  it('asks the database once at a time, waits for it only so long, and answers without it', async () => {
    const locked = hub.rows('begin; lock table outbox_message in access exclusive mode; select pg_sleep(5); commit');
    await eventually(
      'it is locked',
      async () => (await countsWaiting(`mode = 'AccessExclusiveLock' and granted`)) === 1,
    );
    const answers = Promise.all(Array.from({ length: 10 }, scrape));
    await eventually('it counts', async () => (await countsWaiting(COUNTING)) === 1);
    let most = 0;
    let isAnswered = false;
    void answers.finally(() => (isAnswered = true));
    while (!isAnswered) most = Math.max(most, await countsWaiting(COUNTING));
    expect(most).toBe(1);
    for (const { status, body } of await answers) {
      expect(status).toBe(200);
      expect(body).toContain('opr_connect_database_up 0');
      expect(body).toContain('opr_connect_server_paused{server="servicenow"} 0');
      expect(body).not.toContain('opr_connect_waiting_messages{');
    }
    await locked;
    await becomes('database_up', 1);
  });

  it('needs an operator, unless the configuration says that it is open', async () => {
    const anybody = () => fetch(`${hub.core.url}/metrics`);
    expect((await anybody()).status).toBe(401);
    expect((await new OprClient(hub.core.url, 'obm', SECRETS.OBM_IN).send('GET', '/metrics')).status).toBe(401);
    await hub.configure((parts) => `metrics: { open: true }\n${usual({})(parts)}`);
    await eventually('it is open', async () => (await anybody()).status === 200);
  });
});
