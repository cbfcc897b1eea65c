import {
  GoneError,
  MisconfiguredError,
  OutcomeUnknownError,
  RejectedError,
  TransientError,
  UnreadableError,
} from '@opr-connect/adapter-kit';
import { backoffMs } from './backoff';

/** What happens next to a message whose call failed. */
export type NextStep =
  | { kind: 'later'; ms: number; reason: string }
  /** Nothing for this server works now: all its messages wait, and none loses an attempt. */
  | { kind: 'pause'; ms: number | undefined; alarm: boolean; reason: string }
  | { kind: 'reject'; reason: string }
  | { kind: 'gone'; reason: string }
  | { kind: 'unreadable'; reason: string };

/** Anything that no adapter error names, a bug of an adapter included, is tried again: an event is never lost for it. */
export function nextStep(error: unknown, attempts: number): NextStep {
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof TransientError) {
    return error.scope === 'server'
      ? { kind: 'pause', ms: error.retryAfterMs, alarm: false, reason }
      : { kind: 'later', ms: error.retryAfterMs ?? backoffMs(attempts), reason };
  }
  if (error instanceof OutcomeUnknownError)
    return { kind: 'later', ms: Math.max(error.settleMs, backoffMs(attempts)), reason };
  if (error instanceof RejectedError) return { kind: 'reject', reason };
  if (error instanceof GoneError) return { kind: 'gone', reason };
  if (error instanceof UnreadableError) return { kind: 'unreadable', reason };
  if (error instanceof MisconfiguredError) return { kind: 'pause', ms: undefined, alarm: true, reason };
  return { kind: 'later', ms: backoffMs(attempts), reason };
}
