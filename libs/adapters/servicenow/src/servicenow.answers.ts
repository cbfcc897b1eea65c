import {
  clockOf,
  errorOf,
  isWithin,
  only,
  retryAfterMs,
  type HttpAnswer,
  type Outcome,
  type StatusRange,
} from '@opr-connect/adapter-kit';
import { parseJson, property } from './servicenow.json';

export interface AnswerRule {
  status: StatusRange;
  /** Only if the tool's own message matches. */
  says?: RegExp;
  /** Only for calls that name one record, or only for those that name a table. */
  of?: 'record' | 'table';
  read: Outcome;
  write: Outcome;
  hint?: string;
}

/**
 * What we make of an answer; the first row that fits counts. Source: ServiceNow product documentation, "Table API" and "REST
 * API HTTP response codes" (statuses), "Inbound REST API rate limiting" (429); the wording of 401, 403 and 404 as instances
 * answer it. The manual, `docs/servicenow.md`, has the same table in words.
 */
export const ANSWERS: readonly AnswerRule[] = [
  {
    ...{ status: [300, 399], read: 'misconfigured', write: 'misconfigured' },
    hint: 'redirects are not followed: check the URL',
  },
  {
    status: only(400),
    says: /invalid (staging )?table|represent any resource/i,
    read: 'misconfigured',
    write: 'misconfigured',
  },
  { status: only(400), read: 'rejected', write: 'rejected' },
  { status: only(401), read: 'misconfigured', write: 'misconfigured' },
  {
    ...{ status: only(403), says: /unscoped api/i, read: 'misconfigured', write: 'misconfigured' },
    hint: 'give the OAuth client a broad scope, such as useraccount; roles do not help',
  },
  {
    ...{ status: only(403), says: /user not authorized/i, read: 'misconfigured', write: 'misconfigured' },
    hint: 'check the roles of the user',
  },
  { status: only(403), read: 'rejected', write: 'rejected' },
  {
    ...{ status: only(404), of: 'record', read: 'gone', write: 'gone' },
    hint: 'the record was deleted, or an ACL hides it from the user',
  },
  { status: only(404), read: 'misconfigured', write: 'misconfigured', hint: 'check URL and table' },
  { status: [405, 406], read: 'misconfigured', write: 'misconfigured', hint: 'check the URL' },
  { status: only(408), read: 'later', write: 'unknown' },
  { status: only(410), of: 'record', read: 'gone', write: 'gone', hint: 'the record was deleted' },
  { status: only(410), read: 'misconfigured', write: 'misconfigured', hint: 'check URL and table' },
  { status: only(415), read: 'misconfigured', write: 'misconfigured', hint: 'check the URL' },
  { status: only(429), read: 'busy', write: 'busy' },
  { status: [400, 499], read: 'rejected', write: 'rejected' },
  // A proxy may say so after the instance has done it.
  { status: only(503), read: 'busy', write: 'unknown' },
  { status: [500, 599], read: 'later', write: 'unknown' },
];

const TEXT_LIMIT = 500;

/** A call whose answer was not success. */
export interface Unanswered {
  method: string;
  url: string;
  /** Names one record. */
  isRecord: boolean;
  answer: HttpAnswer;
}

/** What an answer that is not 2xx means. `login` says what to look at when the instance refuses us, and `settleMs` is ours. */
export function failureOf({ method, url, isRecord, answer }: Unanswered, login: string, settleMs: number): Error {
  const said = wordsOf(answer.body);
  const rule = ANSWERS.find(
    ({ status, says, of }) =>
      isWithin(answer.status, status) && (!says || says.test(said)) && (!of || (of === 'record') === isRecord),
  );
  const hint = answer.status === 401 ? login : rule?.hint;
  const text = [`${method} ${url}: ${answer.status}`, said, hint].filter(Boolean).join(' – ');
  const outcome = rule ? (method === 'GET' ? rule.read : rule.write) : 'misconfigured';
  return errorOf(outcome, text, { waitMs: waitMs(answer.headers), settleMs });
}

/**
 * How long a rate limit lasts: `Retry-After`, else until `X-RateLimit-Reset` (UNIX seconds), by the instance's clock as its answer
 * tells it. Source: "Inbound REST API rate limiting".
 */
function waitMs(headers: Record<string, string>): number | undefined {
  const told = retryAfterMs(headers);
  const reset = Number(headers['x-ratelimit-reset']) * 1000;
  return told !== undefined || !(reset > 0) ? told : Math.max(0, reset - clockOf(headers));
}

/** The tool's own `error.message` and `error.detail`, on one line. */
function wordsOf(body: string): string {
  const error = property(parseJson(body), 'error');
  const parts = [property(error, 'message'), property(error, 'detail')];
  const text = parts.filter((part) => typeof part === 'string' && part !== '').join(': ');
  return text.replace(/\s+/g, ' ').trim().slice(0, TEXT_LIMIT);
}
