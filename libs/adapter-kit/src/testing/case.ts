import type { ForwardingType } from '@opr-connect/opr';
import type { Bench } from './bench';
import type { Need } from './harness';

export type Level = Exclude<ForwardingType, 'synchronize_and_transfer_control'>;

/** One promise of the contract. Its check throws where an adapter breaks it. */
export interface ContractCase {
  /** Never changes: exemptions and the table in `docs/adapters.md` name it. */
  readonly id: string;
  /** An adapter that supports this forwarding type, or a higher one, keeps the promise. */
  readonly level: Level;
  /** The promise, as a sentence. */
  readonly title: string;
  /** Does not apply to an adapter, or to a tool, without one of these. */
  readonly needs?: readonly Need[];
  run(bench: Bench): Promise<void>;
}

/** The cases of one topic. */
export const cases = (level: Level, list: readonly Omit<ContractCase, 'level'>[]): ContractCase[] =>
  list.map((each) => ({ level, ...each, run: (bench) => each.run(bench) }));
