import { FakeJira } from '.';

describe.each(['cloud', 'dataCenter'] as const)('the fake of %s', (flavour) => {
  let fake: FakeJira;
  beforeEach(async () => {
    fake = await FakeJira.start({ flavour, user: 'api', token: 'secret' });
  });
  afterEach(() => fake.close());

  const cloud = flavour === 'cloud';
  const authorization = cloud ? `Basic ${Buffer.from('api@example.com:secret').toString('base64')}` : 'Bearer secret';
  const call = async (address: string, body?: unknown, method = body === undefined ? 'GET' : 'POST') => {
    const answer = await fetch(address, {
      ...{ method, headers: { authorization, 'content-type': 'application/json' } },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers,
      text,
      json: (text.startsWith('{') ? JSON.parse(text) : undefined) as unknown,
    };
  };
  const api = (path: string, body?: unknown, method?: string) =>
    call(`${fake.url}/rest/api/${cloud ? 3 : 2}/${path}`, body, method);
  const desk = (path: string, body?: unknown, method?: string) => call(`${fake.url}/_fake/${path}`, body, method);
  const document = {
    version: 1,
    type: 'doc',
    content: [{ type: 'paragraph', content: [{ type: 'text', text: 'd' }] }],
  };
  const fields = {
    ...{ project: { key: 'OPS' }, issuetype: { id: '10001' }, summary: 's', labels: ['a'] },
    description: cloud ? document : 'd',
  };
  const create = () => api('issue', { fields, properties: [{ key: 'k', value: { v: 1 } }] });

  it('creates with 201 and shows what was asked for', async () => {
    expect(await create()).toMatchObject({ status: 201, json: { id: '10001', key: 'OPS-1' } });
    const { json } = await api('issue/OPS-1?fields=summary,status&properties=k');
    expect(json).toMatchObject({
      ...{ id: '10001', fields: { summary: 's', status: { statusCategory: { key: 'new' } } } },
      properties: { k: { v: 1 } },
    });
    expect(json).not.toMatchObject({ fields: { labels: ['a'] } });
  });

  it.each([
    [{ summary: 'a\nb' }, 'summary'],
    [{ summary: 'x'.repeat(256) }, 'summary'],
    [{ labels: ['a b'] }, 'labels'],
    [{ description: cloud ? 'plain' : document }, 'description'],
    [
      { description: cloud ? { ...document, content: [{ type: 'text', text: '' }] } : 'x'.repeat(32_768) },
      'description',
    ],
    [{ priority: { name: 'None' } }, 'priority'],
    [{ nonsense: 1 }, 'nonsense'],
  ])('refuses %j', async (bad, field) => {
    const { status, json } = await api('issue', { fields: { ...fields, ...bad } });
    expect([status, json]).toEqual([400, { errorMessages: [], errors: { [field]: expect.any(String) } }]);
    expect(fake.all()).toEqual([]);
  });

  it('has the search of its kind, and refuses that of the other', async () => {
    await create();
    const asked = { jql: 'labels = "a" ORDER BY created ASC', maxResults: 1 };
    const [old, enhanced] = [await api('search', asked), await api('search/jql', asked)];
    if (cloud) {
      expect(old.status).toBe(410);
      expect(enhanced.json).toEqual({ issues: [{ id: '10001' }], isLast: true });
      expect((await api('search/jql', { ...asked, startAt: 0 })).status).toBe(400);
      expect((await api('search/jql', { jql: 'ORDER BY created ASC' })).status).toBe(400);
    } else {
      expect(old.json).toMatchObject({ total: 1, startAt: 0, issues: [{ id: '10001', fields: { summary: 's' } }] });
      expect(enhanced.status).toBe(404);
    }
  });

  it('takes transitions by id as text, from where the issue stands, with their screen', async () => {
    await create();
    const move = (id: unknown, more = {}) => api('issue/OPS-1/transitions', { transition: { id }, ...more });
    expect((await move(31)).status).toBe(400);
    expect((await move('41')).status).toBe(400);
    expect((await move('31')).json).toMatchObject({ errors: { resolution: 'resolution is required.' } });
    expect((await move('31', { fields: { resolution: { name: 'Done' } } })).status).toBe(204);
    expect(fake.issue('OPS-1')).toMatchObject({ status: 'Done', resolution: 'Done' });
  });

  it('lets people act over HTTP', async () => {
    await create();
    for (const [action, body] of [
      ['comment', { text: 'hello' }],
      ['transition', { to: 'Done' }],
      ['assign', { to: 'ben' }],
      ['edit', { summary: 'new' }],
      ['move', { project: 'NET' }],
    ] as const)
      expect((await desk(`as/ann/10001/${action}`, body)).status).toBe(200);
    expect(fake.issue('OPS-1')).toMatchObject({
      ...{ key: 'NET-1', status: 'Done', assignee: 'ben', summary: 'new', comments: [{ author: 'ann' }] },
    });
    expect((await desk('as/ann/10001/dance', {})).status).toBe(404);
    await desk('as/ann/10001/delete', {});
    expect((await api('issue/10001')).status).toBe(404);
  });

  it('takes its knobs over HTTP', async () => {
    await create();
    await desk('faults', { kind: 'status', status: 401, path: '/issue' });
    expect((await api('issue/10001')).status).toBe(401);
    expect((await api('issue/10001')).status).toBe(200);
    await desk('faults', { kind: 'hidden', times: 0 });
    expect((await api('issue/10001')).status).toBe(404);
    await desk('faults', undefined, 'DELETE');
    await desk('search', { lagMs: 60_000 });
    await create();
    expect((await api(cloud ? 'search/jql' : 'search', { jql: 'labels = "a"' })).text).not.toContain('10002');
    await desk('limits', { limits: [{ writes: 1, withinMs: 60_000 }] });
    const comment = { body: cloud ? document : 'd' };
    const answers = [await api('issue/10001/comment', comment), await api('issue/10001/comment', comment)];
    expect(answers.map(({ status }) => status)).toEqual([201, cloud ? 429 : 201]);
    if (cloud) expect(answers[1]?.headers.get('ratelimit-reason')).toBe('jira-per-issue-on-write');
    expect((await desk('state')).json).toMatchObject({
      counts: { creates: 2 },
      issues: [{ id: '10001' }, { id: '10002' }],
    });
  });

  it('is a page to look at', async () => {
    await create();
    expect((await call(`${fake.url}/browse/OPS-1`)).text).toContain('<h1>OPS-1 s</h1>');
    expect((await call(`${fake.url}/`)).text).toContain('OPS-1 · To Do · s');
    expect((await call(`${fake.url}/browse/OPS-9`)).status).toBe(404);
  });
});
