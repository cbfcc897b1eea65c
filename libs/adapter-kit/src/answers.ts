import {
  GoneError,
  MisconfiguredError,
  OutcomeUnknownError,
  RejectedError,
  TransientError,
  UnreadableError,
  type DeliveryError,
} from './errors';

/**
 * What becomes of a call that was not answered with success, as the tables of adapters word it. `later` concerns this delivery
 * only, `busy` the whole server.
 */
export type Outcome = 'later' | 'busy' | 'unknown' | 'rejected' | 'gone' | 'unreadable' | 'misconfigured';

/** Statuses from … to, both included. */
export type StatusRange = readonly [from: number, to: number];

export const only = (status: number): StatusRange => [status, status];

export const isWithin = (status: number, [from, to]: StatusRange): boolean => from <= status && status <= to;

/**
 * The error of an outcome.
 *
 * @param waitMs how long the tool asks to wait
 * @param settleMs how long a write may still take effect whose outcome is unknown
 */
export function errorOf(
  outcome: Outcome,
  text: string,
  { waitMs, settleMs }: { waitMs: number | undefined; settleMs: number },
): DeliveryError {
  switch (outcome) {
    case 'later':
      return new TransientError(text, { retryAfterMs: waitMs });
    case 'busy':
      return new TransientError(text, { retryAfterMs: waitMs, scope: 'server' });
    case 'unknown':
      return new OutcomeUnknownError(text, { settleMs: Math.max(settleMs, waitMs ?? 0) });
    case 'rejected':
      return new RejectedError(text);
    case 'gone':
      return new GoneError(text);
    case 'unreadable':
      return new UnreadableError(text);
    case 'misconfigured':
      return new MisconfiguredError(text);
  }
}
