import { misbehave, type Fault, type Harness, type Operation } from '@opr-connect/adapter-kit/testing';
import { JiraAdapterFactory } from './jira.adapter';
import { HOOK_SECRET, TOKEN, USER } from './jira.fixture';
import { at } from './jira.json';
import { JiraSettings } from './jira.settings';
import { read, type Flavour } from './jira.text';
import { FakeJira } from './testing';

const CALLS: Readonly<Record<Operation, { method?: string; path?: string }>> = {
  create: { method: 'POST', path: '/issue' },
  change: { method: 'PUT', path: '/issue/' },
  note: { method: 'POST', path: '/comment' },
  read: { method: 'GET', path: '/issue/' },
  whichever: {},
};

const errorOf = (fault: Fault) =>
  fault.kind === 'status' && fault.says !== undefined ? { errorMessages: [fault.says] } : {};

const PRIORITIES = { critical: '1', major: '2', minor: '3', warning: '4', normal: '5', unknown: '5' };
const CUSTOMER = 'customfield_10011';
const STATUSES = { open: 'To Do', in_progress: 'In Progress', resolved: 'Done', closed: 'Done' };

/** What the contract of adapters needs to know of this one. */
export const harnessFor = (flavour: Flavour): Harness => ({
  name: flavour === 'cloud' ? 'jira cloud' : 'jira data center',
  factory: new JiraAdapterFactory(),
  settings: JiraSettings,
  plain: (url) => ({
    ...{ url, token: TOKEN, hookSecret: HOOK_SECRET, project: 'OPS', timeoutMs: 5_000, settleMs: 250 },
    ...(flavour === 'cloud' && { user: `${USER}@example.com` }),
  }),
  otherSecret: { hookSecret: 'secret of some other web hook' },
  pageSize: 100,
  words: { severity: PRIORITIES, state: STATUSES },
  assignee: flavour === 'cloud' ? 'ann@example.com' : 'ann',
  carriesCustomer: { mapping: { customAttributes: { Customer: { field: CUSTOMER, direction: 'out' } } } },
  unheld: {
    solution: 'issues have no field for it: it goes as a comment',
    priority: 'the one that issues have is the severity',
    category: 'issues have no field for it',
    assignedGroup: 'issues are assigned to people',
  },
  untold: { customer: 'custom fields are written and not read' },
  collapses: { severity: { unknown: 'normal' }, state: { resolved: 'closed' } },
  givesUpTies: 'who may not link issues shall get them all the same',
  troubles: ['doubled hooks', 'late hooks', 'reordered hooks', 'imitated hooks', 'wrong clock', 'dropped title'],
  lacks: flavour === 'cloud' ? {} : { lag: 'the search of a server knows what was written' },
  async start(door) {
    const hook = { url: door, secret: HOOK_SECRET };
    const fake = await FakeJira.start({ flavour, user: USER, token: TOKEN, hook });
    fake.issues.wholeSeconds = flavour === 'dataCenter';
    fake.customFields[CUSTOMER] = { name: 'Customer' };
    const person = fake.asPerson('ann');
    return {
      url: fake.url,
      records: (key) =>
        fake.issues
          .all()
          .filter(({ labels, properties }) => {
            return labels.includes(`opr-connect-${key}`) && at(properties['opr-connect'], 'key') === key;
          })
          .map(({ id, summary: title, description, priority: severity, status: state, ...issue }) => ({
            ...{ id, title, description: read(description), severity, state },
            ...(issue.custom[CUSTOMER] ? { customer: String(issue.custom[CUSTOMER]) } : {}),
            ...(issue.assignee !== null && {
              assignedUser: flavour === 'cloud' ? `${issue.assignee}@example.com` : issue.assignee,
            }),
            causes: fake.issues.links.filter(({ outward }) => outward === id).map(({ inward }) => inward),
            notes: issue.comments.map(({ body }) => read(body)),
          })),
      edit(id, { title: summary, description, severity, state, assignedUser, customer }) {
        person.edit(id, {
          ...(summary !== undefined && { summary }),
          ...(description !== undefined && { description }),
          ...(severity && { priority: PRIORITIES[severity] }),
          ...(customer !== undefined && { custom: { [CUSTOMER]: customer } }),
        });
        if (assignedUser) person.assign(id, assignedUser.replace(/@.*/, ''));
        if (state) person.transition(id, STATUSES[state]);
      },
      note: (id, text) => person.comment(id, text),
      remove: (id) => person.delete(id),
      fault: ({ on, ...fault }) => fake.faults.add({ ...CALLS[on], ...fault, ...errorOf({ on, ...fault }) }),
      lag: (ms) => void (fake.index.lagMs = ms),
      impostor(key) {
        // As a clone has it: the labels, and not the property.
        const labels = ['opr-connect', `opr-connect-${key}`];
        fake.issues.add({ project: 'OPS', issuetype: 'Task', summary: 'CLONE', labels }, 'ann', fake.workflow.first);
      },
      trouble(trouble) {
        if (misbehave(fake.hooks.behaviour, trouble)) return;
        if (trouble === 'wrong clock') fake.issues.skewMs = 240_000;
        else fake.faults.add({ ...CALLS.change, kind: 'dropped', field: 'summary' });
      },
      clearFaults: () => fake.faults.clear(),
      quiet: () => fake.hooks.quiet(),
      calls: () => fake.requests.length,
      writes: () => fake.counts.creates + fake.counts.writes,
      down: () => fake.down(),
      up: () => fake.up(),
      close: () => fake.close(),
    };
  },
});
