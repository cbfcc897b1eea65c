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
    | { /** Nothing is done; a log-in page is answered with 200. */ kind: 'html' }
    | { /** Every access token ends just before this call. */ kind: 'token_expiry' }
    | { /** `sysparm_query` is ignored, as with a column that the instance does not have. */ kind: 'ignore_query' }
    | { /** The table answers no rows: that is how a read that an ACL forbids looks. */ kind: 'hidden' }
  );

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
