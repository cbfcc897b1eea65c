export { Bench, failure } from './bench';
export type { ContractCase, Level } from './case';
export { CASES } from './cases';
export { Contract, LIMIT_MS, type Standing } from './contract';
export type { Ability, Edit, FakeTool, Fault, Harness, Need, Operation, Settings, ToolRecord } from './harness';
export { checkPage, pageWith } from './page';
