/** What goes wrong with the next deliveries. Everything may come as JSON to `POST /_fake/faults`. */
export type Fault = {
  /** Only deliveries whose path contains this. */
  path?: string;
  /** How many deliveries it befalls; 1 unless told. 0 means all until the faults are cleared. */
  times?: number;
} & (
  | { /** The delivery is taken, then the connection is cut. */ kind: 'lost' }
  | { /** Waits before and after the delivery is taken. */ kind: 'slow'; beforeMs?: number; afterMs?: number }
  | { /** Taken; the answer comes byte by byte, one each so many milliseconds. */ kind: 'drip'; everyMs: number }
  | { /** Taken; the connection is cut in the middle of the answer. */ kind: 'cut' }
  | {
      /** Nothing is done; this status is answered. */ kind: 'status';
      status: number;
      headers?: Record<string, string>;
      says?: string;
      /** The reason quotes the headers of the request. */
      quotes?: boolean;
    }
  | { /** Nothing is done; a log-in page is answered with 200. */ kind: 'html' }
);

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

  /** The first fault that matches this delivery, used up by one. */
  take(path: string): Fault | undefined {
    const hit = this.pending.find(({ fault }) => !fault.path || path.includes(fault.path));
    if (!hit) return undefined;
    hit.left -= 1;
    if (hit.left <= 0) this.pending = this.pending.filter((each) => each !== hit);
    return hit.fault;
  }
}
