import { RejectedError, TransientError } from '@opr-connect/adapter-kit';
import { nextStep } from './next-step';

const HOUR_MS = 3_600_000;

describe('what happens next to a message', () => {
  it.each([
    ['a minute', 60_000, 60_000],
    ['ten years', 10 * 365 * 24 * HOUR_MS, HOUR_MS],
    ['more than a clock holds', Number('9'.repeat(400)), HOUR_MS],
  ])('a server that asks for %s is believed for an hour at most', (_what, retryAfterMs, ms) => {
    for (const scope of ['server', 'delivery'] as const)
      expect(
        nextStep(new TransientError('busy', { scope, retryAfterMs }), { kind: 'change', attempts: 1 }),
      ).toMatchObject({ ms });
  });

  it('what fails for no named reason is tried for ever, but a hook only so often', () => {
    const bug = new TypeError('a bug of an adapter');
    expect(nextStep(bug, { kind: 'forward', attempts: 1_000 }).kind).toBe('later');
    expect(nextStep(bug, { kind: 'hook', attempts: 9 }).kind).toBe('later');
    expect(nextStep(bug, { kind: 'hook', attempts: 10 })).toEqual({ kind: 'reject', reason: 'a bug of an adapter' });
  });

  it('no hook is given up for what a later attempt may find better', () => {
    const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    for (const error of [away, new TransientError('busy')])
      expect(nextStep(error, { kind: 'hook', attempts: 1_000 }).kind).toBe('later');
    expect(nextStep(new RejectedError('broken'), { kind: 'hook', attempts: 1 }).kind).toBe('reject');
  });
});
