import { misbehave, type Harness } from '@opr-connect/adapter-kit/testing';
import { FakeWebhookReceiver } from './testing';
import { WebhookAdapterFactory } from './webhook.adapter';
import { HOOK_SECRET, SECRET } from './webhook.fixture';
import { WebhookSettings } from './webhook.settings';

const SKEW_MS = 240_000;
const PATHS = { create: '/tickets', change: '/tickets/', note: '/tickets/', read: '/tickets/', whichever: '' };

const ANY_SUCCESS = 'any 2xx is a success, whatever its body (Standard Webhooks 1.0)';

/** What the contract of adapters needs to know of this one. */
export const harness: Harness = {
  name: 'webhook',
  factory: new WebhookAdapterFactory(),
  settings: WebhookSettings,
  plain: (url) => ({
    ...{ url, changeUrl: `${url}/{id}`, secret: SECRET, hookSecret: HOOK_SECRET, allowedNetworks: ['loopback'] },
    ...{ timeoutMs: 5_000, settleMs: 250, maxBodyBytes: 4_000_000 },
  }),
  otherSecret: { hookSecret: SECRET },
  writesBack: 'it cannot be read: whatever crossed what it tells, it ends with what the hub holds',
  troubles: ['doubled hooks', 'late hooks', 'reordered hooks', 'imitated hooks', 'wrong clock'],
  lacks: {
    drops: 'it cannot be read, so nobody sees what became of a write',
    lag: 'nothing is looked up: the receiver knows a repeat by its id',
    impostor: 'nothing is looked up: the receiver knows a repeat by its id',
    duplicates: 'nothing is looked up: the receiver knows a repeat by its id',
  },
  exempt: { 'failure.html': ANY_SUCCESS, 'change.page': ANY_SUCCESS },
  async start(door) {
    const fake = await FakeWebhookReceiver.start({ secret: SECRET, hook: { url: door, secret: HOOK_SECRET } });
    fake.hooks.behaviour.echo = true;
    const person = fake.asPerson('jane');
    return {
      url: fake.url,
      records: (key) =>
        fake
          .tickets()
          .filter((ticket) => ticket.key === key)
          .map(({ number: id, comments, customAttributes, ...ticket }) => ({
            ...{ id, title: ticket.title ?? '', description: ticket.description ?? '' },
            ...{ severity: ticket.severity ?? '', state: ticket.state ?? '', priority: ticket.priority ?? undefined },
            ...{ solution: ticket.solution ?? undefined, category: ticket.category ?? undefined },
            ...{ assignedUser: ticket.assignedUser ?? undefined, assignedGroup: ticket.assignedGroup ?? undefined },
            causes: ticket.cause === undefined ? [] : [ticket.cause],
            ...{ customer: customAttributes?.['Customer'] ?? undefined, notes: comments.map(({ text }) => text) },
          })),
      edit: (id, { customer, ...fields }) =>
        void person.update(id, {
          ...fields,
          ...(customer !== undefined && { customAttributes: { Customer: customer } }),
        }),
      note: (id, text) => void person.comment(id, text),
      remove: (id) => person.delete(id),
      fault: ({ on, ...fault }) => fake.faults.add({ ...fault, path: PATHS[on] }),
      trouble(trouble) {
        if (!misbehave(fake.hooks.behaviour, trouble)) fake.clockSkewMs = fake.hooks.behaviour.clockSkewMs = SKEW_MS;
      },
      clearFaults: () => fake.faults.clear(),
      quiet: () => fake.hooks.quiet(),
      calls: () => fake.deliveries.length,
      writes: () => fake.deliveries.length,
      down: () => fake.down(),
      up: () => fake.up(),
      close: () => fake.close(),
    };
  },
};
