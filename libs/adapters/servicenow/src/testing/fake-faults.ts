import { loginPage } from './fake-pages';
import { errorAnswer, type ApiAnswer } from './fake-table-api';

/** What goes wrong with the next calls that match. Everything but `kind` may come as JSON to `POST /_fake/faults`. */
export type Fault = FaultMatch &
  (
    | { /** The write is committed, then the connection is cut. */ kind: 'lost' }
    | { /** Waits before and after the commit. */ kind: 'slow'; beforeMs?: number; afterMs?: number }
    | { /** The answer comes byte by byte, with so long between two of them. */ kind: 'drip'; everyMs: number }
    | { /** The write is committed, then half of the answer is sent and the connection is cut. */ kind: 'cut' }
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

export interface FaultMatch {
  /** Only calls with this method. */
  method?: string;
  /** Only calls whose path contains this. */
  path?: string;
  /** How many calls it befalls; 1 unless told. 0 means all until the faults are cleared. */
  times?: number;
}

export class FakeFaults {
  private pending: { fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.pending.push({ fault, left: fault.times === 0 ? Infinity : (fault.times ?? 1) });
  }

  clear(): void {
    this.pending = [];
  }

  list(): Fault[] {
    return this.pending.map(({ fault, left }) => ({ ...fault, times: left === Infinity ? 0 : left }));
  }

  /** The first fault that matches this call, used up by one. */
  take(method: string, path: string): Fault | undefined {
    const hit = this.pending.find(
      ({ fault }) => (!fault.method || fault.method === method) && (!fault.path || path.includes(fault.path)),
    );
    if (!hit) return undefined;
    hit.left -= 1;
    if (hit.left <= 0) this.pending = this.pending.filter((each) => each !== hit);
    return hit.fault;
  }
}

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
