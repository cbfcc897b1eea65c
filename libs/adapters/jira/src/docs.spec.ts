import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSettings } from '@opr-connect/adapter-kit';
import { JiraSettings } from '.';
import { ANSWERS } from './jira.answers';
import { HOOK_SECRET } from './jira.fixture';
import { JIRA } from './jira.mapping';

const manual = readFileSync(join(__dirname, '../../../../docs/jira.md'), 'utf8');
const lineOf = (start: string) => manual.split('\n').find((line) => line.startsWith(`| \`${start}\` `));

describe('the manual', () => {
  it('describes every setting, with its default', () => {
    for (const [name, value] of Object.entries(new JiraSettings())) {
      expect([name, lineOf(name)]).toEqual([name, expect.stringContaining(`\`${String(value)}\``)]);
    }
    for (const name of [
      'url',
      'apiUrl',
      'user',
      'token',
      'hookSecret',
      'project',
      'resolution',
      'commentRole',
      'mapping',
    ])
      expect([name, lineOf(name)]).toEqual([name, expect.any(String)]);
  });

  it('has a line for every hint that an answer comes with', () => {
    for (const { hint } of ANSWERS) if (hint) expect(manual).toContain(hint);
  });

  const secrets = { token: 'x', hookSecret: HOOK_SECRET, project: 'OPS' };
  it.each(['https://example.atlassian.net', 'https://jira.example.com/jira'])(
    'has addresses that are taken: %s',
    (url) => {
      expect(manual).toContain(url);
      expect(parseSettings(JiraSettings, { url, ...secrets })).toMatchObject({ ok: true });
    },
  );

  it.each([
    ['directions: { description: once, annotation: out }', { directions: { description: 'once', annotation: 'out' } }],
    ['out: { critical: P1, major: P2 }', { severity: { out: { critical: 'P1', major: 'P2' } } }],
    ['out: { closed: Done, resolved: In Review }', { state: { out: { closed: 'Done', resolved: 'In Review' } } }],
    [
      'back: { new: open, indeterminate: in_progress, In Review: resolved, done: closed }',
      { state: { back: { new: 'open', indeterminate: 'in_progress', 'In Review': 'resolved', done: 'closed' } } },
    ],
    [
      'customAttributes: { host: { field: customfield_10011, direction: out } }',
      { customAttributes: { host: { field: 'customfield_10011', direction: 'out' } } },
    ],
    ['customfield_10010: Network', { fields: { customfield_10010: 'Network' } }],
    [
      'customfield_10012: { jsonata: event.category }',
      { fields: { customfield_10012: { jsonata: 'event.category' } } },
    ],
    [
      "titleTemplate: '[{{ event.severity }}] {{ event.title }}'",
      { titleTemplate: '[{{ event.severity }}] {{ event.title }}' },
    ],
  ])('has a mapping that is taken: %s', (line, mapping) => {
    expect(manual).toContain(line);
    expect(parseSettings(JiraSettings, { url: 'https://example.atlassian.net', ...secrets, mapping })).toMatchObject({
      ok: true,
    });
  });
});

describe('the tables of the manual', () => {
  it('are those of the mapping', () => {
    for (const [name, word] of Object.entries(JIRA.severity?.back ?? {}))
      expect(manual).toMatch(new RegExp(`^\\| ${word}[ ,].*\\b${name}\\b.*\\| ${word} +\\|$`, 'm'));
  });
});

describe('settings', () => {
  const good = { url: 'https://example.atlassian.net', token: 'x', hookSecret: HOOK_SECRET, project: 'OPS' };
  it.each([
    [{ url: 'http://example.com' }, 'url: must be an https URL without user, query and fragment'],
    [{ url: 'https://user:pw@example.com' }, 'url: must be an https URL'],
    [{ apiUrl: 'nonsense' }, 'apiUrl: must be an https URL'],
    [{ token: '' }, 'token: should not be empty'],
    [{ hookSecret: 'short' }, 'hookSecret: must be longer than or equal to 16 characters'],
    [{ project: 'a b' }, 'project: must match'],
    [{ label: 'with space' }, 'label: must match'],
    [{ mapping: { directions: { priority: 'out' } } }, 'mapping.directions.priority: must be none'],
    [{ mapping: { fields: { labels: 'x' } } }, 'mapping.fields: must not name what the adapter fills itself: labels'],
    [{ mapping: { state: { back: { Done: 'over' } } } }, 'mapping.state.back: must have only values among'],
    [{ pollOverlapMinutes: 0 }, 'pollOverlapMinutes: must not be less than 1'],
    [{ tokn: 'x' }, 'tokn: is not a known field'],
  ])('%j are refused by field and rule', (bad, problem) => {
    const parsed = parseSettings(JiraSettings, { ...good, ...bad });
    expect(parsed.ok ? [] : parsed.problems).toEqual([expect.stringContaining(problem)]);
  });
});
