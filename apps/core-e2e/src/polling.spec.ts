import { FakeJira } from '@opr-connect/adapter-jira/testing';
import { OprClient } from '@opr-connect/core/testing';
import { eventually, newEvent, noteChange } from './support/events';
import { Installation, SECRETS } from './support/installation';

let jira: FakeJira;
let hub: Installation;

const config =
  (pollEverySeconds: number) =>
  ({ obm }: Pick<Installation, 'obm'>): string => `
hubId: e2e
operators: [{ name: console, password: '\${CONSOLE}' }]
servers:
  - name: obm
    adapter: opr
    password: '\${OBM_IN}'
    settings: { syncUrl: '${obm.syncUrl}', user: opr-connect, password: '\${OBM_OUT}' }
  - name: jira
    adapter: jira
    pollEverySeconds: ${pollEverySeconds}
    settings:
      url: '${jira.url}'
      user: opr-connect@example.com
      token: '\${SN}'
      hookSecret: '\${HOOK}'
      project: OPS
      settleMs: 500
rules:
  - { name: from OBM, filter: { source: obm }, targets: [{ server: jira, type: synchronize }] }
`;

beforeAll(async () => {
  jira = await FakeJira.start({ user: 'opr-connect', token: SECRETS.SN });
  hub = await Installation.start({ config: config(1) });
});
afterAll(async () => {
  await hub?.close();
  await jira?.close();
});
afterEach(() => {
  jira.faults.clear();
  jira.hooks.target = undefined;
});

/** An event of OBM with its issue, and nothing under way. Jira sends no hooks unless a test says so. */
async function shared(about: string) {
  const event = newEvent({ title: `${about} ${Math.random().toString(36).slice(2)}` });
  const key = await hub.asObm.forward(event);
  expect(key).toMatch(/^OPS-\d+$/);
  return { event, key };
}

const notesOf = async (id: string) =>
  (await hub.asObm.event(`/event/${id}`)).annotationList?.annotation?.map(({ text }) => text) ?? [];
const jiraState = async () => (await hub.api('GET', '/servers/jira')).body.state;
const polls = () => jira.requests.filter(({ path }) => path.includes('/search')).length;
/** Another poll was begun and ended. */
const polledAgain = async () => {
  const since = await doneAt();
  return eventually('another poll', async () => (await doneAt()) > since);
};
const doneAt = async (): Promise<number> => {
  const [row] = await hub.rows<{ done_at: Date | null }>(`select done_at from scheduled_work where kind = 'poll'`);
  return row?.done_at?.getTime() ?? 0;
};

