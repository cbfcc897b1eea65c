import { DeliveryError, RejectedError, TransientError } from '../../../errors';
import { basicAuthorization, callTool, type HttpAnswer, type HttpCall } from '../../../http';
import { ModelAdapter } from '../model.adapter';
import type { Mutant } from './mutant';

/** Makes other calls. */
const sending = (send: (call: HttpCall, usual: (call: HttpCall) => Promise<HttpAnswer>) => Promise<HttpAnswer>) =>
  class extends ModelAdapter {
    protected override send(call: HttpCall): Promise<HttpAnswer> {
      return send(call, (each) => super.send(each));
    }
  };

/** Makes something else of a call without an answer. */
const failing = (made: (error: DeliveryError, call: HttpCall) => Error) =>
  sending(async (call, usual) => {
    try {
      return await usual(call);
    } catch (error) {
      throw error instanceof DeliveryError ? made(error, call) : error;
    }
  });

const isCreate = ({ method }: HttpCall): boolean => method === 'POST';
const isRead = ({ method, url }: HttpCall): boolean => method === 'GET' && /\/tickets\/\d+$/.test(url);

export const FAILURE_MUTANTS: readonly Mutant[] = [
  {
    caughtBy: 'failure.html',
    flaw: 'a page is a new record',
    adapter: class extends ModelAdapter {
      protected override read<T>(answer: HttpAnswer, what: string): T {
        const isPage = answer.body.startsWith('<') && what.startsWith('POST');
        return isPage ? ({ id: '7' } as T) : super.read<T>(answer, what);
      }
    },
  },
  {
    caughtBy: 'failure.cut',
    flaw: 'half an answer is for good',
    adapter: failing((error, call) =>
      isRead(call) && error.message.includes('lost') ? new RejectedError(error.message) : error,
    ),
  },
  {
    caughtBy: 'failure.drip',
    flaw: 'the time-out ends with the first byte',
    adapter: sending(async (call, usual) => {
      if (!isRead(call)) return usual(call);
      const abort = new AbortController();
      const timer = setTimeout(() => abort.abort(), 300);
      try {
        const answer = await fetch(call.url, { headers: call.headers, signal: abort.signal });
        clearTimeout(timer);
        return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() };
      } catch (error) {
        throw new TransientError('the answer was lost', { cause: error });
      }
    }),
  },
  {
    caughtBy: 'failure.timeout',
    flaw: 'a create may take as long as it likes',
    adapter: class extends ModelAdapter {
      protected override send(call: HttpCall): Promise<HttpAnswer> {
        if (!isCreate(call)) return super.send(call);
        const { maxAnswerBytes, settleMs } = this.settings;
        return callTool(this.http, call, { timeoutMs: 60_000, maxAnswerBytes, settleMs });
      }
    },
  },
  {
    caughtBy: 'failure.down',
    flaw: 'a tool that is down costs each message its attempts',
    adapter: failing((error) => (error.message.includes('no connection') ? new TransientError(error.message) : error)),
  },
  {
    caughtBy: 'abort.running',
    flaw: 'a create does not hear of the abort',
    adapter: sending((call, usual) =>
      usual(isCreate(call) && !call.signal.aborted ? { ...call, signal: new AbortController().signal } : call),
    ),
  },
  {
    caughtBy: 'abort.before',
    flaw: 'a call that was aborted before is made',
    adapter: sending((call, usual) =>
      usual(call.signal.aborted ? { ...call, signal: new AbortController().signal } : call),
    ),
  },
  {
    caughtBy: 'redirect',
    flaw: 'redirects are followed',
    adapter: sending(async (call, usual) => {
      const answer = await usual(call);
      const url = answer.status >= 300 && answer.status < 400 ? answer.headers['location'] : undefined;
      if (url !== undefined) await usual({ ...call, url });
      return answer;
    }),
  },
  {
    caughtBy: 'secrets.errors',
    flaw: 'an error without an answer carries the request',
    adapter: failing((error, { headers }) => Object.assign(error, { config: { headers } })),
  },
  {
    caughtBy: 'secrets.quoted',
    flaw: 'what the tool refuses is shown as it was sent',
    adapter: class extends ModelAdapter {
      protected override failure(method: string, path: string, answer: HttpAnswer): Error {
        const { message } = super.failure(method, path, answer);
        const sent = basicAuthorization(this.settings.user, this.settings.password);
        return answer.status === 400
          ? new RejectedError(`${message} (sent: ${sent})`)
          : super.failure(method, path, answer);
      }
    },
  },
  {
    caughtBy: 'secrets.logs',
    flaw: 'the settings are logged',
    adapter: class extends ModelAdapter {
      override async ping(signal: AbortSignal): Promise<void> {
        this.context.log.info('ping', { ...this.settings });
        await super.ping(signal);
      }
    },
  },
];
