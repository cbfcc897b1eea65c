/** Why Jira does not take a call: becomes the status and the ErrorCollection of the answer. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly errorMessages: string[],
    readonly errors: Record<string, string> = {},
  ) {
    super([...errorMessages, ...Object.entries(errors).map((each) => each.join(': '))].join('; '));
  }
}

export interface FakeUser {
  /** Data Center. */
  name: string;
  /** Cloud. */
  accountId: string;
  displayName: string;
  emailAddress: string;
}

export interface FakeComment {
  id: string;
  author: string;
  updateAuthor: string;
  /** A document on Cloud, wiki markup on Data Center. */
  body: unknown;
  created: number;
  updated: number;
  visibility?: unknown;
}

export interface FakeIssue {
  id: string;
  key: string;
  project: string;
  issuetype: string;
  summary: string;
  description: unknown;
  status: string;
  resolution: string | null;
  priority: string;
  /** Login name. */
  assignee: string | null;
  creator: string;
  labels: string[];
  created: number;
  updated: number;
  /** Custom fields. */
  custom: Record<string, unknown>;
  comments: FakeComment[];
  properties: Record<string, unknown>;
  remoteLinks: Record<string, unknown>[];
}

/** Read from the inward issue it is "causes", from the outward one "is caused by". */
export interface FakeLink {
  id: string;
  /** Id of its type. */
  type: string;
  inward: string;
  outward: string;
}

export interface ChangeItem {
  field: string;
  fieldId: string;
  from: string | null;
  fromString: string | null;
  to: string | null;
  toString: string | null;
}

/** What just happened to an issue: what a web hook tells of. */
export type Happening =
  | { kind: 'created' | 'deleted'; issue: FakeIssue; by: string }
  | { kind: 'updated'; issue: FakeIssue; by: string; type: string; items: ChangeItem[] }
  | { kind: 'commented'; issue: FakeIssue; by: string; comment: FakeComment; edited: boolean };

export const PRIORITIES: Readonly<Record<string, string>> = {
  ...{ '1': 'Highest', '2': 'High', '3': 'Medium', '4': 'Low', '5': 'Lowest' },
};
export const LINK_TYPES: readonly { id: string; name: string; inward: string; outward: string }[] = [
  { id: '10000', name: 'Blocks', inward: 'is blocked by', outward: 'blocks' },
  { id: '10003', name: 'Relates', inward: 'relates to', outward: 'relates to' },
  { id: '10100', name: 'Problem/Incident', inward: 'is caused by', outward: 'causes' },
];
export const PROJECTS: Readonly<Record<string, string>> = { OPS: '10000', NET: '10001' };
export const ISSUE_TYPES: Readonly<Record<string, string>> = { '10001': 'Task', '10002': 'Incident' };

/** The issues of one site. Nothing here knows HTTP; every change is told to whoever listens. */
export class FakeIssues {
  readonly users: FakeUser[] = [];
  /** Between any two issues. */
  links: FakeLink[] = [];
  private readonly issues = new Map<string, FakeIssue>();
  private readonly oldKeys = new Map<string, string>();
  private readonly counters: Record<string, number> = {};
  private lastId = 10_000;
  /** Times are cut to whole seconds, as some databases of Data Center do. */
  wholeSeconds = false;
  /** How far the site's clock goes before ours, in milliseconds. */
  skewMs = 0;

  constructor(private readonly happened: (what: Happening) => void) {
    for (const name of ['ann', 'ben', 'admin']) this.addUser(name);
  }

  addUser(name: string, emailAddress = `${name}@example.com`): FakeUser {
    const known = this.users.find((user) => user.name === name);
    if (known) return known;
    const displayName = name.charAt(0).toUpperCase() + name.slice(1);
    const user = { name, accountId: `5b10ac8d82e05b22cc7d4${name}`, displayName, emailAddress };
    this.users.push(user);
    return user;
  }

  all(): FakeIssue[] {
    return [...this.issues.values()];
  }

  /** By id or key, old keys included. */
  find(idOrKey: string): FakeIssue | undefined {
    return (
      this.issues.get(idOrKey) ??
      this.issues.get(this.oldKeys.get(idOrKey) ?? '') ??
      this.all().find(({ key }) => key === idOrKey)
    );
  }

  get(idOrKey: string): FakeIssue {
    const issue = this.find(idOrKey);
    if (!issue) throw new Refusal(404, ['Issue does not exist or you do not have permission to see it.']);
    return issue;
  }

