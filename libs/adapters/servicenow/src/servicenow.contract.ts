import { misbehave, type Fault, type Harness, type Operation } from '@opr-connect/adapter-kit/testing';
import { ServiceNowAdapterFactory } from './servicenow.adapter';
import { CLIENT, HOOK_SECRET, PASSWORD, USER } from './servicenow.fixture';
import { SERVICENOW } from './servicenow.facts';
import { ServiceNowSettings } from './servicenow.settings';
import { FakeServiceNow } from './testing';

const CALLS: Readonly<Record<Operation, { method?: string; path?: string }>> = {
  create: { method: 'POST', path: '/table/incident' },
  change: { method: 'PATCH' },
  note: { method: 'PATCH' },
  read: { method: 'GET', path: '/table/incident/' },
  whichever: {},
};

/** More than there are calls at once: what is refused for its token is tried again with another, and once. */
const CALLS_PER_TOKEN = 20;

const errorOf = (fault: Fault) =>
  fault.kind === 'status' && fault.says !== undefined ? { error: { message: fault.says, detail: null } } : {};

const { closeNotes } = new ServiceNowSettings();
const RESOLUTION = { close_code: 'Solution provided', close_notes: 'Cable replaced.' };

/** What the contract of adapters needs to know of this one. */
export const harness: Harness = {
  name: 'servicenow',
  factory: new ServiceNowAdapterFactory(),
  settings: ServiceNowSettings,
  plain: (url) => ({ url, user: USER, password: PASSWORD, hookSecret: HOOK_SECRET, timeoutMs: 5_000, settleMs: 250 }),
  otherSecret: { hookSecret: 'key of some other business rule' },
  words: { severity: SERVICENOW.severity?.out, state: SERVICENOW.state?.out, reopened: '2' },
  assignee: 'itil.user',
  group: 'Network',
  carriesCustomer: { mapping: { customAttributes: { Customer: { field: 'u_customer', direction: 'both' } } } },
  unheld: {
    priority: 'an incident derives its own from impact and urgency',
    category: 'those of ServiceNow are a list of its own',
  },
  collapses: { severity: { unknown: 'normal' }, state: { resolved: 'closed' } },
  pageSize: 50,
  troubles: ['doubled hooks', 'late hooks', 'reordered hooks', 'imitated hooks', 'wrong clock', 'dropped title'],
  lacks: {
    lag: 'a query of the Table API reads the table itself',
    'deletion hook': 'the business rule of the manual runs on insert and update',
  },
  async start(door) {
    const fake = await FakeServiceNow.start({
      user: USER,
      password: PASSWORD,
      oauth: CLIENT,
      hook: { url: door, secret: HOOK_SECRET },
    });
    const person = fake.asPerson('itil.user');
    fake.hooks.furtherFields = ['u_customer'];
    const named = (table: string, column: string, value: string | undefined) =>
      fake.tables.table(table).find((row) => row[column] === value);
    return {
      url: fake.url,
      records: (key) =>
        fake
          .incidents()
          .filter((row) => row['correlation_id'] === key && row['correlation_display'] === 'OPR Connect')
          .map((row) => ({
            ...{
              id: row['sys_id'] ?? '',
              title: row['short_description'] ?? '',
              description: row['description'] ?? '',
            },
            ...{
              severity: `${row['impact']}/${row['urgency']}`,
              state: row['state'] ?? '',
              customer: row['u_customer'],
            },
            solution: row['close_notes'] === closeNotes ? undefined : row['close_notes'],
            assignedUser: named('sys_user', 'sys_id', row['assigned_to'])?.['user_name'],
            assignedGroup: named('sys_user_group', 'sys_id', row['assignment_group'])?.['name'],
            causes: row['parent_incident'] ? [row['parent_incident']] : [],
            notes: fake.journal(row['sys_id'] ?? '').map((entry) => entry['value'] ?? ''),
          })),
      edit(id, { title, description, solution, severity, state, assignedUser, assignedGroup, customer }) {
        const [impact = '', urgency = ''] = (severity && SERVICENOW.severity?.out[severity].split('/')) ?? [];
        const value = state && SERVICENOW.state?.out[state];
        person.update(id, {
          ...(title !== undefined && { short_description: title }),
          ...(description !== undefined && { description }),
          ...(severity && { impact, urgency }),
          ...(assignedUser && { assigned_to: named('sys_user', 'user_name', assignedUser)?.['sys_id'] ?? '' }),
          ...(assignedGroup && { assignment_group: named('sys_user_group', 'name', assignedGroup)?.['sys_id'] ?? '' }),
          ...(customer !== undefined && { u_customer: customer }),
          ...(value && { state: value, ...(value === '6' && RESOLUTION) }),
          ...(solution !== undefined && { close_notes: solution }),
        });
      },
      note: (id, text) => void person.workNote(id, text),
      remove: (id) => fake.tables.remove(id),
      fault: ({ on, ...fault }) => fake.faults.add({ ...CALLS[on], ...fault, ...errorOf({ on, ...fault }) }),
      impostor() {
        fake.tables.insert({ short_description: 'A stranger', correlation_display: 'OPR Connect' }, 'itil.user');
        fake.faults.add({ kind: 'ignore_query', method: 'GET', path: '/table/incident', times: 0 });
      },
      trouble(trouble) {
        if (misbehave(fake.hooks.behaviour, trouble)) return;
        if (trouble === 'wrong clock') fake.tables.skewMs = 240_000;
        else if (trouble === 'expiring tokens') fake.logins.callsPerToken = CALLS_PER_TOKEN;
        else fake.faults.add({ ...CALLS.change, kind: 'dropped', field: 'short_description' });
      },
      clearFaults() {
        fake.faults.clear();
        fake.logins.callsPerToken = Infinity;
      },
      quiet: () => fake.hooks.quiet(),
      calls: () => fake.requests.length,
      writes: () => fake.counts.posts + fake.counts.patches - fake.counts.strangers,
      down: () => fake.down(),
      up: () => fake.up(),
      close: () => fake.close(),
    };
  },
};

/** The same, logged in by access tokens. */
export const harnessWithTokens: Harness = {
  ...harness,
  name: 'servicenow with access tokens',
  plain(url) {
    return { ...harness.plain(url), password: undefined, auth: 'oauth-client-credentials', ...CLIENT };
  },
  troubles: ['expiring tokens'],
};
