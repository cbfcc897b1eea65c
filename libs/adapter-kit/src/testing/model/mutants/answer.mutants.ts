import { MisconfiguredError, OutcomeUnknownError, RejectedError, TransientError } from '../../../errors';
import type { HttpAnswer } from '../../../http';
import { ModelAdapter } from '../model.adapter';
import type { Mutant } from './mutant';

/** Makes something else of a status that answers a create. */
const answering = (status: number, made: (usual: Error, answer: HttpAnswer) => Error) =>
  class extends ModelAdapter {
    protected override failure(method: string, path: string, answer: HttpAnswer): Error {
      const usual = super.failure(method, path, answer);
      return method === 'POST' && answer.status === status ? made(usual, answer) : usual;
    }
  };

const later = ({ message }: Error): Error => new TransientError(message);
const never = ({ message }: Error): Error => new RejectedError(message);
const paused = ({ message }: Error): Error => new MisconfiguredError(message);

/** Forgets a wait that the header tells in this form. */
const forgetting = (form: RegExp) =>
  answering(429, (usual, { headers }) =>
    form.test(headers['retry-after'] ?? '') ? new TransientError(usual.message, { scope: 'server' }) : usual,
  );

export const ANSWER_MUTANTS: readonly Mutant[] = [
  { caughtBy: 'answer.400', flaw: 'the reason is dropped', adapter: answering(400, () => new RejectedError('400')) },
  { caughtBy: 'answer.401', flaw: 'a refused login is tried again', adapter: answering(401, later) },
  { caughtBy: 'answer.403', flaw: 'a missing right is tried again', adapter: answering(403, later) },
  { caughtBy: 'answer.404', flaw: 'a wrong address is a wrong message', adapter: answering(404, never) },
  { caughtBy: 'answer.409', flaw: 'a conflict stops the server', adapter: answering(409, paused) },
  { caughtBy: 'answer.410', flaw: 'what is gone is tried again', adapter: answering(410, later) },
  { caughtBy: 'answer.413', flaw: 'what is too large is tried again', adapter: answering(413, later) },
  { caughtBy: 'answer.422', flaw: 'what is refused is tried again', adapter: answering(422, later) },
  { caughtBy: 'answer.429-seconds', flaw: 'seconds are not read', adapter: forgetting(/^\d+$/) },
  { caughtBy: 'answer.429-date', flaw: 'dates are not read', adapter: forgetting(/GMT/) },
  {
    caughtBy: 'answer.429-bare',
    flaw: 'no time is no wait',
    adapter: answering(429, (usual, { headers }) =>
      headers['retry-after'] ? usual : new TransientError(usual.message, { scope: 'server', retryAfterMs: 0 }),
    ),
  },
  { caughtBy: 'answer.500', flaw: 'a mishap of the tool is for good', adapter: answering(500, never) },
  {
    caughtBy: 'answer.503',
    flaw: 'the time that the tool asks for is not waited',
    adapter: answering(503, ({ message }) => new OutcomeUnknownError(message, { settleMs: 100 })),
  },
];
