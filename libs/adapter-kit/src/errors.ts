/**
 * Everything that can go wrong between us and a tool, by what happens next. The message is for operators: it names the
 * call and the tool's own reason, never a secret.
 */
export abstract class DeliveryError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Nothing happened; it may work later. A wait that concerns the whole server costs the message no attempt. */
export class TransientError extends DeliveryError {
  readonly retryAfterMs?: number;
  readonly scope: 'delivery' | 'server';

  constructor(
    message: string,
    options: { retryAfterMs?: number; scope?: 'delivery' | 'server'; cause?: unknown } = {},
  ) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs;
    this.scope = options.scope ?? 'delivery';
  }
}

/** It may have happened. After `settleMs` the adapter can find out by looking, so nothing is tried before. */
export class OutcomeUnknownError extends DeliveryError {
  readonly settleMs: number;

  constructor(message: string, options: { settleMs: number; cause?: unknown }) {
    super(message, options);
    this.settleMs = options.settleMs;
  }
}

/** The tool will never take this one message: a dead letter. */
export class RejectedError extends DeliveryError {}

/** The record is gone: nothing more is carried to it. */
export class GoneError extends DeliveryError {}

/** Nothing works for this server until a person has changed something: it is paused, and retried slowly. */
export class MisconfiguredError extends DeliveryError {}

/** The party offers no read of its record. */
export class UnreadableError extends DeliveryError {}

/** The hook is not signed by the tool. */
export class ForgedHookError extends DeliveryError {}
