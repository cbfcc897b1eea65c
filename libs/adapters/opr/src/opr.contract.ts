import { randomUUID } from 'node:crypto';
import type { Harness, Operation } from '@opr-connect/adapter-kit/testing';
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
  any: {},
};

/** What the contract of adapters needs to know of this one. */
export const harness: Harness = {
  name: 'opr',
  factory: new OprAdapterFactory(),
  settings: OprSettings,
  plain: (url) => ({ endpointUrl: `${url}/opr/hub`, ...LOGIN, timeoutMs: 5_000, settleMs: 250 }),
  lacks: {
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
        const { title = '', description = '', severity = '', state = '', assignedUser, annotationList } = event;
        const notes = (annotationList?.annotation ?? []).map(({ text }) => text ?? '');
        return [{ id, title, description, severity, state, assignedUser: assignedUser?.loginName, notes }];
      },
      edit(id, { title, description, severity, state, assignedUser }) {
        const properties: (PropertyChange | undefined)[] = [
          title === undefined
            ? undefined
            : { kind: 'string_property_change', propertyName: 'title', currentValue: title },
          description === undefined
            ? undefined
            : { kind: 'string_property_change', propertyName: 'description', currentValue: description },
          severity && { kind: 'severity_property_change', propertyName: 'severity', currentValue: severity },
          state && { kind: 'state_change', propertyName: 'state', currentValue: state },
          assignedUser === undefined
            ? undefined
            : { kind: 'user_property_change', propertyName: 'assigned_user', currentUserName: assignedUser },
        ];
        change(id, ...properties.filter((each) => each !== undefined));
      },
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
      down: () => fake.down(),
      up: () => fake.up(),
      close: () => fake.close(),
    };
  },
};
