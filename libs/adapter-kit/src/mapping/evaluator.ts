import { spawn, type ChildProcess } from 'node:child_process';
import { RejectedError, TransientError } from '../errors';
import type { Json } from '../adapter';
import { EVALUATION_LIMITS, EVALUATOR_SCRIPT, type EvaluationReply, type EvaluationRequest } from './evaluator-process';
import type { Source } from './sources';

const START_MS = 10_000;

/**
 * Templates and expressions are run in one process of their own, one after the other. What holds:
 *
 * - Nothing that stands in a template or expression can stop or starve the hub: the process has a small heap, no environment,
 *   and is killed when one evaluation takes too long. (A worker thread would not do: V8 ends the whole process when a single
 *   allocation in a thread exceeds the thread's limit.)
 * - Nobody suffers for what others left in the process: one that gives no answer is asked again in a new one, unless it was new.
 * - It is started when it is first needed, replaced when it has died, and keeps neither this process nor itself alive.
 */
let running: Promise<ChildProcess> | undefined;
let last: Promise<unknown> = Promise.resolve();

/**
 * What a template or expression makes of `input`; `undefined` where nothing comes out. A template makes a text.
 *
 * @throws RejectedError   it fails, or exceeds a limit of `EVALUATION_LIMITS`; names the field and never what it was given
 * @throws TransientError  the signal aborted, or no process could be started
 */
export function evaluate(source: Source, input: unknown, signal: AbortSignal): Promise<Json | undefined> {
  const json = JSON.stringify(input) ?? 'null';
  if (json.length > EVALUATION_LIMITS.inputLength)
    return Promise.reject(
      new RejectedError(
        `${source.field}: the event is longer than ${EVALUATION_LIMITS.inputLength} characters of JSON`,
      ),
    );
  const aborted = () => new TransientError(`${source.field}: was not evaluated in time`);
  if (signal.aborted) return Promise.reject(aborted());
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(aborted());
    signal.addEventListener('abort', onAbort, { once: true });
    const turn = last.then(() => (signal.aborted ? undefined : evaluateNow(source, json)));
    last = turn.catch(() => undefined).finally(() => signal.removeEventListener('abort', onAbort));
    turn.then(resolve, reject);
  });
}

/** What a JSONata expression makes of `input`. See `evaluate`. */
export const evaluateJsonata = (
  expression: { field: string; text: string },
  input: unknown,
  signal: AbortSignal,
): Promise<Json | undefined> => evaluate({ ...expression, language: 'jsonata' }, input, signal);

async function evaluateNow({ language, text, field }: Source, input: string): Promise<Json | undefined> {
  const isNew = running === undefined;
  const request = { language, text, input };
  const first = await tryOnce(request);
  // A process that others have used may have ended of what they left in it.
  const answer = isUnanswered(first) && !isNew ? await tryOnce(request) : first;
  if (answer === 'slow') throw new RejectedError(`${field}: takes longer than ${EVALUATION_LIMITS.timeMs} ms`);
  if (answer === 'died')
    throw new RejectedError(`${field}: takes more than ${EVALUATION_LIMITS.memoryMb} MB of memory`);
  if (answer.ok) return answer.json === undefined ? undefined : JSON.parse(answer.json);
  if (answer.reason === 'too large')
    throw new RejectedError(
      `${field}: what comes out is longer than ${EVALUATION_LIMITS.outputLength} characters of JSON`,
    );
  const position = answer.position === undefined ? undefined : `position ${answer.position}`;
  const details = [answer.code, answer.line ?? position].filter((detail) => detail !== undefined);
  throw new RejectedError(`${field}: failed${details.length > 0 ? ` (${details.join(', ')})` : ''}`);
}

/** A process that gives no answer is not used again. */
async function tryOnce(request: EvaluationRequest): Promise<EvaluationReply | 'slow' | 'died'> {
  const child = await (running ??= start());
  const answer = await ask(child, request);
  if (isUnanswered(answer)) {
    running = undefined;
    child.kill('SIGKILL');
  }
  return answer;
}

const isUnanswered = (answer: EvaluationReply | 'slow' | 'died'): answer is 'slow' | 'died' =>
  answer === 'slow' || answer === 'died';

/** Starts the process; resolves when it takes requests. */
function start(): Promise<ChildProcess> {
  const flags = [`--max-old-space-size=${EVALUATION_LIMITS.memoryMb}`, '--disallow-code-generation-from-strings'];
  const libraries = [require.resolve('jsonata'), require.resolve('liquidjs')];
  const child = spawn(process.execPath, [...flags, '-e', EVALUATOR_SCRIPT, ...libraries], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    // Windows cannot start Node without it.
    env: { SystemRoot: process.env['SystemRoot'] },
    windowsHide: true,
  });
  const started = new Promise<ChildProcess>((resolve, reject) => {
    const gone = (cause?: unknown) => {
      clearTimeout(timer);
      if (running === started) running = undefined;
      child.kill('SIGKILL');
      // To whoever has the process already this says nothing new.
      reject(new TransientError('the process that evaluates templates and expressions cannot be started', { cause }));
    };
    const timer = setTimeout(gone, START_MS);
    child.on('exit', gone).on('error', gone);
    child.once('message', () => {
      clearTimeout(timer);
      letGo(child);
      resolve(child);
    });
  });
  return started;
}

function ask(child: ChildProcess, request: EvaluationRequest): Promise<EvaluationReply | 'slow' | 'died'> {
  hold(child);
  return new Promise((resolve) => {
    let ended = false;
    const end = (answer: EvaluationReply | 'slow' | 'died') => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      child.off('message', answered).off('exit', died);
      letGo(child);
      resolve(answer);
    };
    const answered = (reply: unknown) => end(reply as EvaluationReply);
    const died = () => end('died');
    // If this process was busy the answer may be here already; it is taken before the time-out is.
    const timer = setTimeout(() => setImmediate(() => end('slow')), EVALUATION_LIMITS.timeMs);
    child.once('message', answered).once('exit', died);
    child.send(request);
  });
}

/** While somebody waits for an answer, the process must not end for want of anything else to do. */
function hold(child: ChildProcess): void {
  child.ref();
  child.channel?.ref();
}

function letGo(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
}
