import {
  ISSUE_TYPES,
  LINK_TYPES,
  PRIORITIES,
  PROJECTS,
  type FakeComment,
  type FakeIssue,
  type FakeIssues,
  type FakeUser,
} from './fake-issues';
import { RESOLUTIONS, type FakeWorkflow } from './fake-workflow';

/** `2024-03-29T20:40:16.000+0000`: Jira writes its zone without a colon. */
export const jiraTime = (time: number): string => new Date(time).toISOString().replace('Z', '+0000');

/** How a site shows what it holds. */
export class FakeJson {
  constructor(
    private readonly issues: FakeIssues,
    private readonly workflow: FakeWorkflow,
    readonly cloud: boolean,
    private readonly origin: () => string,
  ) {}

  user(name: string | null): unknown {
    const user = this.issues.users.find((each) => each.name === name);
    return user ? this.userJson(user) : null;
  }

  userJson({ name, accountId, displayName, emailAddress }: FakeUser): unknown {
    const shared = { displayName, active: true, timeZone: 'Europe/Berlin' };
    return this.cloud
      ? {
          ...shared,
          accountId,
          accountType: 'atlassian',
          emailAddress,
          self: `${this.origin()}/rest/api/3/user?accountId=${accountId}`,
        }
      : {
          ...shared,
          name,
          key: `JIRAUSER-${name}`,
          emailAddress,
          self: `${this.origin()}/rest/api/2/user?username=${name}`,
        };
  }

  comment(issue: FakeIssue, comment: FakeComment, body: unknown = comment.body): unknown {
    return {
      self: `${this.origin()}/rest/api/2/issue/${issue.id}/comment/${comment.id}`,
      ...{ id: comment.id, author: this.user(comment.author), updateAuthor: this.user(comment.updateAuthor), body },
      ...{ created: jiraTime(comment.created), updated: jiraTime(comment.updated) },
      ...(comment.visibility !== undefined && { visibility: comment.visibility }),
      ...(this.cloud && { jsdPublic: true }),
    };
  }

  /** All fields, before any selection. `text`: how descriptions are shown. */
  fields(issue: FakeIssue, text: (value: unknown) => unknown = (value) => value): Record<string, unknown> {
    const resolution = RESOLUTIONS.find(({ name }) => name === issue.resolution) ?? null;
    return {
      summary: issue.summary,
      description: text(issue.description),
      issuetype: { id: issue.issuetype, name: ISSUE_TYPES[issue.issuetype], subtask: false },
      project: { id: PROJECTS[issue.project], key: issue.project, name: issue.project },
      status: this.workflow.statusJson(issue.status, this.origin()),
      ...{ resolution, labels: [...issue.labels] },
      priority: { id: issue.priority, name: PRIORITIES[issue.priority], iconUrl: `${this.origin()}/` },
      ...{ assignee: this.user(issue.assignee), creator: this.user(issue.creator), reporter: this.user(issue.creator) },
      ...{ created: jiraTime(issue.created), updated: jiraTime(issue.updated) },
      issuelinks: this.links(issue),
      ...issue.custom,
    };
  }

  linkType({ id, ...type }: (typeof LINK_TYPES)[number]): unknown {
    return { id, ...type, self: `${this.origin()}/rest/api/2/issueLinkType/${id}` };
  }

  /** Each shows the issue at its other end only. */
  private links({ id: own }: FakeIssue): unknown[] {
    return this.issues.links.flatMap(({ id, type, inward, outward }) => {
      if (inward !== own && outward !== own) return [];
      const other = this.issues.get(inward === own ? outward : inward);
      const shown = { id: other.id, key: other.key, fields: { summary: other.summary } };
      return [
        {
          ...{ id, type: LINK_TYPES.filter((each) => each.id === type).map((each) => this.linkType(each))[0] },
          ...(inward === own ? { outwardIssue: shown } : { inwardIssue: shown }),
        },
      ];
    });
  }

  /** As `GET /issue` and the search show it. */
  issue(issue: FakeIssue, wanted: readonly string[] | undefined, properties: readonly string[]): unknown {
    const all = this.fields(issue);
    // A page of comments: the whole of them is under /comment.
    const comments = issue.comments.slice(0, COMMENTS_WITHIN).map((comment) => this.comment(issue, comment));
    all['comment'] = { comments, self: '', maxResults: comments.length, total: issue.comments.length, startAt: 0 };
    const everything = !wanted || wanted.includes('*all') || wanted.length === 0;
    const fields = everything ? all : Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name)));
    const chosen = Object.entries(issue.properties).filter(([key]) => properties.includes(key));
    return {
      ...{ expand: 'renderedFields,names,schema,operations,editmeta,changelog', id: issue.id, key: issue.key },
      ...{ self: `${this.origin()}/rest/api/${this.cloud ? 3 : 2}/issue/${issue.id}`, fields },
      ...(properties.length > 0 && { properties: Object.fromEntries(chosen) }),
    };
  }
}

const COMMENTS_WITHIN = 20;
