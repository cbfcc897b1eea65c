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
import { at, isObject, listAt, parseJson, textAt } from './jira.json';

/** What a call is about: an issue that exists, the making of one, a user by name, a link between two issues, or the site. */
export type Subject = 'issue' | 'create' | 'user' | 'link' | 'site';

export interface AnswerRule {
  status: StatusRange;
  /** Only if Jira's own words match. */
  says?: RegExp;
  of?: Subject;
  read: Outcome;
  write: Outcome;
  hint?: string;
}

const both = (outcome: Outcome) => ({ read: outcome, write: outcome });

/**
 * What we make of an answer; the first row that fits counts. Source: the OpenAPI files of Jira Cloud (REST v3) and Data Center
 * (REST v2) for the statuses, "Rate limiting" of both for 429. The manual, `docs/jira.md`, has the same table in words.
 */
export const ANSWERS: readonly AnswerRule[] = [
  { status: [300, 399], ...both('misconfigured'), hint: 'redirects are not followed: check url and apiUrl' },
  {
    ...{ status: only(400), says: /labels.*(cannot be set|appropriate screen)/i, ...both('misconfigured') },
    hint: 'the field Labels must be on the create and edit screens of the project',
  },
  { status: only(400), of: 'site', ...both('misconfigured') },
  { status: only(400), ...both('rejected') },
  { status: only(401), ...both('misconfigured'), hint: 'check user and token' },
  {
    ...{ status: only(403), says: /XSRF|captcha/i, ...both('misconfigured') },
    hint: 'log in once as the user in a browser, and check proxies that add an Origin',
  },
  {
    ...{ status: only(404), says: /linking.*disabled/i, ...both('rejected') },
    hint: 'switch issue linking on, or leave causeLinkType empty',
  },
  { status: only(403), of: 'issue', ...both('rejected'), hint: 'check the permissions of the user in the project' },
  { status: only(403), of: 'user', ...both('rejected'), hint: 'check the global permission to browse users' },
  { status: [403, 404], of: 'link', ...both('rejected'), hint: 'check that the user may link the two issues' },
  { status: only(403), ...both('misconfigured'), hint: 'check the permissions of the user in the project' },
  {
    ...{ status: only(404), of: 'issue', ...both('gone') },
    hint: 'the issue was deleted, or the user may no longer see it',
  },
  { status: only(404), ...both('misconfigured'), hint: 'check url, apiUrl and project' },
  { status: only(408), read: 'later', write: 'unknown' },
  { status: only(409), ...both('later') },
  { status: only(410), ...both('misconfigured'), hint: 'this Jira no longer offers the call' },
  { status: [413, 414], ...both('rejected') },
  { status: only(415), ...both('misconfigured'), hint: 'check url and apiUrl' },
  { status: only(425), ...both('later') },
  { status: only(429), ...both('busy') },
  { status: [405, 406], ...both('misconfigured'), hint: 'check url and apiUrl' },
  { status: [400, 499], ...both('rejected') },
  // A gateway may say so after Jira has done it.
  { status: only(503), read: 'busy', write: 'unknown' },
  { status: [500, 599], read: 'later', write: 'unknown' },
];

/** The error that an answer means, with Jira's own words. */
export function failureOf(
  call: { what: string; reads: boolean; subject: Subject },
  answer: HttpAnswer,
  settleMs: number,
): Error {
  const said = [wordsOf(answer.body), answer.headers['x-authentication-denied-reason']].filter(Boolean).join('; ');
  const rule = ANSWERS.find(
    ({ status, says, of }) =>
      isWithin(answer.status, status) && (!says || says.test(said)) && (!of || of === call.subject),
  );
  const reason = answer.headers['ratelimit-reason'];
  const text = [`${call.what}: ${answer.status}`, reason, said, rule?.hint].filter(Boolean).join(' – ');
  const outcome = rule ? (call.reads ? rule.read : rule.write) : 'misconfigured';
  // One busy issue must not hold up the others: Jira limits the writes to each issue on their own.
  const isOfIssue = outcome === 'busy' && reason === 'jira-per-issue-on-write';
  return errorOf(isOfIssue ? 'later' : outcome, text, { waitMs: waitOf(answer.headers), settleMs });
}

/** Longer waits are not believed: the longest quota of Jira is one hour. */
const LONGEST_WAIT_MS = 3_600_000;

/**
 * How long Jira asks to wait, in milliseconds and by its own clock; `undefined` if it does not say. Cloud tells `Retry-After` and, of quotas,
 * `X-RateLimit-Reset` in ISO 8601. Data Center tells `Retry-After: 0` while tokens remain, and how often its bucket is filled.
 */
export function waitOf(headers: Readonly<Record<string, string>>, now = clockOf(headers)): number | undefined {
  const asked = retryAfterMs(headers, now);
  const reset = Date.parse(headers['x-ratelimit-reset'] ?? '');
  const interval = Number(headers['x-ratelimit-interval-seconds'] ?? NaN) * 1000;
  const wait = [asked, reset - now, interval].find((each) => each !== undefined && each > 0);
  return wait === undefined ? undefined : Math.min(wait, LONGEST_WAIT_MS);
}

const WORDS_LIMIT = 500;

/**
 * `errorMessages` and `errors` of Jira, `message` of its gateway, or a bare text, on one line. A page in HTML has no words for us.
 */
function wordsOf(body: string): string {
  const said = parseJson(body);
  if (said === undefined) return /^\s*</.test(body) ? '' : oneLine(body);
  const fields = at(said, 'errors');
  const parts = [
    ...listAt(said, 'errorMessages'),
    ...(isObject(fields) ? Object.entries(fields).map(([field, reason]) => `${field}: ${String(reason)}`) : []),
    textAt(said, 'message'),
    textAt(said, 'errorMessage'),
  ];
  return oneLine(parts.filter((part) => typeof part === 'string' && part !== '').join('; '));
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, WORDS_LIMIT);
