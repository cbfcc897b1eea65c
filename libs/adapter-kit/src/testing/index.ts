export { Bench, failure } from './bench';
export type { ContractCase, Level } from './case';
export { CASES } from './cases';
export { Desk, type StartStory, type StoryRecord, type StoryTool, type Surroundings } from './story-tool';
export { Contract, LIMIT_MS, type Standing } from './contract';
export { FakeFaults, type FaultMatch, type RefusalFault, type WireFault } from './fake/faults';
export { FakeServer, received, type FakeAnswer, type ReceivedCall } from './fake/server';
export type {
  Ability,
  Edit,
  FakeTool,
  Fault,
  Harness,
  Need,
  Operation,
  RecordProperty,
  Settings,
  ToolRecord,
  Trouble,
} from './harness';
export { misbehave, type Misbehaviour } from './fake/hooks';
export { checkPage, pageWith } from './page';
