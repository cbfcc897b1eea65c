import { writeEvent, writeEventChange } from '@opr-connect/opr';
import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { Cluster } from './support/cluster';
import { eventually, newEvent, noteChange } from './support/events';
import { Installation, SECRETS } from './support/installation';

/** Promised are 5 seconds; the machine that tests may be busy with something else. */
const SOON_MS = 10_000;

/** Whatever befalls PostgreSQL: nothing is acknowledged that is not stored, and the hub comes back by itself. */
describe('PostgreSQL in trouble', () => {
  let cluster: Cluster;
  let hub: Installation;

  beforeAll(async () => {
    cluster = await Cluster.start({ max_connections: '40' });
    hub = await Installation.start({ answerWithin: 0, database: cluster.url });
    // Who was let in once need not be looked up again.
    for (const client of [hub.asObm, hub.asServer(), hub.asOperator]) await client.send('GET', '');
    await carried();
  });

  afterAll(async () => {
    await hub?.close();
    await cluster?.close();
  });

  const health = async (which: 'live' | 'ready'): Promise<Response> =>
    fetch(`${hub.core.url}/health/${which}`, { signal: AbortSignal.timeout(10_000) });

  /** The hub takes an event, and its incident is opened. */
  async function carried(): Promise<void> {
    const event = newEvent();
    await hub.asObm.forward(event);
    await eventually('its incident', () => hub.live().some((one) => one['short_description'] === event.title));
    await eventually('nothing waits', async () => (await cluster.sql(PENDING)).length === 0);
  }

  /** What an answer that asks to come back later consists of. */
  async function refusals(requests: Record<string, () => Promise<Refusal>>): Promise<Record<string, unknown>> {
    const answers = Object.entries(requests).map(async ([name, request]) => {
      const { status, headers } = await request();
      const [type] = (headers.get('content-type') ?? '').split(';');
      return [name, [status, Number(headers.get('retry-after')) > 0 && 'retry-after', type]];
    });
    return Object.fromEntries(await Promise.all(answers)) as Record<string, unknown>;
  }

  type Refusal = Pick<Response, 'status' | 'headers'>;
  const later = (type: 'xml' | 'json') => [503, 'retry-after', `application/${type}`];

  const writes = (): Record<string, () => Promise<Refusal>> => {
    const change = writeEventChange(noteChange('never stored'));
    return {
      'a forwarded event': () => hub.asObm.send('POST', '/event', writeEvent(newEvent())),
      'an event that is submitted': () => hub.asOperator.send('POST', '/event_list', writeEvent(newEvent())),
      'a hook': () => hook(),
      'an action of an operator': () => answerOf('POST', '/api/servers/desk/pause', { reason: 'never stored' }),
      'a change, by id': () => hub.asObm.send('POST', `/event_change/${randomUUID()}`, change),
      'a change, synchronised back': () => hub.asServer().send('POST', `/event_change/${randomUUID()}`, change),
    };
  };

  const reads = (): Record<string, () => Promise<Refusal>> => ({
    'an event that is read': () => hub.asObm.send('GET', `/event/${randomUUID()}`),
    'the list of events': () => hub.asOperator.send('GET', '/event_list'),
    'the list of servers': () => answerOf('GET', '/api/servers'),
    'the dead letters': () => answerOf('GET', '/api/dead-letters'),
  });

  function answerOf(method: string, path: string, body?: object): Promise<Refusal> {
    const authorization = `Basic ${Buffer.from(`console:${SECRETS.CONSOLE}`).toString('base64')}`;
    return fetch(hub.core.url + path, {
      ...{ method, body: body && JSON.stringify(body), signal: AbortSignal.timeout(30_000) },
      headers: { authorization, 'content-type': 'application/json' },
    });
  }

  function hook(): Promise<Refusal> {
    const body = JSON.stringify({ never: 'stored' });
    const signature = createHmac('sha256', SECRETS.HOOK).update(body).digest('base64');
    const headers = { 'content-type': 'application/json', 'x-opr-connect-signature': signature };
    return fetch(`${hub.core.url}/hooks/servicenow`, { method: 'POST', headers, body });
  }

  async function everythingIsRefused(): Promise<void> {
    expect(await refusals({ ...writes(), ...reads() })).toEqual({
      'a forwarded event': later('xml'),
      'an event that is submitted': later('xml'),
      'a hook': later('json'),
      'an action of an operator': later('json'),
      'a change, by id': later('xml'),
      'a change, synchronised back': later('xml'),
      'an event that is read': later('xml'),
      'the list of events': later('xml'),
      'the list of servers': later('json'),
      'the dead letters': later('json'),
    });
    expect((await health('live')).status).toBe(200);
  }

  const isNotReady = async () =>
    expect(await refusals({ ready: () => health('ready') })).toEqual({ ready: later('json') });

  /** Ready, everything carried, and woken by other cores again. */
  async function isBack(): Promise<void> {
    await eventually('it is ready', async () => (await health('ready')).status === 200, SOON_MS);
    await carried();
    const listening = `select 1 from pg_stat_activity where application_name = 'opr-connect signals'`;
    await eventually('it listens', async () => (await cluster.sql(listening)).length === 1, SOON_MS);
    expect(hub.core.hasEnded).toBe(false);
  }

  it('that is shut down: everything is refused until it is started, and then goes on', async () => {
    await cluster.shutDown();
    await everythingIsRefused();
    await isNotReady();
    await cluster.startAgain();
    await isBack();
  });

  it('that falls silent: nobody waits for long, and nothing that was told is believed', async () => {
    cluster.fallSilent();
    await Promise.all([everythingIsRefused(), isNotReady()]);
    cluster.speakAgain();
    await isBack();
  }, 120_000);

  it('that has no connection left', async () => {
    const administrator = await cluster.session();
    const taken: Client[] = [administrator];
    try {
      // What the core lets go of is free for whoever comes first: it is cut until we hold all there are.
      await eventually('none is left', async () => {
        const { rowCount: cut } = await administrator.query(CUT);
        const got = await cluster.session().catch((error: unknown) => error);
        if (got instanceof Client) taken.push(got);
        else expect(String(got)).toContain('too many clients');
        return cut === 0 && !(got instanceof Client);
      });
      await everythingIsRefused();
      await isNotReady();
    } finally {
      await Promise.all(taken.map((client) => client.end()));
    }
    await isBack();
  });

  it('whose tables are locked, until all connections of the core wait: nobody waits for those before', async () => {
    const administrator = await cluster.session();
    await administrator.query('begin; lock table event, outbox_message');
    try {
      const began = performance.now();
      const crowd = Array.from({ length: 60 }, () => hub.asObm.send('POST', '/event', writeEvent(newEvent())));
      const statuses = (await Promise.all(crowd)).map(({ status }) => status);
      expect(new Set(statuses)).toEqual(new Set([503]));
      // A statement's time-out, and what it takes to get a connection.
      expect(performance.now() - began).toBeLessThan(25_000);
      await everythingIsRefused();
    } finally {
      await administrator.end();
    }
    await isBack();
  }, 120_000);

  it('that takes no writes: what is read is answered, and it is not ready', async () => {
    const administrator = await cluster.session();
    await administrator.query('set default_transaction_read_only = off');
    await administrator.query('alter system set default_transaction_read_only = on');
    await administrator.query('select pg_reload_conf()');
    try {
      await eventually('it is not ready', async () => (await health('ready')).status === 503);
      expect(await refusals(writes())).toMatchObject({
        'a forwarded event': later('xml'),
        'an event that is submitted': later('xml'),
        'a hook': later('json'),
        'an action of an operator': later('json'),
      });
      expect((await hub.asOperator.send('GET', '/event_list')).status).toBe(200);
    } finally {
      await administrator.query('alter system reset default_transaction_read_only');
      await administrator.query('select pg_reload_conf()');
      await administrator.end();
    }
    await isBack();
  });

  it('whose disk is full: what would be stored is refused', async () => {
    const stored = async () => (await cluster.sql(`select 1 from event union all select 1 from outbox_message`)).length;
    const before = await stored();
    await cluster.sql(`
      create function disk_full() returns trigger language plpgsql as
        $$ begin raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'; end $$;
      create trigger disk_full before insert on event execute function disk_full();
      create trigger disk_full before insert on outbox_message execute function disk_full()`);
    expect(await refusals(writes())).toMatchObject({
      'a forwarded event': later('xml'),
      'an event that is submitted': later('xml'),
      'a hook': later('json'),
    });
    expect(await stored()).toBe(before);
    await cluster.sql(`drop function disk_full cascade`);
    await isBack();
  });

  it('that cuts connections again and again: what was acknowledged is stored, and has one incident', async () => {
    const acknowledged: string[] = [];
    const statuses = new Set<number>();
    let going = true;
    const client = async (): Promise<void> => {
      while (going) {
        const event = newEvent();
        event.title = `cut ${event.id}`;
        const { status } = await hub.asObm.send('POST', '/event', writeEvent(event));
        statuses.add(status);
        if (status === 200) acknowledged.push(event.id);
      }
    };
    const clients = Array.from({ length: 4 }, client);
    for (let cut = 0; cut < 10; cut += 1) {
      await cluster.sql(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name ~ '^opr-connect'`,
      );
      await sleep(200);
    }
    going = false;
    await Promise.all(clients);
    expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(0);
    await isBack();
    const stored = await cluster.sql<{ id: string }>(`select event_id as id from event`);
    const lost = acknowledged.filter((id) => !stored.some((one) => one.id === id));
    expect(lost).toEqual([]);
    const incidents = hub.live().map((one) => String(one['short_description']));
    for (const id of acknowledged) expect(incidents.filter((title) => title === `cut ${id}`)).toHaveLength(1);
  }, 120_000);
});

const CONNECTED = `select pid from pg_stat_activity where application_name ~ '^opr-connect'`;
const CUT = `select pg_terminate_backend(pid) from (${CONNECTED}) core`;
const PENDING = `select 1 from outbox_message where state = 'pending'`;
