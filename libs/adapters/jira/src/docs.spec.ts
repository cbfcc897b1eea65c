import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSettings } from '@opr-connect/adapter-kit';
import { JiraSettings } from '.';
import { ANSWERS } from './jira.answers';
import { HOOK_SECRET } from './jira.fixture';
import { LIFECYCLE_STATES, SEVERITIES } from './jira.mapping';

const manual = readFileSync(join(__dirname, '../../../../docs/jira.md'), 'utf8');
const lineOf = (start: string) => manual.split('\n').find((line) => line.startsWith(`| \`${start}\` `));

describe('the manual', () => {
  it('describes every setting, with its default', () => {
    for (const [name, value] of Object.entries(new JiraSettings())) {
      const shown = typeof value === 'object' ? '`{}`' : `\`${String(value)}\``;
      expect([name, lineOf(name)]).toEqual([name, expect.stringContaining(shown)]);
    }
    for (const name of ['url', 'apiUrl', 'user', 'token', 'hookSecret', 'project', 'resolution', 'commentRole'])
      expect([name, lineOf(name)]).toEqual([name, expect.any(String)]);
  });

  it('has a line for every hint that an answer comes with', () => {
    for (const { hint } of ANSWERS) if (hint) expect(manual).toContain(hint);
  });

  it('has examples that the settings take', () => {
    const tables = {
      statuses: { closed: 'Done' },
      priorities: { critical: 'P1' },
      fields: { customfield_10010: 'Network' },
    };
    const secrets = { token: 'x', hookSecret: HOOK_SECRET };
    for (const url of ['https://example.atlassian.net', 'https://jira.example.com/jira']) {
      expect(manual).toContain(url);
      expect(parseSettings(JiraSettings, { url, project: 'OPS', ...secrets, ...tables }).ok).toBe(true);
    }
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
    [{ statuses: { done: 'Done' } }, `statuses: must be a map from some of ${LIFECYCLE_STATES.join(', ')} to names`],
    [{ priorities: { major: 1 } }, `priorities: must be a map from some of ${SEVERITIES.join(', ')} to names`],
    [{ doneMeans: 'gone' }, 'doneMeans: must be one of'],
    [{ pollOverlapMinutes: 0 }, 'pollOverlapMinutes: must not be less than 1'],
    [{ tokn: 'x' }, 'tokn: is not a known field'],
  ])('%j are refused by field and rule', (bad, problem) => {
    const parsed = parseSettings(JiraSettings, { ...good, ...bad });
    expect(parsed.ok ? [] : parsed.problems).toEqual([expect.stringContaining(problem)]);
  });
});
