import { nameOf, take, type Outcome, type Row } from './matrix';
import { Site } from './site';

/** Takes rows, so many at a time, each lane on an installation of its own; one that was left in disorder is replaced. */
export class Lanes {
  private readonly idle: Site[] = [];

  constructor(
    private readonly cluster: string,
    private readonly width: number,
  ) {}

  async take(rows: readonly Row[], onOutcome: (outcome: Outcome) => void = () => undefined): Promise<Outcome[]> {
    const waiting = [...rows];
    const outcomes: Outcome[] = [];
    const lane = async (): Promise<void> => {
      for (let row = waiting.shift(); row; row = waiting.shift()) {
        const outcome = await this.one(row);
        outcomes.push(outcome);
        onOutcome(outcome);
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.width, rows.length) }, lane));
    return outcomes;
  }

  async close(): Promise<void> {
    await Promise.all(this.idle.splice(0).map((site) => site.close()));
  }

  private async one(row: Row): Promise<Outcome> {
    let site = this.idle.pop();
    try {
      site ??= await Site.start(this.cluster);
      const outcome = await take(site, row);
      if (outcome.faults.length === 0) this.idle.push(site);
      else await site.close();
      return outcome;
    } catch (error) {
      await site?.close();
      const fault = error instanceof Error ? error.message : String(error);
      return { row: nameOf(row), faults: [fault], notPromised: [], points: [] };
    }
  }
}
