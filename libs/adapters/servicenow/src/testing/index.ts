export type { Fault } from './fake-faults';
export type { HookBehaviour, HookTarget, SentHook } from './fake-hooks';
export { FakeServiceNow, type FakeServiceNowOptions, type Person } from './fake-servicenow';
export type { Row } from './fake-tables';
export { startStory } from './story';
