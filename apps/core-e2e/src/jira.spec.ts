import { FakeJira } from '@opr-connect/adapter-jira/testing';
import { eventually, newEvent, noteChange, stateChange } from './support/events';
import { Installation, SECRETS } from './support/installation';

describe.each(['cloud', 'dataCenter'] as const)('an event of OBM and its issue in Jira, %s', (flavour) => {
  let jira: FakeJira;
  let installation: Installation;
  beforeAll(async () => {
    jira = await FakeJira.start({ flavour, user: 'opr-connect', token: SECRETS.SN });
    installation = await Installation.start({
      config: ({ obm }) => `
hubId: e2e
operators: [{ name: console, password: '\${CONSOLE}' }]
servers:
  - name: obm
    adapter: opr
    password: '\${OBM_IN}'
    settings: { syncUrl: '${obm.syncUrl}', user: opr-connect, password: '\${OBM_OUT}' }
  - name: jira
    adapter: jira
    settings:
      url: '${jira.url}'
      token: '\${SN}'
      hookSecret: '\${HOOK}'
      project: OPS
      settleMs: 500
      ${flavour === 'cloud' ? 'user: opr-connect@example.com' : ''}
rules:
  - { name: from OBM, filter: { source: obm }, targets: [{ server: jira, type: synchronize }] }
`,
    });
    jira.hooks.target = { url: `${installation.core.url}/hooks/jira`, secret: SECRETS.HOOK };
  });
  afterAll(async () => {
    await installation.close();
    await jira.close();
  });

  const forwarded = async () => {
    const event = newEvent();
    const key = await installation.asObm.forward(event);
    expect(key).toMatch(/^OPS-\d+$/);
    return { event, key };
  };
  const eventOf = (id: string) => installation.asObm.event(`/event/${id}`);

  it('agree on what people do in Jira, and nothing of our own comes back', async () => {
    const { event, key } = await forwarded();
    await installation.asObm.change(key, noteChange('from OBM', `note-${key}`));
    await eventually('the comment', () => jira.issue(key).comments.length === 1);
    const ann = jira.asPerson('ann');
    ann.comment(key, 'from Jira');
    ann.transition(key, 'Done');
    await eventually('closed', async () => (await eventOf(event.id)).state === 'closed');
    const texts = async () => (await eventOf(event.id)).annotationList?.annotation?.map(({ text }) => text);
    await eventually('both annotations', async () => (await texts())?.length === 2);
    expect(await texts()).toEqual(['from OBM', 'from Jira']);
    expect(jira.issue(key).comments).toHaveLength(2);
  });

  it('agree on what OBM says, closed and opened again', async () => {
    const { key } = await forwarded();
    await installation.asObm.change(key, stateChange('closed', `c-${key}`));
    await eventually('done', () => jira.issue(key).status === 'Done');
    await installation.asObm.change(key, stateChange('open', `o-${key}`));
    await eventually('open', () => jira.issue(key).status === 'To Do');
  });

  it('agree again as soon as the server is resumed, when a hook met a Jira that turned us away', async () => {
    const { event, key } = await forwarded();
    jira.faults.add({ kind: 'status', status: 429, headers: { 'Retry-After': '600' }, method: 'GET', path: '/issue/' });
    jira.asPerson('ann').transition(key, 'Done');
    const isPaused = async () => (await installation.api('GET', '/servers/jira')).body.state.paused as boolean;
    await eventually('it is paused', isPaused);
    jira.faults.clear();
    await installation.api('POST', '/servers/jira/resume');
    await eventually('closed', async () => (await eventOf(event.id)).state === 'closed');
  });

  it('are one, although the answer to its creation was lost', async () => {
    jira.faults.add({ kind: 'lost', method: 'POST', path: '/issue' });
    const event = newEvent({ title: `lost ${flavour}` });
    await installation.asObm.forward(event);
    const issues = () => jira.all().filter(({ summary }) => summary === event.title);
    await eventually('its number', async () => (await eventOf(event.id)).id === event.id && issues().length === 1);
    expect(issues()).toHaveLength(1);
  });

  it('part when people delete the issue', async () => {
    const { key } = await forwarded();
    jira.asPerson('ann').delete(key);
    const states = () =>
      installation.rows<{ n: string }>(`select count(*) as n from forwarded_event where state = 'cancelled'`);
    await eventually('the end', async () => Number((await states())[0]?.n) > 0);
  });
});
