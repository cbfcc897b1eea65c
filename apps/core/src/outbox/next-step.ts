import {
  GoneError,
  MisconfiguredError,
  OutcomeUnknownError,
  RejectedError,
  TransientError,
  UnreadableError,
} from '@opr-connect/adapter-kit';
import { isDatabaseUnavailable } from '../database/errors';
import { backoffMs } from './backoff';

/** No party is believed when it says to come back later than this. */
const LONGEST_WAIT_MS = 3_600_000;
/** Hooks of a server are translated one by one, so one that fails for no named reason must not hold up the others for ever. */
const HOOK_ATTEMPTS = 10;

/** What happens next to a message whose call failed. */
export type NextStep =
  | { kind: 'later'; ms: number; reason: string }
  /** Nothing for this server works now: all its messages wait, and none loses an attempt. */
  | { kind: 'pause'; ms: number | undefined; alarm: boolean; reason: string }
  | { kind: 'reject'; reason: string }
  | { kind: 'gone'; reason: string }
  | { kind: 'unreadable'; reason: string };

/**
 * Anything that no adapter error names, a bug of an adapter included, is tried again: an event is never lost for it. Only a
 * hook becomes a dead letter in the end.
 */
export function nextStep(error: unknown, { kind, attempts }: { kind: string; attempts: number }): NextStep {
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof TransientError) {
    return error.scope === 'server'
      ? { kind: 'pause', ms: bounded(error.retryAfterMs), alarm: false, reason }
      : { kind: 'later', ms: bounded(error.retryAfterMs) ?? backoffMs(attempts), reason };
  }
  if (error instanceof OutcomeUnknownError)
    return { kind: 'later', ms: Math.max(bounded(error.settleMs) ?? 0, backoffMs(attempts)), reason };
  if (error instanceof RejectedError) return { kind: 'reject', reason };
  if (error instanceof GoneError) return { kind: 'gone', reason };
  if (error instanceof UnreadableError) return { kind: 'unreadable', reason };
  if (error instanceof MisconfiguredError) return { kind: 'pause', ms: undefined, alarm: true, reason };
  if (kind === 'hook' && attempts >= HOOK_ATTEMPTS && !isDatabaseUnavailable(error)) return { kind: 'reject', reason };
  return { kind: 'later', ms: backoffMs(attempts), reason };
}

const bounded = (ms: number | undefined): number | undefined =>
  ms === undefined || Number.isNaN(ms) ? undefined : Math.min(ms, LONGEST_WAIT_MS);
