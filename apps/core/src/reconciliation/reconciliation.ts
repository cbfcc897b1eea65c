import type { Finding } from '../conversation/conversation';

/** One comparison of everything that is shared with a server. */
export interface Reconciliation {
  seq: number;
  id: string;
  /** uuid of the connected server. */
  server: string;
  /** It only says what it would do. */
  dryRun: boolean;
  /** Who asked for it; null: it came by the clock. */
  operator: string | null;
  state: 'waiting' | 'running' | 'done';
  /** Rows of the registry that the server shares, as counted at the start, whether they turn out to be worth a comparison or not. */
  total: number | null;
  /** Those that were compared or passed over. */
  done: number;
  /** Records that were read, those that are gone among them. */
  read: number;
  /** How many were found of each kind. */
  counts: { [Kind in FoundKind]?: number };
  created: Date;
  started: Date | null;
  ended: Date | null;
}

/** What is noted of a row that was compared. */
export interface Compared {
  row: string;
  /** How many rows are done with it: it, and those before it that were passed over. */
  done: number;
  /** Its record was read. */
  read: boolean;
  found: readonly Found[];
}

/** A row of the registry, in the order of their ids. */
export interface RowToCompare {
  row: string;
  event: string;
  /** Its event is open, or was changed lately. One that is not is passed over. */
  isShared: boolean;
}

export type FoundKind =
  | Finding['kind']
  /** The record cannot be read. */
  | 'unreadable'
  /** What the party refused waits for a person. */
  | 'dead_letter';

export interface Found {
  kind: FoundKind;
  detail?: string;
  /** Something was done about it. */
  repaired: boolean;
}

/** A finding as it is kept. */
export interface KeptFinding extends Found {
  seq: number;
  /** The hub's own id of the event, and how its source calls it. */
  event: string;
  eventId: string;
}
