import type { FaultMatch, WireFault } from '@opr-connect/adapter-kit/testing';
import { loginPage } from './fake-pages';
import { errorAnswer, type ApiAnswer } from './fake-table-api';

/** What goes wrong with the next calls that match. Everything but `kind` may come as JSON to `POST /_fake/faults`. */
export type Fault = FaultMatch &
  (
    | WireFault
    | {
        /** Nothing is done; this status is answered. */
        kind: 'status';
        status: number;
        headers?: Record<string, string>;
        error?: { message: string; detail: string | null };
        /** The detail quotes the headers of the request. */
        quotes?: boolean;
      }
    | {
        /** Nothing is done; 429 is answered with these headers. */
        kind: 'limit';
        says: LimitHeaders;
        /** Seconds. */
        wait?: number;
      }
    | { /** Nothing is done; a log-in page is answered, with 200 unless told. */ kind: 'html'; status?: number }
    | { /** This field of the write is dropped without a word, as by an ACL on it. */ kind: 'dropped'; field: string }
    | { /** Every access token ends just before this call. */ kind: 'token_expiry' }
    | { /** `sysparm_query` is ignored, as with a column that the instance does not have. */ kind: 'ignore_query' }
    | {
        /** The table answers no rows and a record is not found: that is how what an ACL forbids looks. */ kind: 'hidden';
      }
  );

/** As rate limit rules say it, as a gateway before the instance may, and without a word. */
export type LimitHeaders = 'rule' | 'retry-after' | 'retry-date' | 'reset-only' | 'bare';

/** What is answered in the place of an answer; `undefined` if the call is to be done. `now` is the instance's clock. */
export function answerInstead(
  fault: Fault | undefined,
  headers: Record<string, string>,
  now: number,
): ApiAnswer | undefined {
  switch (fault?.kind) {
    case 'html':
      return { status: fault.status ?? 200, headers: { 'Content-Type': 'text/html' }, body: loginPage() };
    case 'status': {
      const { message, detail } = fault.error ?? { message: `Fault ${fault.status}`, detail: 'ordered by the test' };
      const said = fault.quotes ? JSON.stringify(headers) : detail;
      return { ...errorAnswer(fault.status, message, said), headers: fault.headers ?? {} };
    }
    case 'limit': {
      const detail = 'Rate limit of 100 requests per hour for Table API exceeded';
      return {
        ...errorAnswer(429, 'Rate limit exceeded', detail),
        headers: limitHeaders(fault.says, fault.wait ?? 1, now),
      };
    }
    default:
      return undefined;
  }
}

/** Source: "Inbound REST API rate limiting". There is no header that tells how many calls are left. */
function limitHeaders(says: LimitHeaders, wait: number, now: number): Record<string, string> {
  const reset = { 'X-RateLimit-Reset': String(Math.ceil(now / 1000) + wait) };
  const rule = { 'X-RateLimit-Limit': '100', 'X-RateLimit-Rule': 'd'.repeat(32), ...reset };
  switch (says) {
    case 'rule':
      return { ...rule, 'Retry-After': String(wait) };
    case 'retry-after':
      return { 'Retry-After': String(wait) };
    case 'retry-date':
      return { 'Retry-After': new Date(Date.now() + wait * 1000).toUTCString() };
    case 'reset-only':
      return rule;
    case 'bare':
      return {};
  }
}
