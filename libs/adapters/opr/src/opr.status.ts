import type { Outcome as ToolOutcome } from '@opr-connect/adapter-kit';

/** `forward`: `POST event`. `change`: `POST event_change/<id>`. `read`: `GET event/<id>`. `ping`: `HEAD` or `GET` of the root. */
export type Operation = 'forward' | 'change' | 'read' | 'ping';

/** What becomes of a call that was not answered with success. `… if it lasts`: later for the first attempts (see `EARLY_ATTEMPTS`). */
export type Outcome = Final | keyof typeof FINALLY;

type Final = Exclude<ToolOutcome, 'unknown'>;

const FINALLY = {
  'rejected if it lasts': 'rejected',
  'gone if it lasts': 'gone',
  'unreadable if it lasts': 'unreadable',
} as const satisfies Record<string, Final>;

export type StatusRule<O extends Operation> = Readonly<Record<O, Outcome>> & {
  /** Single statuses, and ranges with both ends included. */
  readonly status: readonly (number | readonly [from: number, to: number])[];
  /** For operators. */
  readonly hint?: string;
};

export type StatusTable<O extends Operation> = readonly StatusRule<O>[];

/** A party may not know yet that the event was forwarded: its own commit may come after the answer to the forward. */
export const EARLY_ATTEMPTS = 8;

const all = (outcome: Outcome): Record<Operation, Outcome> => ({
  forward: outcome,
  change: outcome,
  read: outcome,
  ping: outcome,
});

const REDIRECTED = 'redirects are not followed: check the URL';
const LOGIN = 'check user and password';

/**
 * What we make of an answer of an OPR endpoint; the first row that fits counts, and 2xx is success. The vendor's documents
 * say only that an HTTP error rejects and a missing id asks for a retry (OMi Extensibility Guide, "Forward events and event
 * changes"), so this is the contract that this project gives itself. `docs/opr-adapter.md` has the same table.
 *
 * A 5xx to a write is no `OutcomeUnknownError`: a receiver knows an event and a change by their ids, so a repeat needs no
 * look-up before it. A 403 to a change or to a read concerns that one event: this project's own endpoint says so of an event
 * that was not forwarded.
 */
export const ENDPOINT_STATUSES: StatusTable<Operation> = [
  { status: [[300, 399]], ...all('misconfigured'), hint: REDIRECTED },
  { status: [401, 407], ...all('misconfigured'), hint: LOGIN },
  {
    status: [403],
    ...all('misconfigured'),
    change: 'rejected if it lasts',
    read: 'unreadable if it lasts',
    hint: 'check user and password, and what this user may do',
  },
  { status: [404], ...all('misconfigured'), change: 'gone', read: 'unreadable' },
  { status: [410], ...all('misconfigured'), change: 'gone', read: 'gone' },
  { status: [405, 501], ...all('misconfigured'), change: 'rejected', read: 'unreadable' },
  { status: [408, 425], ...all('later') },
  { status: [429, 503], ...all('busy') },
  { status: [[400, 499]], ...all('rejected'), read: 'unreadable', ping: 'misconfigured' },
  { status: [[500, 599]], ...all('later') },
  { status: [[0, 999]], ...all('misconfigured'), hint: 'this is no final status of HTTP' },
];

/**
 * What we make of an answer of an Event Synchronization Web Service. There 403 and 404 speak of one event: it was not
 * forwarded to us, no longer is, or is not known to be yet; only 401 and 407 speak of our login (OMi Extensibility Guide,
 * "Synchronize event changes"; the statuses themselves are what clients in use have met).
 */
export const SYNC_STATUSES: StatusTable<Exclude<Operation, 'forward'>> = [
  { status: [[300, 399]], ...all('misconfigured'), hint: REDIRECTED },
  { status: [401, 407], ...all('misconfigured'), hint: LOGIN },
  { status: [403], change: 'rejected if it lasts', read: 'unreadable if it lasts', ping: 'misconfigured' },
  { status: [404], change: 'gone if it lasts', read: 'gone if it lasts', ping: 'misconfigured' },
  { status: [410], change: 'gone', read: 'gone', ping: 'misconfigured' },
  { status: [405, 501], change: 'rejected', read: 'unreadable', ping: 'misconfigured' },
  { status: [408, 425], ...all('later') },
  { status: [429, 503], ...all('busy') },
  { status: [[400, 499]], change: 'rejected', read: 'unreadable', ping: 'misconfigured' },
  { status: [[500, 599]], ...all('later') },
  { status: [[0, 999]], ...all('misconfigured'), hint: 'this is no final status of HTTP' },
];

export function ruleFor<O extends Operation>(table: StatusTable<O>, status: number): StatusRule<O> | undefined {
  return table.find((rule) =>
    rule.status.some((part) => (typeof part === 'number' ? part === status : part[0] <= status && status <= part[1])),
  );
}

/** What an outcome is at this attempt, 1 on the first. */
export function outcomeAt(attempt: number, outcome: Outcome): Final {
  if (!isLasting(outcome)) return outcome;
  return attempt <= EARLY_ATTEMPTS ? 'later' : FINALLY[outcome];
}

const isLasting = (outcome: Outcome): outcome is keyof typeof FINALLY => outcome in FINALLY;
