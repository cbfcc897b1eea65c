import { NEVER_CAME, nameOf, take, type Outcome, type Row } from './matrix';
import { Site } from './site';

/** How often a row is tried whose point did not come. */
const ATTEMPTS = 4;

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
        const outcome = await this.untilKilled(row);
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

  /** What a core keeps in memory it asks for once, and which look finds something is a matter of the moment. */
  private async untilKilled(row: Row): Promise<Outcome> {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.one(row);
      if (attempt === ATTEMPTS || !outcome.faults.includes(NEVER_CAME)) return outcome;
    }
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
