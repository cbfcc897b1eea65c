import { isContention, isDatabaseUnavailable } from './errors';

/** How many writes may be under way at once, and how much one of them takes. */
export interface GatherLimits {
  writers: number;
  most: number;
}

interface Waiting<Item, Result> {
  item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/**
 * Writes together what is asked for while the writers are busy: a quiet hub writes each item at once, a busy one pays for many
 * with one commit. A write that fails is repeated item by item, so what one item cannot do harms no other; unless the database
 * is away: then all who wait are told at once, instead of each finding out after the other.
 */
export class Gather<Item, Result> {
  private readonly waiting: Waiting<Item, Result>[] = [];
  private busy = 0;

  constructor(
    /** Answers one result for each item, in their order, once all are committed. */
    private readonly write: (items: Item[]) => Promise<Result[]>,
    private readonly limits: GatherLimits,
  ) {}

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (this.busy < this.limits.writers) void this.work();
    });
  }

  private async work(): Promise<void> {
    this.busy += 1;
    // Whoever asks in the same turn shares the first write already.
    await Promise.resolve();
    for (let batch = this.take(); batch.length > 0; batch = this.take()) await this.writeTogether(batch);
    this.busy -= 1;
  }

  private take(): Waiting<Item, Result>[] {
    return this.waiting.splice(0, this.limits.most);
  }

  private async writeTogether(batch: Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.write(batch.map(({ item }) => item));
      results.forEach((result, index) => batch[index]?.resolve(result));
    } catch (error) {
      const [only] = batch;
      if (isDatabaseUnavailable(error) && !isContention(error))
        for (const one of [...batch, ...this.waiting.splice(0)]) one.reject(error);
      else if (only && batch.length === 1) only.reject(error);
      else for (const one of batch) await this.writeTogether([one]);
    }
  }
}
