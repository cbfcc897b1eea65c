/** What goes wrong with the next calls that match. */
export type Fault = {
  /** Only calls with this method. */
  method?: string;
  /** Only calls whose path contains this. */
  path?: string;
  /** How many calls it befalls; 1 unless told. 0 means all. */
  times?: number;
} & (
  | { /** What was asked is done, then the connection is cut. */ kind: 'lost' }
  | { /** Waits before and after it is done. */ kind: 'slow'; beforeMs?: number; afterMs?: number }
  | {
      /** It is done; the answer comes byte by byte, with so long between two of them. */ kind: 'drip';
      everyMs: number;
    }
  | { /** It is done; the connection is cut in the middle of the answer. */ kind: 'cut' }
  | { /** Nothing is done; a log-in page is answered with 200. */ kind: 'html' }
  | {
      /** Nothing is done; this status is answered. */
      kind: 'status';
      status: number;
      headers?: Record<string, string>;
      says?: string;
      /** The body quotes the headers of the request. */
      quotes?: boolean;
    }
);

export class FakeFaults {
  private pending: { fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.pending.push({ fault, left: fault.times === 0 ? Infinity : (fault.times ?? 1) });
  }

  clear(): void {
    this.pending = [];
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
