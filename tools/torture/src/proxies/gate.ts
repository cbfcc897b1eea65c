/** A thing that a core says to somebody else: a statement to PostgreSQL, or a request to a tool or an OBM. */
export interface Said {
  /** What it is, such as `claim` or `create ticket`. */
  label: string;
  /** Once it took effect: whether that is there to stay, whatever becomes of the core now. */
  lasting?: boolean;
}

/** `drop`: the connection is cut at this moment. */
export type Verdict = 'pass' | 'drop';

/** Who is asked at both ends of whatever a core says. */
export interface Gate {
  /** Before it is passed on. */
  before(said: Said): Promise<Verdict>;
  /** After it took effect, and before the answer is passed back. */
  after(said: Said): Promise<Verdict>;
}

/** Lets everything pass. */
export const OPEN: Gate = { before: async () => 'pass', after: async () => 'pass' };
