import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeEvent } from '@opr-connect/opr';
import { newEvent } from './support/events';
import { SECRETS } from './support/installation';
import { runProgram } from './support/program';

let folder: string;
beforeAll(async () => {
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
  - { name: bad, adapter: webhook, settings: { url: nowhere, secret: '\${WEBHOOK_OUT}' } }
`,
    'event.xml': writeEvent(newEvent({ title: 'Disk full' })),
    'hook.json': '{ "number": "T-1", "status": "closed" }',
    'bad.json': '{ "number": "T-1", "status": "done" }',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
});
afterAll(() => rm(folder, { recursive: true }));

const run = (...words: string[]) => runProgram('try-server.js', folder, words);

describe('npm run try', () => {
  it('shows what would be sent for an event', async () => {
    const { code, out } = await run('desk', '--event', 'event.xml', '--json');
    expect([code, JSON.parse(out)]).toEqual([0, { event: { summary: 'Disk full' }, change: { summary: 'Disk full' } }]);
    expect((await run('desk')).out).toContain('An event would be sent to desk as\n{\n  "summary": "Error packets');
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
