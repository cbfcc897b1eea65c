import { OprClient } from '@opr-connect/core/testing';
import { eventually, newEvent } from './support/events';
import { Installation, SECRETS, type ApiBody } from './support/installation';

let hub: Installation;
beforeAll(async () => {
  hub = await Installation.start({ answerWithin: 0 });
});
afterAll(() => hub?.close());
afterEach(async () => {
  hub.serviceNow.faults.clear();
  await hub.api('POST', '/servers/servicenow/resume');
});

const serviceNow = async (): Promise<ApiBody> => (await hub.api('GET', '/servers/servicenow')).body;

async function forwarded(): Promise<void> {
  const event = newEvent();
  await hub.asObm.forward(event);
}

describe('The API of connected servers', () => {
  it('lists them as they are configured, how they are and what waits for them, and no secret', async () => {
    const { status, body } = await hub.api('GET', '/servers');
    expect(status).toBe(200);
    expect(body.servers.map(({ name }: { name: string }) => name)).toEqual(['obm', 'servicenow', 'desk']);
    expect(body.servers[1]).toMatchObject({
      ...{ name: 'servicenow', adapter: 'servicenow', active: true, mayLogIn: false, problems: [] },
      ...{
        supports: 'synchronize_and_transfer_control',
        takesHooks: true,
        concurrency: 8,
        uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
      state: { paused: false, failures: 0, alarm: false },
      messages: { waiting: 0, underWay: 0, dead: 0 },
    });
    for (const secret of Object.values(SECRETS)) expect(JSON.stringify(body)).not.toContain(secret);
    expect(await serviceNow()).toEqual(body.servers[1]);
  });

  it('pauses one with a reason: nothing is carried to it, by any core, until it is resumed', async () => {
    const paused = await hub.api('POST', '/servers/servicenow/pause', { reason: 'they are upgrading' });
    expect(paused).toMatchObject({
      status: 200,
      body: {
        state: { paused: true, held: { at: expect.any(String), by: 'console', reason: 'they are upgrading' } },
      },
    });
    const before = hub.live().length;
    await forwarded();
    await hub.core.stop();
    await hub.restart();
    await eventually('it waits', async () => (await serviceNow()).messages.waiting === 1);
    expect((await serviceNow()).state.paused).toBe(true);
    expect(hub.live()).toHaveLength(before);
    const resumed = await hub.api('POST', '/servers/servicenow/resume');
    expect(resumed).toMatchObject({ status: 200, body: { state: { paused: false } } });
    expect(resumed.body.state.held).toBeUndefined();
    await eventually('it is carried', () => hub.live().length === before + 1);
    await eventually('nothing waits', async () => (await serviceNow()).messages.waiting === 0);
    expect((await serviceNow()).messages.dead).toBe(0);
  });

  it('resumes one that asked for a long pause: it is tried at once', async () => {
    hub.serviceNow.faults.add({ kind: 'status', status: 429, headers: { 'Retry-After': '600' } });
    const before = hub.live().length;
    await forwarded();
    const state = await eventually('it is paused', async () => {
      const { state: now } = await serviceNow();
      return now.paused && now;
    });
    expect(Date.parse(state.pausedUntil)).toBeGreaterThan(Date.now() + 300_000);
    expect(state).toMatchObject({ failures: 1, alarm: false, reason: expect.stringContaining('429') });
    await hub.api('POST', '/servers/servicenow/resume');
    await eventually('it is carried', () => hub.live().length === before + 1);
    await eventually('it is well again', async () => (await serviceNow()).state.failures === 0);
  });

  it('notes who paused and resumed it, when and why', async () => {
    await hub.api('POST', '/servers/servicenow/pause', { reason: ' to see it noted ' });
    await hub.api('POST', '/servers/servicenow/resume');
    const { body } = await hub.api('GET', '/actions?limit=2');
    expect(body.actions).toMatchObject([
      { operator: 'console', action: 'resume', subject: 'servers/servicenow', at: expect.any(String) },
      { operator: 'console', action: 'pause', subject: 'servers/servicenow', reason: 'to see it noted' },
    ]);
    const older = await hub.api('GET', `/actions?limit=1&before=${body.actions[0].seq}`);
    expect(older.body.actions).toEqual([body.actions[1]]);
  });

  it('tests the connection: it says how long it took, or what is wrong', async () => {
    expect(await hub.api('POST', '/servers/servicenow/ping')).toEqual({
      ...{ status: 200, body: { ok: true, ms: expect.any(Number) } },
    });
    hub.serviceNow.faults.add({ kind: 'status', status: 401 });
    expect(await hub.api('POST', '/servers/servicenow/ping')).toEqual({
      ...{ status: 200, body: { ok: false, reason: expect.stringContaining('401') } },
    });
    expect((await serviceNow()).state.alarm).toBe(false);
  });

  it.each(['', '   '])('does not pause for the reason "%s"', async (reason) => {
    expect(await hub.api('POST', '/servers/servicenow/pause', { reason })).toMatchObject({
      ...{ status: 400, body: { reason: 'bad_request', message: expect.stringContaining('reason: must say why') } },
    });
    expect((await serviceNow()).state.paused).toBe(false);
  });

  it.each([
    ['GET', ''],
    ['POST', '/pause'],
    ['POST', '/resume'],
    ['POST', '/ping'],
  ] as const)('finds nobody by another name: %s %s', async (method, verb) => {
    expect(await hub.api(method, `/servers/nobody${verb}`, verb === '/pause' ? { reason: 'x' } : {})).toMatchObject({
      ...{ status: 404, body: { reason: 'not_found' } },
    });
  });

  it('needs an operator, and JSON for whatever does something', async () => {
    const as = (name: string, password: string) => new OprClient(`${hub.core.url}/api`, name, password);
    expect((await as('obm', SECRETS.OBM_IN).send('GET', '/servers')).status).toBe(401);
    expect((await fetch(`${hub.core.url}/api/servers`)).status).toBe(401);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await as('console', SECRETS.CONSOLE).send('POST', '/servers/servicenow/pause', 'reason=x', form);
    expect(answer.status).toBe(415);
    expect((await serviceNow()).state.paused).toBe(false);
  });
});
