import { PROJECTS, Refusal, type FakeIssue } from './fake-issues';

type Test = (issue: FakeIssue, now: number) => boolean;

const CLAUSE = /^(\w+)\s*(>=|<=|=|!=|>|<|\bin\b)\s*("(?:[^"\\]|\\.)*"|\([^)]*\)|[^\s]+)$/i;
const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** The issues that a query finds: clauses joined with AND, and an order. A subset of JQL; the rest is refused as an error. */
export function select(jql: string, issues: readonly FakeIssue[], bounded: boolean, now: number): FakeIssue[] {
  const [, where = '', order = ''] = /^(.*?)(?:\s*\bORDER BY\b\s*(.*))?$/is.exec(jql.trim()) ?? [];
  if (bounded && !where.trim())
    throw new Refusal(400, [
      'Unbounded JQL queries are not allowed here. Please add a search restriction to your query.',
    ]);
  const tests = where.trim() ? where.split(/\s+AND\s+/i).map(clause) : [];
  // Changes within one millisecond are written one after the other: the site's clock is past all of them.
  const present = issues.reduce((latest, { updated }) => Math.max(latest, updated), now);
  return issues.filter((issue) => tests.every((test) => test(issue, present))).sort((a, b) => compare(a, b, order));
}

function clause(text: string): Test {
  const [, field = '', operator = '', raw = ''] = CLAUSE.exec(text.trim()) ?? [];
  if (!field) throw new Refusal(400, [`Error in the JQL Query: Expecting operator but got '${text}'.`]);
  const value = raw.replace(/^"|"$/g, '');
  switch (field.toLowerCase()) {
    case 'project':
      return ({ project }) => project === value || PROJECTS[project] === value;
    case 'labels':
      return ({ labels }) => labels.includes(value);
    case 'id':
    case 'issuekey':
      return ({ id, key }) =>
        raw
          .replace(/[()\s"]/g, '')
          .split(',')
          .some((each) => each === id || each === key);
    case 'updated':
    case 'created': {
      const name = field.toLowerCase() as 'updated' | 'created';
      return (issue, now) => compareTimes(issue[name], operator, timeOf(value, now), now);
    }
    default:
      throw new Refusal(400, [`Field '${field}' does not exist or you do not have permission to view it.`]);
  }
}

/** Times of JQL are whole minutes. */
function timeOf(value: string, now: number): number {
  const [, amount, unit = ''] = /^-(\d+)([mhdw])$/.exec(value) ?? [];
  const time = amount === undefined ? Date.parse(value.replace(' ', 'T')) : now - Number(amount) * (UNITS[unit] ?? 0);
  if (Number.isNaN(time)) throw new Refusal(400, [`Date value '${value}' for field 'updated' is invalid.`]);
  return Math.floor(time / 60_000) * 60_000;
}

function compareTimes(time: number, operator: string, wanted: number, now: number): boolean {
  if (time > now) return false;
  if (operator === '>=') return time >= wanted;
  if (operator === '>') return time > wanted;
  return operator === '<=' ? time <= wanted : time < wanted;
}

function compare(a: FakeIssue, b: FakeIssue, order: string): number {
  for (const part of order.split(',').filter(Boolean)) {
    const [field = '', direction = ''] = part.trim().split(/\s+/);
    const value = (issue: FakeIssue) =>
      field.toLowerCase() === 'updated'
        ? issue.updated
        : field.toLowerCase() === 'created'
          ? issue.created
          : Number(issue.id);
    const difference = value(a) - value(b);
    if (difference !== 0) return /desc/i.test(direction) ? -difference : difference;
  }
  return Number(b.id) - Number(a.id);
}

/** What the search knows: on Cloud it lags behind the issues. */
export class FakeIndex {
  lagMs = 0;
  private readonly known = new Map<string, FakeIssue>();
  private waiting: { id: string; due: number; issue: FakeIssue | undefined }[] = [];

  note(issue: FakeIssue, deleted: boolean): void {
    const copy = deleted ? undefined : structuredClone(issue);
    this.waiting.push({ id: issue.id, due: Date.now() + this.lagMs, issue: copy });
  }

  /** `reconcile`: ids that are looked at although the index may not know them yet. */
  issues(reconcile: readonly string[]): FakeIssue[] {
    const now = Date.now();
    const [due, later] = [
      this.waiting.filter((each) => each.due <= now),
      this.waiting.filter((each) => each.due > now),
    ];
    this.waiting = later;
    for (const { id, issue } of due) this.put(this.known, id, issue);
    const view = new Map(this.known);
    for (const { id, issue } of later) if (reconcile.includes(id)) this.put(view, id, issue);
    return [...view.values()];
  }

  private put(into: Map<string, FakeIssue>, id: string, issue: FakeIssue | undefined): void {
    if (issue) into.set(id, issue);
    else into.delete(id);
  }
}
