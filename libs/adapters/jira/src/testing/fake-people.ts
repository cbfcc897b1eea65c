import type { FakeIssue, FakeIssues } from './fake-issues';
import { Refusal } from './fake-issues';
import { storedText } from './fake-text';
import { RESOLUTIONS, type FakeWorkflow } from './fake-workflow';

/** Somebody who works in Jira. Issues are named by id or key. */
export interface Person {
  comment(issue: string, text: string): void;
  editComment(issue: string, id: string, text: string): void;
  /** By whatever transition leads to this status, its screen filled in. */
  transition(issue: string, to: string, resolution?: string): void;
  assign(issue: string, to: string | null): void;
  /** `custom`: all custom fields. */
  edit(
    issue: string,
    fields: {
      summary?: string;
      description?: string;
      priority?: string;
      labels?: string[];
      custom?: FakeIssue['custom'];
    },
  ): void;
  move(issue: string, project: string): void;
  delete(issue: string): void;
  /** "Clone": labels are copied, entity properties are not. */
  clone(issue: string): FakeIssue;
}

export function personIn(issues: FakeIssues, workflow: FakeWorkflow, cloud: boolean, login: string): Person {
  issues.addUser(login);
  return {
    comment: (issue, text) => void issues.comment(issues.get(issue), storedText(text, cloud), login),
    editComment: (issue, id, text) => issues.editComment(issues.get(issue), id, storedText(text, cloud), login),
    transition: (name, to, resolution = 'Done') => {
      const issue = issues.get(name);
      const transition = workflow.from(issue).find((each) => each.to === to);
      if (!transition) throw new Refusal(400, [`no transition from ${issue.status} to ${to}`]);
      const asked = transition.screen?.['resolution']
        ? { resolution: RESOLUTIONS.find((each) => each.name === resolution) }
        : {};
      issues.edit(issue, workflow.apply(issue, transition.id, asked), login, 'issue_generic');
    },
    assign: (issue, to) => issues.edit(issues.get(issue), { assignee: to }, login, 'issue_assigned'),
    edit: (issue, { description, ...fields }) =>
      issues.edit(
        issues.get(issue),
        { ...fields, ...(description !== undefined && { description: storedText(description, cloud) }) },
        login,
      ),
    move: (issue, project) => issues.move(issues.get(issue), project, login),
    delete: (issue) => issues.delete(issues.get(issue), login),
    clone: (name) => {
      const { project, issuetype, summary, description, priority, labels } = issues.get(name);
      const copy = { project, issuetype, summary: `CLONE - ${summary}`, description, priority, labels: [...labels] };
      return issues.add(copy, login, workflow.first);
    },
  };
}
