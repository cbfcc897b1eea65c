import type { Adapter } from '@opr-connect/adapter-kit';
import type { ForwardingType } from '@opr-connect/opr';
import type { ServerTraits } from '../conversation/conversation';

/** One configured party, with the live connection to it. */
export interface ConnectedServer {
  readonly uuid: string;
  /** Login name, case-sensitive. */
  readonly name: string;
  readonly label?: string;
  readonly active: boolean;
  /** Absent while the server is quarantined. */
  readonly adapter?: Adapter;
  /** Why the server is quarantined: its settings, or a rule that its adapter cannot serve. */
  readonly problems: readonly string[];
  /** What the conversation must know of it. */
  readonly traits: ServerTraits;
  /** For a server that forwards events to us: what it may do with one that does not say. */
  readonly forwardingType: ForwardingType;
  /** How long the answer to a forwarded event may wait for the external id, in milliseconds. */
  readonly answerWithin: number;
  /** Answer 503 while there is no external id. */
  readonly strict: boolean;
  /** Calls to it under way at once, of all cores together. */
  readonly concurrency: number;
  /** Calls to it in a minute, of all cores together. */
  readonly ratePerMinute?: number;
  /** How often it is asked what changed, in milliseconds; 0: never. */
  readonly pollEvery: number;
  /** How often its records are compared with their events, in milliseconds; 0: only when somebody asks. */
  readonly reconcileEvery: number;
  /** The name by which we log in to it, if it has such a thing. */
  readonly ownLogin?: string;
}
