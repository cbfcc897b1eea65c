import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Story } from '../../testing/story';
import { Workspace } from '../../testing/workspace';
import type { AdapterOptions } from './options';

/** Whatever differs in code is in one of these. The names are ones that nobody takes for an adapter of their own. */
const SHAPES = [
  { name: 'spec-told', level: 'notify', auth: 'basic' },
  { name: 'spec-updated', level: 'notify_and_update', auth: 'api-key' },
  { name: 'spec-pushed', level: 'synchronize', auth: 'bearer', push: true },
  { name: 'spec-polled', poll: true },
  { name: 'spec-both', auth: 'api-key', push: true, poll: true },
] as const satisfies AdapterOptions[];
const FOLDERS = SHAPES.map(({ name }) => `libs/adapters/${name}`);
const LIMIT_MS = 180_000;

/** Of the scenarios of the product those that are played here: one of each kind. */
const SCENARIOS = [
  ...['an event is forwarded', 'OBM changes the title', 'OBM changes the severity'],
  ...['OBM closes it and opens it again', 'OBM annotates it', 'somebody changes the title in the tool'],
  ...['somebody resolves it in the tool and opens it again', 'somebody adds a note in the tool'],
  ...['somebody deletes the record, and OBM goes on', 'both change the title at once'],
];

let workspace: Workspace;
const written = new Map<string, string[]>();
beforeAll(async () => {
  workspace = Workspace.create();
  const paths = await workspace.generate(SHAPES);
  for (const [index, { name }] of SHAPES.entries()) written.set(name, paths[index] ?? []);
}, LIMIT_MS);
afterAll(() => workspace.remove());

/** What a command said, if it failed. */
const trouble = ({ code, said }: { code: number; said: string }): string =>
  code === 0 ? '' : said || `exit code ${code}`;

const outdented = (text: string): string => text.replace(/^ +/gm, '');