  add(
    values: Pick<FakeIssue, 'project' | 'issuetype' | 'summary'> & Partial<FakeIssue>,
    by: string,
    status: string,
  ): FakeIssue {
    const now = this.now();
    const issue: FakeIssue = {
      ...{ description: null, resolution: null, priority: '3', assignee: null, labels: [], custom: {} },
      ...{ comments: [], properties: {}, remoteLinks: [] },
      ...values,
      ...{
        id: String(++this.lastId),
        key: this.nextKey(values.project),
        creator: by,
        created: now,
        updated: now,
        status,
      },
    };
    this.issues.set(issue.id, issue);
    this.happened({ kind: 'created', issue, by });
    return issue;
  }

  /** A write that changes nothing leaves `updated` alone. */
  edit(issue: FakeIssue, values: Partial<FakeIssue>, by: string, type = 'issue_updated'): void {
    const items: ChangeItem[] = [];
    for (const [field, value] of Object.entries(values) as [keyof FakeIssue, unknown][]) {
      const before = issue[field];
      if (JSON.stringify(before) === JSON.stringify(value)) continue;
      items.push(changeItem(field, before, value));
      Object.assign(issue, { [field]: value });
    }
    if (items.length === 0) return;
    this.touch(issue);
    this.happened({ kind: 'updated', issue, by, type, items });
  }

  comment(issue: FakeIssue, body: unknown, by: string, visibility?: unknown): FakeComment {
    const now = this.touch(issue);
    const comment: FakeComment = {
      ...{ id: String(++this.lastId), author: by, updateAuthor: by, body, created: now, updated: now },
      ...(visibility !== undefined && { visibility }),
    };
    issue.comments.push(comment);
    this.happened({ kind: 'commented', issue, by, comment, edited: false });
    return comment;
  }

  editComment(issue: FakeIssue, id: string, body: unknown, by: string): void {
    const comment = issue.comments.find((each) => each.id === id);
    if (!comment) throw new Refusal(404, [`Can not find a comment for the id: ${id}.`]);
    Object.assign(comment, { body, updateAuthor: by, updated: this.touch(issue) });
    this.happened({ kind: 'commented', issue, by, comment, edited: true });
  }

  /** To another project: a new key, the same id; the old key still finds it. */
  move(issue: FakeIssue, project: string, by: string): void {
    this.oldKeys.set(issue.key, issue.id);
    const from = issue.key;
    Object.assign(issue, { project, key: this.nextKey(project) });
    this.touch(issue);
    const items = [changeItem('project', from.split('-')[0], project), changeItem('Key', from, issue.key)];
    this.happened({ kind: 'updated', issue, by, type: 'issue_moved', items });
  }

  /** One that is there already is not made again, and nobody is told. */
  link(type: string, inward: FakeIssue, outward: FakeIssue, by: string): void {
    if (this.links.some((each) => each.type === type && each.inward === inward.id && each.outward === outward.id))
      return;
    this.links.push({ id: String(++this.lastId), type, inward: inward.id, outward: outward.id });
    this.linked(inward, outward, by, true);
  }

  unlink(id: string, by: string): void {
    const link = this.links.find((each) => each.id === id);
    if (!link) throw new Refusal(404, [`No issue link with id '${id}' exists.`]);
    this.links = this.links.filter((each) => each !== link);
    this.linked(this.get(link.inward), this.get(link.outward), by, false);
  }

  /** Both issues have it in their history. */
  private linked(inward: FakeIssue, outward: FakeIssue, by: string, isNew: boolean): void {
    for (const [issue, other] of [
      [inward, outward],
      [outward, inward],
    ] as const) {
      this.touch(issue);
      const items = [changeItem('Link', isNew ? null : other.key, isNew ? other.key : null)];
      this.happened({ kind: 'updated', issue, by, type: 'issue_updated', items });
    }
  }

  delete(issue: FakeIssue, by: string): void {
    this.issues.delete(issue.id);
    this.links = this.links.filter(({ inward, outward }) => inward !== issue.id && outward !== issue.id);
    this.happened({ kind: 'deleted', issue, by });
  }

  /** Times never repeat, unless they are cut to seconds. */
  private touch(issue: FakeIssue): number {
    issue.updated = this.wholeSeconds ? this.now() : Math.max(this.now(), issue.updated + 1);
    return issue.updated;
  }

  /** By the site's clock. */
  now(): number {
    const now = Date.now() + this.skewMs;
    return this.wholeSeconds ? Math.floor(now / 1000) * 1000 : now;
  }

  private nextKey(project: string): string {
    const number = (this.counters[project] ?? 0) + 1;
    this.counters[project] = number;
    return `${project}-${number}`;
  }
}

function changeItem(field: string, before: unknown, after: unknown): ChangeItem {
  const text = (value: unknown) => (value === null || value === undefined ? null : String(value));
  const names = { field, fieldId: field };
  return { ...names, from: null, fromString: text(before), to: null, toString: text(after) };
}
