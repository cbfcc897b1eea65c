import { randomUUID } from 'node:crypto';
import type { Edit, Harness, Operation } from '@opr-connect/adapter-kit/testing';
import type { PropertyChange } from '@opr-connect/opr';
import { OprAdapterFactory } from './opr.adapter';
import { OprSettings } from './opr.settings';
import { FakeOprParty } from './testing';

const LOGIN = { user: 'hub', password: 'pass<w>ö & word' };

const CALLS: Readonly<Record<Operation, { method?: string; path?: string }>> = {
  create: { method: 'POST', path: '/event' },
  change: { method: 'POST', path: '/event_change/' },
  note: { method: 'POST', path: '/event_change/' },
  read: { method: 'GET', path: '/event/' },
  whichever: {},
};

/** What the contract of adapters needs to know of this one. */
export const harness: Harness = {
  name: 'opr',
  factory: new OprAdapterFactory(),
  settings: OprSettings,
  plain: (url) => ({ endpointUrl: `${url}/opr/hub`, ...LOGIN, timeoutMs: 5_000, settleMs: 250 }),
  writesBack: 'it may be a hub itself: two that read each other at once would swap values for ever',
  lacks: {
    drops: 'what it holds is not told in its answer',
    lag: 'nothing is looked up: the party knows an event by its id',
    impostor: 'nothing is looked up: the party knows an event by its id',
    duplicates: 'nothing is looked up: the party knows an event by its id',
    ties: 'an event names its cause by itself',
  },
  async start() {
    const fake = await FakeOprParty.start(LOGIN);
    const change = (id: string, ...changedProperties: PropertyChange[]) => fake.edit(id, { changedProperties });
    return {
      url: fake.url,
      records(_key, eventId) {
        const id = fake.externalId(eventId) ?? '';
        const event = fake.event(id);
        if (!event) return [];
        const { title = '', description = '', severity = '', state = '', annotationList } = event;
        const { solution, priority, category, assignedUser, assignedGroup, customAttributeList } = event;
        const notes = (annotationList?.annotation ?? []).map(({ text }) => text ?? '');
        const customer = customAttributeList?.customAttribute?.find(({ name }) => name === 'Customer')?.value;
        return [
          {
            ...{ id, title, description, solution, severity, priority, category, state, customer, notes },
            ...{ assignedUser: assignedUser?.loginName, assignedGroup: assignedGroup?.name },
          },
        ];
      },
      edit: (id, edit) => change(id, ...changesOf(edit)),
      note: (id, text) =>
        change(id, {
          ...{ kind: 'annotation_property_change', propertyName: 'annotation', changeOperation: 'insert' },
          ...{ annotationId: randomUUID(), author: 'jane', currentValue: text },
        }),
      remove: (id) => fake.remove(id),
      fault: ({ on, ...fault }) => fake.faults.add({ ...CALLS[on], ...fault }),
      clearFaults: () => fake.faults.clear(),
      // It sends changes to our services, not hooks.
      quiet: () => Promise.resolve(),
      calls: () => fake.requests.length,
      writes: () => fake.requests.filter(({ method }) => method === 'POST').length,
      down: () => fake.down(),
      up: () => fake.up(),
      close: () => fake.close(),
    };
  },
};

/** What somebody changes, as the party tells it. */
function changesOf(edit: Edit): PropertyChange[] {
  const { severity, priority, state, assignedUser, assignedGroup, customer } = edit;
  const changes: PropertyChange[] = [];
  for (const propertyName of ['title', 'description', 'solution'] as const) {
    const currentValue = edit[propertyName];
    if (currentValue !== undefined) changes.push({ kind: 'string_property_change', propertyName, currentValue });
  }
  if (severity) changes.push({ kind: 'severity_property_change', propertyName: 'severity', currentValue: severity });
  if (priority) changes.push({ kind: 'priority_property_change', propertyName: 'priority', currentValue: priority });
  if (state) changes.push({ kind: 'state_change', propertyName: 'state', currentValue: state });
  if (assignedUser !== undefined)
    changes.push({ kind: 'user_property_change', propertyName: 'assigned_user', currentUserName: assignedUser });
  if (assignedGroup !== undefined)
    changes.push({ kind: 'group_property_change', propertyName: 'assigned_group', currentGroupName: assignedGroup });
  if (customer !== undefined)
    changes.push({
      ...{ kind: 'custom_attribute_property_change', propertyName: 'custom_attribute', changeOperation: 'update' },
      ...{ key: 'Customer', currentValue: customer },
    });
  return changes;
}
