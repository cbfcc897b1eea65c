export type { Fault } from './fake-faults';
export {
  FakeOprParty,
  type EndpointAnswers,
  type FakeOprPartyOptions,
  type ProgrammedAnswer,
  type ReceivedRequest,
} from './fake-opr-party';
