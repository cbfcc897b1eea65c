export { FakeWebhookReceiver } from './fake-webhook-receiver';
export type { Person, RecordedDelivery } from './fake-webhook-receiver';
export type { Comment, Fields, Ticket } from './fake-tickets';
export type { Fault } from './fake-faults';
export type { HookBehaviour, HookTarget, SentHook } from './fake-hooks';
export { startStory } from './story';
