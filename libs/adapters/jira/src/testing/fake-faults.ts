import type { FaultMatch, WireFault } from '@opr-connect/adapter-kit/testing';

/** What goes wrong with the next calls that match. All of it may come as JSON to `POST /_fake/faults`. */
export type Fault = FaultMatch &
  (
    | WireFault
    | {
        /** Nothing is done; this status is answered. */
        kind: 'status';
        status: number;
        headers?: Record<string, string>;
        errorMessages?: string[];
        errors?: Record<string, string>;
        /** The message quotes the headers of the request. */
        quotes?: boolean;
      }
    | {
        /** Nothing is done; 429 is answered as this limit does, or as a gateway that says nothing about it. */
        kind: 'limit';
        limit: RateLimit;
        /** Seconds. */
        wait?: number;
      }
    | { /** Nothing is done; a log-in page is answered, with 200 unless told. */ kind: 'html'; status?: number }
    | { /** Nothing is done; a bare text is answered. */ kind: 'text'; status: number; body: string }
    | { /** The issue looks as if it were not there. */ kind: 'hidden' }
    | { /** This field of the write is dropped without a word. */ kind: 'dropped'; field: string }
  );

export type RateLimit =
  | 'jira-quota-global-based'
  | 'jira-quota-tenant-based'
  | 'jira-burst-based'
  | 'jira-per-issue-on-write'
  | 'data-center'
  | 'reset-only'
  | 'bare';

/** The headers with which each limit says 429. `now` is the site's clock. */
export function limitHeaders(limit: RateLimit, wait: number, now: number): Record<string, string> {
  const reset = new Date(now + wait * 1000).toISOString();
  switch (limit) {
    case 'jira-quota-global-based':
    case 'jira-quota-tenant-based':
    case 'jira-burst-based':
    case 'jira-per-issue-on-write':
      return {
        ...{ 'Retry-After': String(wait), 'X-RateLimit-Limit': '100', 'X-RateLimit-Remaining': '0' },
        ...{ 'X-RateLimit-Reset': reset, 'RateLimit-Reason': limit },
      };
    case 'data-center':
      return {
        ...{ 'X-RateLimit-Limit': '10', 'X-RateLimit-Remaining': '0', 'X-RateLimit-FillRate': '1' },
        ...{ 'X-RateLimit-Interval-Seconds': String(wait), 'Retry-After': String(wait) },
      };
    case 'reset-only':
      return { 'X-RateLimit-Reset': reset };
    case 'bare':
      return {};
  }
}

/** Jira Cloud takes so many writes to one issue within such a time. */
export class FakeWriteLimits {
  limits: { writes: number; withinMs: number }[] = [
    { writes: 20, withinMs: 2_000 },
    { writes: 100, withinMs: 30_000 },
  ];
  private readonly writes = new Map<string, number[]>();

  /** Seconds to wait; `undefined` if this write is taken, and counted. */
  take(issue: string, now = Date.now()): number | undefined {
    const times = (this.writes.get(issue) ?? []).filter((time) => time > now - 60_000);
    for (const { writes, withinMs } of this.limits) {
      const recent = times.filter((time) => time > now - withinMs);
      if (recent.length >= writes) return Math.ceil(((recent[0] ?? now) + withinMs - now) / 1000);
    }
    this.writes.set(issue, [...times, now]);
    return undefined;
  }
}
