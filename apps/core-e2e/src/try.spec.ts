import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeJira } from '@opr-connect/adapter-jira/testing';
import { FakeServiceNow } from '@opr-connect/adapter-servicenow/testing';
import { readEvent, readEventChange, writeEvent } from '@opr-connect/opr';
import { newEvent } from './support/events';
import { SECRETS } from './support/installation';
import { runProgram } from './support/program';

let folder: string;
let serviceNow: FakeServiceNow;
let jira: FakeJira;
beforeAll(async () => {
  serviceNow = await FakeServiceNow.start({ user: 'opr.connect', password: SECRETS.SN });
  jira = await FakeJira.start({ flavour: 'dataCenter', user: 'opr-connect', token: SECRETS.SN });
  folder = await mkdtemp(join(tmpdir(), 'opr-connect-try-'));
  const files = {
    'opr-connect.yaml': `
servers:
  - name: desk
    adapter: webhook
    settings:
      url: https://desk.example.com/hook
      secret: \${WEBHOOK_OUT}
      hookSecret: \${WEBHOOK_IN}
      bodyMapping: '{ "summary": data.event.title }'
      hookMapping: '{ "id": body.number, "changes": { "state": body.status }, "annotations": [{ "author": "anna", "text": "done" }] }'
  - name: servicenow
    adapter: servicenow
    settings: { url: '${serviceNow.url}', user: opr.connect, password: '\${SN}', hookSecret: '\${HOOK}' }
  - name: jira
    adapter: jira
    settings: { url: '${jira.url}', token: '\${SN}', hookSecret: '\${HOOK}', project: OPS }
  - name: hub
    adapter: opr
    password: \${DESK_IN}
    settings: { endpointUrl: 'https://hub.example.com/opr/here', user: opr-connect, password: '\${OBM_OUT}' }
  - { name: bad, adapter: webhook, settings: { url: nowhere, secret: '\${WEBHOOK_OUT}' } }
`,
    'event.xml': writeEvent(newEvent({ title: 'Disk full' })),
    'hook.json': '{ "number": "T-1", "status": "closed" }',
    'bad.json': '{ "number": "T-1", "status": "done" }',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
});
afterAll(async () => {
  await Promise.all([serviceNow.close(), jira.close()]);
  await rm(folder, { recursive: true });
});

const run = (...words: string[]) => runProgram('try-server.js', folder, words);

describe('npm run try', () => {
  it('shows what would be sent for an event', async () => {
    const { code, out } = await run('desk', '--event', 'event.xml', '--json');
    expect([code, JSON.parse(out)]).toEqual([0, { event: { summary: 'Disk full' }, change: { summary: 'Disk full' } }]);
    expect((await run('desk')).out).toContain('An event would be sent to desk as\n{\n  "summary": "Error packets');
  });

  it('shows the record of ServiceNow, with what the instance calls things, and writes nothing', async () => {
    const { code, out } = await run('servicenow', '--event', 'event.xml', '--json');
    const { event, change } = JSON.parse(out) as Record<string, object>;
    expect([code, event]).toMatchObject([0, { short_description: 'Disk full', impact: '1', urgency: '1' }]);
    expect(change).toEqual({ state: '6', close_code: 'Solution provided', close_notes: 'The event was closed.' });
    expect(serviceNow.counts).toMatchObject({ posts: 0, patches: 0 });
  });

  it('shows the issue of Jira, in its markup and with its choices, and writes nothing', async () => {
    const { code, out } = await run('jira', '--event', 'event.xml', '--json');
    const { event, change } = JSON.parse(out) as Record<string, object>;
    const fields = {
      summary: 'Disk full',
      priority: { id: '1' },
      description: expect.stringContaining('Controller 1'),
    };
    expect([code, event]).toEqual([0, { fields: expect.objectContaining(fields), comments: [], status: 'new' }]);
    expect(change).toEqual({ fields: {}, comments: [], status: 'done' });
    expect(jira.counts).toMatchObject({ creates: 0, writes: 0 });
  });

  it('shows the documents for a party that speaks OPR, as they are', async () => {
    const { code, out } = await run('hub', '--event', 'event.xml');
    const [event = '', change = ''] = out.split(/^.*(?:would be sent to|and when it is closed).*$/m).slice(1);
    expect([code, readEvent(event.trim()).title]).toEqual([0, 'Disk full']);
    expect(readEventChange(change.trim()).changedProperties).toMatchObject([{ currentValue: 'closed' }]);
  });

  it('shows as what a hook would be understood', async () => {
    const { code, out } = await run('desk', '--hook', 'hook.json', '--header', 'webhook-id: msg_1');
    expect([code, out]).toEqual([
      0,
      'The event T-1, told as msg_1:\n  state is "closed"\n  annotation of anna: done\n',
    ]);
  });

  test.each([
    [['desk', '--hook', 'bad.json'], 65, 'hookMapping[0].changes.state: must be one of open'],
    [['bad'], 78, 'settings.url: must be a URL'],
    [['nobody'], 64, 'There is no connected server nobody'],
    [[], 64, 'npm run try -- <server>'],
    [['desk', '--what'], 64, "Unknown option '--what'"],
    [['desk', '--event', 'none.xml'], 64, 'ENOENT'],
  ])('%j ends with %i', async (words, code, said) => {
    const ended = await run(...words);
    expect(ended).toMatchObject({ code, out: '', err: expect.stringContaining(said) });
    expect(ended.err).not.toContain(SECRETS.WEBHOOK_OUT);
  });
});
