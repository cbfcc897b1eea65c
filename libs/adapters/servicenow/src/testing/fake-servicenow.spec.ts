import { FakeServiceNow } from '.';

let fake: FakeServiceNow;
beforeEach(async () => {
  fake = await FakeServiceNow.start({ user: 'api', password: 'pw' });
});
afterEach(() => fake.close());

const authorization = `Basic ${Buffer.from('api:pw').toString('base64')}`;
async function api(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; headers: Headers; json: unknown }> {
  const answer = await fetch(`${fake.url}/api/now/table/${path}`, {
    method,
    headers: { authorization, accept: 'application/json', 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, headers: answer.headers, json: await answer.json() };
}
const desk = async (method: string, path: string, body?: unknown): Promise<unknown> => {
  const answer = await fetch(`${fake.url}/_fake/${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return answer.json();
};

describe('the Table API of the fake', () => {
  it('creates with 201, Location, texts only, and numbers in order', async () => {
    const first = await api('POST', 'incident', {
      short_description: 'A',
      impact: 1,
      urgency: 2,
      nonsense: 'x',
      work_notes: 'n',
    });
    expect(first.status).toBe(201);
    expect(first.json).toMatchObject({
      result: { number: 'INC0010001', priority: '2', sys_mod_count: '0', active: 'true', work_notes: '' },
    });
    expect(JSON.stringify(first.json)).not.toContain('nonsense');
    const { result } = first.json as { result: Record<string, string> };
    expect(first.headers.get('location')).toBe(`${fake.url}/api/now/table/incident/${result['sys_id']}`);
    const second = await api('POST', 'incident', [{ short_description: 'B' }, { short_description: 'C' }]);
    expect(second.json).toMatchObject({ result: { number: 'INC0010002', short_description: 'B' } });
    expect(fake.incidents()).toHaveLength(2);
  });

  it('ignores conditions and parameters that it does not know, and then answers everything', async () => {
    for (const title of ['A', 'B', 'C']) fake.tables.insert({ short_description: title }, 'itil.user');
    const all = await api('GET', 'incident?query=number%3DINC0010002');
    expect((all.json as { result: unknown[] }).result).toHaveLength(3);
    const unknown = await api('GET', 'incident?sysparm_query=u_nothing%3D1&sysparm_limit=2');
    expect((unknown.json as { result: unknown[] }).result).toHaveLength(2);
    expect(unknown.headers.get('x-total-count')).toBe('3');
    expect(unknown.headers.get('link')).toContain('rel="prev"');
    const known = await api(
      'GET',
      'incident?sysparm_query=short_descriptionINA,C^ORDERBYDESCnumber&sysparm_fields=number,x',
    );
    expect(known.json).toEqual({ result: [{ number: 'INC0010003' }, { number: 'INC0010001' }] });
    const either = await api(
      'GET',
      'incident?sysparm_query=short_description=A^ORshort_description=B^NQnumber=INC0010003',
    );
    expect((either.json as { result: unknown[] }).result).toHaveLength(3);
    const none = await api('GET', 'incident?sysparm_query=number=INC1');
    expect(none).toMatchObject({ status: 200, json: { result: [] } });
  });

  it('refuses as the real one does: log-in, record, table, data policy', async () => {
    const stranger = await fetch(`${fake.url}/api/now/table/incident`);
    expect(stranger.status).toBe(401);
    expect(await stranger.json()).toEqual({
      error: { message: 'User Not Authenticated', detail: 'Required to provide Auth information' },
      status: 'failure',
    });
    expect(await api('GET', 'incident/nothing')).toMatchObject({
      status: 404,
      json: { error: { message: 'No Record found' } },
    });
    expect(await api('GET', 'nothing')).toMatchObject({
      status: 400,
      json: { error: { message: 'Invalid table nothing' } },
    });
    const { sys_id: id } = fake.tables.insert({}, 'itil.user');
    const resolve = (fields: object) => api('PATCH', `incident/${id}`, { state: '6', ...fields });
    const detail = (fields: string) => ({
      ...{ status: 403 },
      json: { error: { detail: `Data Policy Exception: \n\tThe following fields are mandatory: ${fields}` } },
    });
    expect(await resolve({})).toMatchObject(detail('Resolution code, Close notes'));
    expect(await resolve({ close_code: 'Made up', close_notes: 'x' })).toMatchObject(detail('Resolution code'));
    expect(await resolve({ close_code: 'User error', close_notes: 'x' })).toMatchObject({ status: 200 });
  });

  it('counts only updates that change something, and adds entries to journals', async () => {
    const { sys_id: id = '' } = fake.tables.insert({ short_description: 'A' }, 'itil.user');
    await api('PATCH', `incident/${id}`, { short_description: 'A' });
    expect(fake.incident(id)['sys_mod_count']).toBe('0');
    await api('PATCH', `incident/${id}`, { work_notes: 'same' });
    await api('PATCH', `incident/${id}`, { work_notes: 'same' });
    expect(fake.incident(id)).toMatchObject({ sys_mod_count: '2', sys_updated_by: 'api' });
    expect(fake.journal(id)).toHaveLength(2);
    const shown = await api('GET', `incident/${id}?sysparm_display_value=true&sysparm_fields=work_notes,state`);
    expect(shown.json).toMatchObject({
      result: { state: 'New', work_notes: expect.stringMatching(/^[\d: -]{19} - api \(Work notes\)\nsame\n\n/) },
    });
    expect(fake.counts).toEqual({ posts: 0, patches: 3, reads: 1, strangers: 0 });
  });

  it('clears the assigned user when the group changes', async () => {
    const user = fake.tables.table('sys_user')[0]?.['sys_id'] ?? '';
    const group = fake.tables.table('sys_user_group')[0]?.['sys_id'] ?? '';
    const { sys_id: id = '' } = fake.tables.insert({ assigned_to: user }, 'itil.user');
    fake.asPerson('itil.user').update(id, { assignment_group: group });
    expect(fake.incident(id)).toMatchObject({ assigned_to: '', assignment_group: group });
  });
});

describe('the control desk of the fake', () => {
  it('lets people work, orders faults, and tells the state', async () => {
    fake.tables.insert({ short_description: 'A' }, 'itil.user');
    expect(await desk('POST', 'as/itil.user/INC0010001', { state: '2', work_notes: 'on it' })).toMatchObject({
      state: '2',
    });
    expect(await desk('POST', 'as/itil.user/INC0010001', { state: '6' })).toEqual({ error: 'Operation Failed' });
    await desk('POST', 'faults', { kind: 'status', status: 429, headers: { 'Retry-After': '3' }, times: 0 });
    expect((await api('GET', 'incident')).status).toBe(429);
    expect(await desk('DELETE', 'faults')).toEqual([]);
    expect((await api('GET', 'incident')).status).toBe(200);
    expect(await desk('GET', 'state')).toMatchObject({
      counts: { reads: 2 },
      incidents: [{ number: 'INC0010001', journal: [{ value: 'on it', sys_created_by: 'itil.user' }] }],
    });
    expect(await desk('POST', 'hooks', { delayMs: 7 })).toMatchObject({ delayMs: 7, off: false });
    expect(await desk('GET', 'nothing')).toEqual({ error: 'no such control' });
  });

  it('orders what goes wrong with calls', async () => {
    const order = (fault: object) => desk('POST', 'faults', fault);
    const limited = async (says: string) => {
      await order({ kind: 'limit', says, wait: 30 });
      const { status, headers } = await api('GET', 'incident');
      const told = ['retry-after', 'x-ratelimit-limit', 'x-ratelimit-reset', 'x-ratelimit-rule'];
      return { status, told: told.filter((name) => headers.has(name)) };
    };
    expect(await limited('rule')).toEqual({
      status: 429,
      told: ['retry-after', 'x-ratelimit-limit', 'x-ratelimit-reset', 'x-ratelimit-rule'],
    });
    expect(await limited('reset-only')).toMatchObject({
      told: ['x-ratelimit-limit', 'x-ratelimit-reset', 'x-ratelimit-rule'],
    });
    expect(await limited('retry-date')).toMatchObject({ told: ['retry-after'] });
    expect(await limited('bare')).toEqual({ status: 429, told: [] });

    const { sys_id: id = '' } = fake.tables.insert({ short_description: 'A' }, 'itil.user');
    await order({ kind: 'dropped', field: 'short_description' });
    expect(await api('PATCH', `incident/${id}`, { short_description: 'B', state: '2' })).toMatchObject({
      json: { result: { short_description: 'A', state: '2' } },
    });
    for (const call of [() => api('PATCH', `incident/${id}`, { state: '1' }), () => api('GET', `incident/${id}`)]) {
      await order({ kind: 'hidden' });
      expect(await call()).toMatchObject({ status: 404, json: { error: { message: 'No Record found' } } });
    }
    await order({ kind: 'html', status: 503 });
    const page = await fetch(`${fake.url}/api/now/table/incident`, { headers: { authorization } });
    expect([page.status, page.headers.get('content-type')]).toEqual([503, 'text/html']);
  });

  it('lets queries lag, the clock go wrong, and records go', async () => {
    await desk('POST', 'clock', { skewMs: -7_200_000 });
    const { headers, json } = await api('POST', 'incident', { short_description: 'A' });
    const [date, created] = [headers.get('date') ?? '', (json as { result: Record<string, string> }).result];
    expect(Date.now() - Date.parse(date)).toBeGreaterThan(7_000_000);
    expect(Date.now() - Date.parse(`${created['sys_created_on']}Z`)).toBeGreaterThan(7_000_000);
    await desk('POST', 'search', { lagMs: 60_000 });
    expect(await api('GET', 'incident')).toMatchObject({ json: { result: [] } });
    expect((await api('GET', `incident/${created['sys_id']}`)).status).toBe(200);
    await desk('POST', `delete/${created['number']}`);
    expect((await api('GET', `incident/${created['sys_id']}`)).status).toBe(404);
  });

  it('gives out tokens and ends them', async () => {
    await fake.close();
    fake = await FakeServiceNow.start({
      ...{ user: 'api', password: 'pw', apiKey: 'key' },
      oauth: { clientId: 'id', clientSecret: 'secret' },
    });
    const form = new URLSearchParams({ grant_type: 'password', client_id: 'id', client_secret: 'secret' });
    const ask = async (more: object, query = '') => {
      const body = new URLSearchParams([...form, ...Object.entries(more)] as [string, string][]);
      const answer = await fetch(`${fake.url}/oauth_token.do${query}`, { method: 'POST', body });
      return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
    };
    const login = { username: 'api', password: 'pw' };
    const { json } = await ask(login);
    expect(json).toMatchObject({ token_type: 'Bearer', scope: 'useraccount', expires_in: 1_800 });
    expect((await ask(login)).json['access_token']).toBe(json['access_token']);
    const refused = { status: 401, json: { error: 'server_error', error_description: 'access_denied' } };
    expect(await ask({ ...login, password: 'no' })).toEqual(refused);
    expect(await ask(login, '?x=1')).toEqual(refused);
    const use = async () => {
      const headers = { authorization: `Bearer ${String(json['access_token'])}` };
      return (await fetch(`${fake.url}/api/now/table/incident`, { headers })).status;
    };
    expect(await use()).toBe(200);
    await desk('POST', 'tokens', { expire: true, lifetime: 60 });
    expect(await use()).toBe(401);
    expect((await ask(login)).json).toMatchObject({ expires_in: 60 });
  });

  it('goes down and comes back on the same port', async () => {
    const { url } = fake;
    await desk('POST', 'down', { forMs: 1_000 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await expect(fetch(url)).rejects.toThrow();
    const answer = async () => (await fetch(url).catch(() => undefined))?.status;
    while ((await answer()) === undefined) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await answer()).toBe(200);
  });
});
