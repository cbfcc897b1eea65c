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
  /** Rows to compare, as counted at the start. */
  total: number | null;
  done: number;
  /** How many were found of each kind. */
  counts: { [Kind in FoundKind]?: number };
  created: Date;
  started: Date | null;
  ended: Date | null;
}

/** A row to compare, in the order of their ids. */
export interface RowToCompare {
  row: string;
  event: string;
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
