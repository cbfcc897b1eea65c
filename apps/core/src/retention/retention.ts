import { Injectable, Logger } from '@nestjs/common';
import { Configuration } from '../config/configuration';
import { Statements } from '../database/statements';
import { ScheduleRepository, type Ended, type ScheduledWork } from '../schedules/schedule.repository';
import type { Task } from '../schedules/task';
import { RetentionRepository, type Place } from './retention.repository';

const EVERY_MS = 3_600_000;
/** How much one transaction looks at. */
const BATCH = 200;

/**
 * Removes what is over, in small batches. Invariants:
 * - an event is retired only when it is closed, has not changed for `eventsDays`, waits for nothing and has no dead letter, and
 *   when every party that it is shared with is settled and is not known to hold it open;
 * - its ids stay, for the event as for its rows: none of them ever names another event, and nobody who uses one again makes a
 *   second record;
 * - a batch is one transaction under the claim, which moves the place from which the next one goes on.
 */
@Injectable()
export class Retention implements Task {
  readonly kind = 'retention';
  private readonly log = new Logger('Retention');

  constructor(
    private readonly database: Statements,
    private readonly schedule: ScheduleRepository,
    private readonly repository: RetentionRepository,
    private readonly configuration: Configuration,
  ) {}

  recurring(): { everyMs: number; firstMs: number }[] {
    return [{ everyMs: EVERY_MS, firstMs: EVERY_MS }];
  }

  async run(work: ScheduledWork, signal: AbortSignal): Promise<Ended> {
    const { eventsDays, historyDays } = this.configuration.current.retention;
    let events = 0;
    let lines = 0;
    for (let from = work.cursor as Place | null, more = eventsDays > 0; more && !signal.aborted; more = from !== null) {
      const batch = await this.database.transaction(async (sql) => {
        const places = await this.repository.look(from, eventsDays, BATCH, sql);
        const last = places.length < BATCH ? null : (places.at(-1) ?? null);
        if (!(await this.schedule.advance(work, last && { ...last }, sql))) throw new Error(TAKEN);
        const retired = await this.repository.retire(
          places.map(({ id }) => id),
          eventsDays,
          sql,
        );
        return { last, retired };
      });
      from = batch.last;
      events += batch.retired;
    }
    for (let more = historyDays > 0; more && !signal.aborted;) {
      const removed = await this.database.transaction(async (sql) => {
        if (!(await this.schedule.advance(work, null, sql))) throw new Error(TAKEN);
        return this.repository.forget(historyDays, BATCH, sql);
      });
      more = removed > 0;
      lines += removed;
    }
    if (events + lines > 0) this.log.log({ events, lines }, 'removed what is over');
    return { dueMs: EVERY_MS };
  }
}

const TAKEN = 'another core does this now';
