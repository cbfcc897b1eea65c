/** Which calls of a fake tool a fault befalls. */
export interface FaultMatch {
  /** Only calls with this method. */
  method?: string;
  /** Only calls whose path this regular expression matches. */
  path?: string;
  /** How many calls it befalls; 1 unless told. 0 means all until the faults are cleared. */
  times?: number;
}

/** What can go wrong on the way to any tool, and back: `answerCall` does it. */
export type WireFault =
  | { /** What was asked is done, then the connection is cut. */ kind: 'lost' }
  | {
      /** Waits before and after it is done, which is done although the caller has gone. */ kind: 'slow';
      beforeMs?: number;
      afterMs?: number;
    }
  | {
      /** It is done; the answer comes byte by byte, with so long between two of them. */ kind: 'drip';
      everyMs: number;
    }
  | { /** It is done; the connection is cut in the middle of the answer. */ kind: 'cut' };

/** What any tool, or whatever stands before it, may answer instead of doing what was asked. */
export type RefusalFault =
  | { /** A log-in page is answered with 200. */ kind: 'html' }
  | {
      /** This is answered, with a reason in the shape that the tool gives it. */
      kind: 'status';
      status: number;
      headers?: Record<string, string>;
      says?: string;
      /** The reason quotes the headers of the request. */
      quotes?: boolean;
    };

/** The faults of one fake. */
export class FakeFaults<Fault extends FaultMatch> {
  private pending: { fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.pending.push({ fault, left: fault.times === 0 ? Infinity : (fault.times ?? 1) });
  }

  clear(): void {
    this.pending = [];
  }

  /** What is still to come. */
  list(): Fault[] {
    return this.pending.map(({ fault, left }) => ({ ...fault, times: left === Infinity ? 0 : left }));
  }

  /** The first fault that matches this call, used up by one. */
  take(method: string, path: string): Fault | undefined {
    const hit = this.pending.find(
      ({ fault }) => (!fault.method || fault.method === method) && (!fault.path || new RegExp(fault.path).test(path)),
    );
    if (!hit) return undefined;
    hit.left -= 1;
    if (hit.left <= 0) this.pending = this.pending.filter((each) => each !== hit);
    return hit.fault;
  }
}
