/**
 * Aborts after a time, or when another signal does; `end` when neither matters any more.
 *
 * Not `AbortSignal.any` with `AbortSignal.timeout`: Node 20 holds the sources of a joined signal weakly, so that a time-out which
 * nobody else knows is collected as garbage, and a call that waits for it waits for ever.
 */
export class Deadline {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private readonly abort = (): void => this.controller.abort();

  constructor(
    private readonly outer: AbortSignal | undefined,
    ms: number,
  ) {
    this.timer = setTimeout(this.abort, ms);
    if (outer?.aborted) this.abort();
    else outer?.addEventListener('abort', this.abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  end(): void {
    clearTimeout(this.timer);
    this.outer?.removeEventListener('abort', this.abort);
  }
}
