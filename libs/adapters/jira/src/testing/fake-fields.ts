import { PRIORITIES, Refusal, type FakeIssue, type FakeIssues } from './fake-issues';
import type { FakeJson } from './fake-json';
import type { FakeIndex } from './fake-search';
import { checkText } from './fake-text';
import type { FakeWorkflow } from './fake-workflow';

export interface FakeSite {
  readonly issues: FakeIssues;
  readonly workflow: FakeWorkflow;
  readonly json: FakeJson;
  readonly index: FakeIndex;
  readonly cloud: boolean;
  /** Fields of the create and edit screens beyond the system's, with their allowed values. */
  readonly customFields: Record<string, CustomField>;
  /** Issues may be linked, which an administrator can switch off. */
  readonly linking: boolean;
  /** System fields that the screens of this site lack. */
  readonly missingFields: Set<string>;
}

export interface CustomField {
  name: string;
  required?: boolean;
  allowedValues?: { id: string; value: string }[];
}

export const SYSTEM_FIELDS = ['project', 'issuetype', 'summary', 'description', 'priority', 'labels', 'assignee'];

/** Fields of a create or an edit, as this site stores them. */
export function checked(site: FakeSite, fields: Record<string, unknown>): Partial<FakeIssue> {
  const values: Partial<FakeIssue> = {};
  const custom: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (site.missingFields.has(name) || (!SYSTEM_FIELDS.includes(name) && !site.customFields[name]))
      throw new Refusal(400, [], {
        [name]: `Field '${name}' cannot be set. It is not on the appropriate screen, or unknown.`,
      });
    switch (name) {
      case 'project':
      case 'issuetype':
        break;
      case 'summary':
        values.summary = checkedSummary(value);
        break;
      case 'description':
        checkText(value, site.cloud, 'description');
        values.description = value;
        break;
      case 'labels':
        values.labels = (value as string[]).map(checkedLabel);
        break;
      case 'priority': {
        const id = idOf(value, PRIORITIES);
        if (!id) throw new Refusal(400, [], { priority: 'Specify a valid priority' });
        values.priority = id;
        break;
      }
      case 'assignee':
        values.assignee = checkedUser(site, value);
        break;
      default:
        custom[name] = value;
    }
  }
  return { ...values, ...(Object.keys(custom).length > 0 && { custom }) };
}

function checkedSummary(value: unknown): string {
  if (typeof value !== 'string' || value === '')
    throw new Refusal(400, [], { summary: 'You must specify a summary of the issue.' });
  if (value.length > 255) throw new Refusal(400, [], { summary: "Summary can't exceed 255 characters." });
  if (/[\r\n]/.test(value))
    throw new Refusal(400, [], { summary: 'The summary is invalid because it contains newline characters.' });
  return value;
}

export function checkedLabel(label: string): string {
  if (/\s/.test(label))
    throw new Refusal(400, [], { labels: `The label '${label}' contains spaces which is invalid.` });
  if (label.length > 255) throw new Refusal(400, [], { labels: `The label '${label}' exceeds the maximum length.` });
  return label;
}

function checkedUser(site: FakeSite, value: unknown): string | null {
  const wanted = value as { accountId?: string | null; name?: string | null } | null;
  const id = site.cloud ? wanted?.accountId : wanted?.name;
  if (wanted === null || id === null || id === '') return null;
  const user = site.issues.users.find((each) => (site.cloud ? each.accountId : each.name) === id);
  if (!user) throw new Refusal(400, [], { assignee: `User '${String(id)}' does not exist.` });
  return user.name;
}

export function checkedProperty(key: string, value: unknown): unknown {
  if (key.length > 255 || JSON.stringify(value).length > 32_768) throw new Refusal(400, ['The property is too long.']);
  return value;
}

export function idOf(value: unknown, table: Readonly<Record<string, string>>): string | undefined {
  const { id, name } = (value ?? {}) as { id?: string; name?: string };
  return Object.keys(table).find((each) => (id === undefined ? table[each] === name : each === id));
}

export function keyOf(value: unknown, table: Readonly<Record<string, string>>): string | undefined {
  const { id, key } = (value ?? {}) as { id?: string; key?: string };
  return Object.keys(table).find((each) => (key === undefined ? table[each] === id : each === key));
}
