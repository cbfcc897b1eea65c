import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from './support/program';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opr-connect-mapping-'));
  const jira = `adapter: jira, settings: { url: 'https://jira.example.com', token: '\${SN}', hookSecret: '\${HOOK}', project: OPS`;
  await writeFile(
    join(folder, 'opr-connect.yaml'),
    `
servers:
  - { name: lossy, ${jira} } }
  - { name: bad, ${jira}, mapping: { severity: { back: { High: grave } } } } }
  - name: plain
    ${jira.replace(', settings', '\n    settings')},
      mapping: { directions: { title: once, solution: none }, state: { out: { open: To Do, in_progress: Doing, resolved: Review, closed: Done } } } }
  - { name: desk, adapter: webhook, settings: { url: 'https://desk.example.com', secret: '\${WEBHOOK_OUT}' } }
`,
  );
});
afterAll(() => rm(folder, { recursive: true }));

const run = (...words: string[]) => runProgram('mapping-check.js', folder, words);

describe('npm run mapping -- check', () => {
  it('says which values become one, which cannot be reached, and what comes back other than it went', async () => {
    const { code, out } = await run('check', 'lossy');
    expect(code).toBe(0);
    expect(out).toMatch(/severity +goes both ways\n +normal, unknown all become Lowest/);
    expect(out).toContain('resolved, closed all become done');
    expect(out).toContain('nobody can reach resolved from the tool');
    expect(out).toContain('resolved comes back as closed');
    expect(out).toMatch(/priority +does not go/);
    expect(out).toMatch(/Something is lost in severity, state\.\n$/);
  });

  it('tells the same to programs', async () => {
    const { out } = await run('check', 'plain', '--json');
    const { server, properties } = JSON.parse(out) as { server: string; properties: { property: string }[] };
    expect(server).toBe('plain');
    const state = properties.find(({ property }) => property === 'state');
    expect(state).toMatchObject({ direction: 'both', collapsing: [], unreachable: [], changed: [] });
    expect(properties).toContainEqual(expect.objectContaining({ property: 'title', direction: 'once' }));
  });

  it.each([
    [['check', 'nobody'], 64, 'There is no connected server nobody'],
    [['check'], 64, 'npm run mapping -- check <server>'],
    [['check', 'lossy', '--loud'], 64, "'--loud'"],
    [['check', 'desk'], 64, 'has no mapping'],
    [['check', 'bad'], 78, 'settings.mapping.severity.back'],
  ])('refuses %j with a reason', async (words, code, reason) => {
    const told = await run(...words);
    expect(told).toMatchObject({ code, out: '' });
    expect(told.err).toContain(reason);
  });
});