describe('A server that is polled', () => {
  it('is counted in the metrics, round by round', async () => {
    const counted = async (): Promise<number> => {
      const { body } = await new OprClient(hub.core.url, 'console', SECRETS.CONSOLE).send('GET', '/metrics');
      return Number(/scheduled_work_total\{server="jira",kind="poll",outcome="done"\} (\d+)/.exec(body)?.[1] ?? 0);
    };
    const before = await counted();
    await polledAgain();
    await eventually('one more', async () => (await counted()) > before);
  });

  it('tells what people did, although it sends no hooks', async () => {
    const { event, key } = await shared('polled');
    jira.asPerson('ann').comment(key, 'from Jira');
    jira.asPerson('ann').transition(key, 'Done');
    await eventually('closed', async () => (await hub.asObm.event(`/event/${event.id}`)).state === 'closed');
    await eventually('OBM is told', () => hub.obm.event(event.id)?.state === 'closed');
    expect(await notesOf(event.id)).toEqual(['from Jira']);
  });

  it('tells once what hooks told too, and nothing of our own', async () => {
    const { event, key } = await shared('both');
    jira.hooks.target = { url: `${hub.core.url}/hooks/jira`, secret: SECRETS.HOOK };
    await hub.asObm.change(key, noteChange('from OBM'));
    jira.asPerson('ann').comment(key, 'from Jira');
    await eventually('both', async () => (await notesOf(event.id)).length === 2);
    await polledAgain();
    await polledAgain();
    expect((await notesOf(event.id)).sort()).toEqual(['from Jira', 'from OBM']);
    expect(jira.issue(key).comments).toHaveLength(2);
  });

  it('is polled on where it was left when the core is killed', async () => {
    const { event, key } = await shared('killed');
    jira.faults.add({ kind: 'slow', beforeMs: 60_000, method: 'GET', path: '/search' });
    jira.faults.add({ kind: 'slow', beforeMs: 60_000, method: 'POST', path: '/search' });
    const before = polls();
    await eventually('a poll is under way', () => polls() > before);
    jira.asPerson('ann').comment(key, 'meanwhile');
    await hub.core.kill();
    jira.faults.clear();
    await hub.rows(`update scheduled_work set due_at = now() where claim is not null`); // its lease ends
    await hub.restart();
    await eventually('it is told', async () => (await notesOf(event.id)).length === 1);
    await polledAgain();
    expect(await notesOf(event.id)).toEqual(['meanwhile']);
  });

  it('is paused for all when it fails as a whole, and comes back by itself', async () => {
    const { event, key } = await shared('busy');
    jira.faults.add({ kind: 'limit', limit: 'jira-burst-based', wait: 3, path: '/search' });
    await eventually('paused', async () => (await jiraState()).paused);
    jira.asPerson('ann').comment(key, 'after that');
    await eventually('it is told', async () => (await notesOf(event.id)).length === 1);
    expect(await jiraState()).toMatchObject({ paused: false, failures: 0 });
  });

  it('raises an alarm when its login is wrong, and goes on when somebody has put it right', async () => {
    const { event, key } = await shared('misconfigured');
    jira.faults.add({ kind: 'status', status: 401, path: '/search', times: 0 });
    await eventually('the alarm', async () => (await jiraState()).alarm);
    expect((await hub.api('GET', '/servers/jira')).body.work).toContainEqual(
      expect.objectContaining({ kind: 'poll', done: expect.any(String), error: expect.any(String) }),
    );
    jira.faults.clear();
    jira.asPerson('ann').comment(key, 'after that');
    await hub.api('POST', '/servers/jira/resume');
    await eventually('it is told', async () => (await notesOf(event.id)).length === 1);
    expect(await jiraState()).toMatchObject({ alarm: false });
  });

  it('is left alone while an operator holds it', async () => {
    await polledAgain();
    await hub.api('POST', '/servers/jira/pause', { reason: 'maintenance' });
    await eventually(
      'no poll under way',
      async () =>
        (await hub.rows(`select 1 from scheduled_work where kind = 'poll' and claim is not null`)).length === 0,
    );
    const before = polls();
    // When OBM, which is asked for later, was reconciled, Jira was due and passed over.
    await eventually(
      'due',
      async () => (await hub.rows(`select 1 from scheduled_work where kind = 'poll' and due_at < now()`)).length,
    );
    const { body } = await hub.api('POST', '/servers/obm/reconciliations', { dryRun: true });
    await eventually(
      'OBM is done',
      async () => (await hub.api('GET', `/servers/obm/reconciliations/${body.id}`)).body.state === 'done',
    );
    expect(polls()).toBe(before);
    await hub.api('POST', '/servers/jira/resume');
    await polledAgain();
  });

  it('is not polled at all when the configuration says so', async () => {
    await hub.core.stop();
    await hub.configure(config(0));
    await hub.restart();
    const before = polls();
    const { body } = await hub.api('POST', '/servers/obm/reconciliations', { dryRun: true });
    await eventually(
      'OBM is done',
      async () => (await hub.api('GET', `/servers/obm/reconciliations/${body.id}`)).body.state === 'done',
    );
    expect(polls()).toBe(before);
    expect((await hub.api('GET', '/servers/jira')).body).toMatchObject({ pollEverySeconds: 0 });
  });
});
