import { Injectable, Logger } from '@nestjs/common';
import type { NextStep } from '../outbox/next-step';
import { Metrics } from './metrics';

/** One attempt to carry a message, or to translate a hook. */
export interface Attempt {
  /** Name of the connected server. */
  server: string;
  kind: 'forward' | 'change' | 'read' | 'hook';
  /** Id of the message. */
  message: string;
  /** 1 on the first try. */
  attempt: number;
  /** The hub's own id of the event, and how its source calls it; a hook tells of events only once it is translated. */
  event?: string;
  eventId?: string;
}

/** `unsettled`: the database failed, so the message comes back; else what happens next. */
export type Outcome = 'done' | NextStep['kind'] | 'unsettled';

/** What else is told of it; none of it is secret. */
export interface More {
  reason?: string;
  /** Extra records that were closed. */
  duplicates?: readonly string[];
  /** How many records a hook told of, and to which events they belong. */
  records?: number;
  events?: readonly string[];
}

/** Every attempt is told once, when all that follows from it is written: in a line of the log, and in the metrics. */
@Injectable()
export class Attempts {
  private readonly log = new Logger('Attempts');

  constructor(private readonly metrics: Metrics) {}

  /**
   * An attempt begins.
   *
   * @param age how long ago the message was written, in milliseconds
   * @returns what is to be called once it ended
   */
  begin(attempt: Attempt, age: number): (outcome: Outcome, more?: More) => void {
    const began = performance.now();
    const { server, kind } = attempt;
    return (outcome, more = {}) => {
      const ms = Math.round(performance.now() - began);
      this.metrics.attempts.inc({ server, kind, outcome });
      if (outcome === 'done') this.metrics.delivery.observe({ server, kind }, (age + ms) / 1000);
      if (more.duplicates) this.metrics.duplicatesClosed.inc({ server }, more.duplicates.length);
      const verb = kind === 'hook' ? 'translated' : 'carried';
      const line = { ...attempt, outcome, ms, ...more };
      if (outcome === 'done') this.log.log(line, verb);
      else if (outcome === 'unsettled') this.log.error(line, `${verb}, and could not be written down`);
      else this.log.warn(line, `not ${verb}`);
    };
  }
}
