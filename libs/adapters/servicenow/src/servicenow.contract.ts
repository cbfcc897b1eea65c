import type { Fault, Harness, Operation } from '@opr-connect/adapter-kit/testing';
import { ServiceNowAdapterFactory } from './servicenow.adapter';
import { HOOK_SECRET, PASSWORD, USER } from './servicenow.fixture';
import { SERVICENOW } from './servicenow.facts';
import { ServiceNowSettings } from './servicenow.settings';
import { FakeServiceNow } from './testing';

const CALLS: Readonly<Record<Operation, { method?: string; path?: string }>> = {
  create: { method: 'POST', path: '/table/incident' },
  change: { method: 'PATCH' },
  note: { method: 'PATCH' },
  read: { method: 'GET', path: '/table/incident/' },
  any: {},
};

const errorOf = (fault: Fault) =>
  fault.kind === 'status' && fault.says !== undefined ? { error: { message: fault.says, detail: null } } : {};

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
  collapses: { severity: { unknown: 'normal' }, state: { resolved: 'closed' } },
  pageSize: 50,
  lacks: {
    lag: 'a query of the Table API reads the table itself',
    'deletion hook': 'the business rule of the manual runs on insert and update',
  },
  async start(door) {
    const fake = await FakeServiceNow.start({
      user: USER,
      password: PASSWORD,
      hook: { url: door, secret: HOOK_SECRET },
    });
    const person = fake.asPerson('itil.user');
    const userId = (login: string) =>
      fake.tables.table('sys_user').find((user) => user['user_name'] === login)?.['sys_id'] ?? '';
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
            ...{ severity: `${row['impact']}/${row['urgency']}`, state: row['state'] ?? '' },
            assignedUser: fake.tables.table('sys_user').find(({ sys_id }) => sys_id === row['assigned_to'])?.[
              'user_name'
            ],
            causes: row['parent_incident'] ? [row['parent_incident']] : [],
            notes: fake.journal(row['sys_id'] ?? '').map((entry) => entry['value'] ?? ''),
          })),
      edit(id, { title, description, severity, state, assignedUser }) {
        const [impact = '', urgency = ''] = (severity && SERVICENOW.severity?.out[severity].split('/')) ?? [];
        const value = state && SERVICENOW.state?.out[state];
        person.update(id, {
          ...(title !== undefined && { short_description: title }),
          ...(description !== undefined && { description }),
          ...(severity && { impact, urgency }),
          ...(assignedUser && { assigned_to: userId(assignedUser) }),
          ...(value && { state: value, ...(value === '6' && RESOLUTION) }),
        });
      },
      note: (id, text) => void person.workNote(id, text),
      remove: (id) => fake.tables.remove(id),
      fault: ({ on, ...fault }) => fake.faults.add({ ...CALLS[on], ...fault, ...errorOf({ on, ...fault }) }),
      impostor() {
        fake.tables.insert({ short_description: 'A stranger', correlation_display: 'OPR Connect' }, 'itil.user');
        fake.faults.add({ kind: 'ignore_query', method: 'GET', path: '/table/incident', times: 0 });
      },
      clearFaults: () => fake.faults.clear(),
      quiet: () => fake.hooks.quiet(),
      calls: () => fake.requests.length,
      down: () => fake.down(),
      up: () => fake.up(),
      close: () => fake.close(),
    };
  },
};
