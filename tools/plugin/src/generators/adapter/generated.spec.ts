import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Story } from '../../testing/story';
import { Workspace } from '../../testing/workspace';
import type { AdapterOptions } from './options';

/** Whatever differs in code is in one of these. */
const SHAPES = [
  { name: 'only-told', level: 'notify', auth: 'basic' },
  { name: 'updated', level: 'notify_and_update', auth: 'api-key' },
  { name: 'acme-desk', level: 'synchronize', auth: 'bearer', push: true },
  { name: 'polled', poll: true },
  { name: 'both-ways', auth: 'api-key', push: true, poll: true },
] as const satisfies AdapterOptions[];
const FOLDERS = SHAPES.map(({ name }) => `libs/adapters/${name}`);
const LIMIT_MS = 180_000;

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
    const outside = [...(written.get('acme-desk') ?? [])].filter(
      (path) => !path.startsWith('libs/adapters/acme-desk/'),
    );
    expect(outside).toEqual([
      ...['apps/core/package.json', 'apps/core/src/adapters.ts', 'apps/core/tsconfig.json'],
      ...['docs/acme-desk.md', 'docs/adapters.md', 'tsconfig.json'],
    ]);
    expect(workspace.read('apps/core/src/adapters.ts').match(/AcmeDeskAdapterModule/g)).toHaveLength(2);
    expect(workspace.read('tsconfig.json').match(/libs\/adapters\/acme-desk/g)).toHaveLength(1);
  });

  it('is what a dry run tells, which writes nothing', async () => {
    const ended = await workspace.run('nx', ['g', '@opr-connect/plugin:adapter', 'seen-dry', '--dry-run']);
    expect(trouble(ended)).toBe('');
    const told = [...ended.said.matchAll(/^(?:CREATE|UPDATE) (\S+)/gm)].map(([, path = '']) => path).sort();
    const expected = (written.get('acme-desk') ?? []).map((path) => path.replaceAll('acme-desk', 'seen-dry')).sort();
    expect(told).toEqual(expected);
    expect(existsSync(join(workspace.root, 'libs/adapters/seen-dry'))).toBe(false);
    expect(workspace.read('apps/core/src/adapters.ts')).not.toContain('SeenDry');
  }, 60_000);

  it('is what docs/writing-an-adapter.md shows', () => {
    const page = workspace.read('docs/writing-an-adapter.md');
    const shape = SHAPES.find(({ name }) => name === 'acme-desk') as AdapterOptions;
    expect(page).toContain(`adapter ${shape.name} --level ${shape.level} --auth ${shape.auth} --push\n`);
    const blocks = [...page.matchAll(/^```\w+ (acme-desk\S+)\n(.*?)^```$/gms)];
    expect(blocks).toHaveLength(7);
    for (const [, file = '', code = ''] of blocks) {
      const path = file.endsWith('.md') ? `docs/${file}` : `libs/adapters/acme-desk/src/${file}`;
      expect(outdented(workspace.read(path))).toContain(outdented(code));
    }
  });

  it(
    'compiles, lints, is formatted, and keeps the contract at its level, unedited',
    async () => {
      const checks = {
        tsc: workspace.run('tsc', ['-b', 'apps/core']),
        eslint: workspace.run('eslint', ['--max-warnings=0', ...FOLDERS, 'apps/core/src/adapters.ts']),
        prettier: workspace.run('prettier', ['--check', ...FOLDERS, 'docs', 'apps/core/package.json', '*.json']),
        jest: workspace.run('jest', ['--projects', ...FOLDERS]),
      };
      for (const [name, check] of Object.entries(checks)) expect([name, trouble(await check)]).toEqual([name, '']);
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
        await story.edit('acme-desk', { title: 'Edited where it is pushed', severity: 'p1' });
        await story.edit('polled', { title: 'Edited where it is polled', status: 'doing' });
        await story.note('both-ways', 'Cable checked.');
      } finally {
        await story.end();
      }
    },
    LIMIT_MS,
  );
});