describe('What the generator writes', () => {
  it('is the project, its page, and one line where core, npm and TypeScript want to know of it', () => {
    const outside = [...(written.get('spec-pushed') ?? [])].filter(
      (path) => !path.startsWith('libs/adapters/spec-pushed/'),
    );
    expect(outside).toEqual([
      ...['apps/core/package.json', 'apps/core/src/adapters.ts', 'apps/core/tsconfig.json'],
      ...['docs/adapters.md', 'docs/spec-pushed.md', 'tsconfig.json'],
    ]);
    expect(workspace.read('apps/core/src/adapters.ts').match(/SpecPushedAdapterModule/g)).toHaveLength(2);
    expect(workspace.read('tsconfig.json').match(/libs\/adapters\/spec-pushed/g)).toHaveLength(1);
  });

  it('is what a dry run tells, which writes nothing', async () => {
    const ended = await workspace.run('nx', ['g', '@opr-connect/plugin:adapter', 'spec-dry', '--dry-run']);
    expect(trouble(ended)).toBe('');
    const told = [...ended.said.matchAll(/^(?:CREATE|UPDATE) (\S+)/gm)].map(([, path = '']) => path).sort();
    const expected = (written.get('spec-pushed') ?? [])
      .map((path) => path.replaceAll('spec-pushed', 'spec-dry'))
      .sort();
    expect(told).toEqual(expected);
    expect(existsSync(join(workspace.root, 'libs/adapters/spec-dry'))).toBe(false);
    expect(workspace.read('apps/core/src/adapters.ts')).not.toContain('SpecDry');
  }, 60_000);

  it('is what docs/writing-an-adapter.md shows', () => {
    const page = workspace
      .read('docs/writing-an-adapter.md')
      .replaceAll('acme-desk', 'spec-pushed')
      .replaceAll('ACME_DESK', 'SPEC_PUSHED');
    const shape = SHAPES.find(({ name }) => name === 'spec-pushed') as AdapterOptions;
    expect(page).toContain(`adapter ${shape.name} --level ${shape.level} --auth ${shape.auth} --push\n`);
    const blocks = [...page.matchAll(/^```\w+ (spec-pushed\S+)\n(.*?)^```$/gms)];
    expect(blocks).toHaveLength(7);
    for (const [, file = '', code = ''] of blocks) {
      const path = file.endsWith('.md') ? `docs/${file}` : `libs/adapters/spec-pushed/src/${file}`;
      expect(outdented(workspace.read(path))).toContain(outdented(code));
    }
  });

  it(
    'compiles, lints, is formatted, and keeps the contract at its level, unedited',
    async () => {
      const checks = {
        tsc: ['-b', 'tools/sandbox'],
        eslint: ['--max-warnings=0', ...FOLDERS, 'apps/core/src/adapters.ts'],
        prettier: ['--check', ...FOLDERS, 'docs/spec-*.md', 'docs/adapters.md', 'apps/core/*.json', '*.json'],
        // They wait more than they compute.
        jest: ['--maxWorkers=5', '--projects', ...FOLDERS],
      };
      const troubles = Object.entries(checks).map(async ([command, args]) =>
        trouble(await workspace.run(command, args)),
      );
      expect(await Promise.all(troubles)).toEqual(Object.keys(checks).map(() => ''));
      const levels = /^\| supports up to.*$/m.exec(workspace.read('docs/adapters.md'))?.[0];
      expect(levels?.match(/\w+/g)?.filter((word) => word.startsWith('notify'))).toEqual([
        'notify',
        'notify_and_update',
      ]);
    },
    LIMIT_MS,
  );

  it(
    'runs in the core: one event reaches all of them, and what people do in one tool reaches the others',
    async () => {
      const story = await Story.begin(workspace.root);
      try {
        await story.forward();
        await story.edit('spec-pushed', { title: 'Edited where it is pushed', severity: 'p1' });
        await story.edit('spec-polled', { title: 'Edited where it is polled', status: 'doing' });
        await story.note('spec-both', 'Cable checked.');
      } finally {
        await story.end();
      }
    },
    LIMIT_MS,
  );

  it(
    'shows what it would send, and of a change only where changes are carried',
    async () => {
      const url = 'http://127.0.0.1:1';
      const servers = [
        { name: 'told', adapter: 'spec-told', settings: { url, user: 'hub', password: '${LOGIN}' } },
        { name: 'updated', adapter: 'spec-updated', settings: { url, apiKey: '${LOGIN}' } },
      ];
      workspace.write('opr-connect.yaml', JSON.stringify({ servers }));
      const tried = async (...args: string[]) =>
        (await workspace.node('apps/core/dist/try-server.js', args, { LOGIN: 'never sent' })).said;
      const event = expect.objectContaining({
        title: 'Error packets on eth0 above threshold',
        status: 'new',
        notes: [],
      });
      expect(JSON.parse(await tried('told', '--json'))).toEqual({ event });
      expect(JSON.parse(await tried('updated', '--json'))).toEqual({ event, change: { status: 'closed', notes: [] } });
      expect(await tried('told')).toMatch(/and nothing when it changes\.\n$/);
    },
    LIMIT_MS,
  );

  it(
    'plays the scenarios of the product, joined to them as docs/writing-an-adapter.md shows, pushed and polled',
    async () => {
      const page = workspace.read('docs/writing-an-adapter.md');
      const [, path = '', code = ''] = /^```ts (apps\/core-e2e\/\S+)\n(.*?)^```$/ms.exec(page) ?? [];
      for (const name of ['spec-pushed', 'spec-polled'])
        workspace.write(path.replaceAll('acme-desk', name), code.replaceAll('acme-desk', name));
      const played = await workspace.run('jest', [
        ...['--projects', 'apps/core-e2e', '--maxWorkers=2', '--testPathPatterns', 'scenarios/spec-'],
        ...['--testNamePattern', `: (${SCENARIOS.join('|')})$`],
      ]);
      expect(trouble(played)).toBe('');
      expect(played.said).toContain(` ${2 * SCENARIOS.length} passed,`);
    },
    LIMIT_MS,
  );

  it(
    'runs in the demo: its tool is there by its name, with somebody who works in it',
    async () => {
      const { code, said } = await workspace.node('tools/sandbox/dist/main.js', ['--tool', 'spec-both', '--once']);
      expect(trouble({ code, said })).toBe('');
      expect(said).toContain('the event in OBM is closed');
    },
    LIMIT_MS,
  );
});
