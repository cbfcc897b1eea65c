export type { Fault, RateLimit } from './fake-faults';
export type { HookBehaviour, HookTarget, SentHook } from './fake-hooks';
export type { FakeComment, FakeIssue } from './fake-issues';
export { FakeJira, type FakeJiraOptions } from './fake-jira';
export type { Person } from './fake-people';
export { startStory } from './story';
