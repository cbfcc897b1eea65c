import type { Ended, Recurring, ScheduledWork } from './schedule.repository';

/** A kind of work by the clock. */
export interface Task {
  readonly kind: string;

  /** For which servers it is done now, and how often. It is looked at every second. */
  recurring(): Omit<Recurring, 'kind'>[];

  /**
   * Does the work, as long as the signal is not aborted. Whatever it writes it writes in transactions that begin with
   * `ScheduleRepository.advance`. What it throws is a failure: it is tried again later.
   */
  run(work: ScheduledWork, signal: AbortSignal): Promise<Ended>;
}
