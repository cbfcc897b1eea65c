export type { Fault } from './fake-faults';
export { FakeOprParty, type EndpointAnswers, type FakeOprPartyOptions, type ProgrammedAnswer } from './fake-opr-party';
