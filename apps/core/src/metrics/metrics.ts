import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Up to what an OPR client waits for its answer. */
const ANSWER_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** From a tool that is quick to one that was away for the night. */
const DELIVERY_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 43_200];

/**
 * What is counted, as Prometheus reads it. Labels are names of connected servers and words of the program, never an id: a name
 * comes from the configuration or from a login that was verified. Counting asks nobody and costs microseconds.
 */
@Injectable()
export class Metrics implements OnApplicationShutdown {
  private readonly registry = new Registry();

  readonly attempts = this.counter('attempts_total', 'Attempts to carry a message, or to translate a hook', [
    'server',
    'kind',
    'outcome',
  ]);
  readonly duplicatesClosed = this.counter(
    'duplicates_closed_total',
    'Extra records of an event that were closed as duplicates',
    ['server'],
  );
  readonly scheduledWork = this.counter(
    'scheduled_work_total',
    'Polls, reconciliations and rounds of retention that ended, for good or for this time',
    ['server', 'kind', 'outcome'],
  );
  readonly delivery = this.histogram(
    'delivery_seconds',
    'From the moment at which a message was written to the one at which its delivery was',
    ['server', 'kind'],
    DELIVERY_SECONDS,
  );
  readonly acknowledgement = this.histogram(
    'acknowledgement_seconds',
    'From the request of an OPR client to the answer of the hub',
    ['source', 'request', 'status'],
    ANSWER_SECONDS,
  );

  readonly databaseUp = this.gauge('database_up', 'Whether the database answered in time, for this answer', []);
  readonly waiting = this.gauge('waiting_messages', 'Messages that wait, due or not', ['server', 'kind']);
  readonly underWay = this.gauge('under_way_messages', 'Messages that are being carried', ['server', 'kind']);
  readonly oldest = this.gauge(
    'oldest_message_age_seconds',
    'Age of the oldest message that waits or is being carried; 0: there is none',
    ['server'],
  );
  readonly deadLetters = this.gauge('dead_letters', 'Messages that wait for a person to retry or discard them', [
    'server',
    'kind',
  ]);
  readonly waitingHooks = this.gauge('inbox_waiting_hooks', 'Hooks that wait to be translated', ['server']);
  readonly oldestHook = this.gauge(
    'inbox_oldest_hook_age_seconds',
    'Age of the oldest hook that waits to be translated; 0: there is none',
    ['server'],
  );
  readonly paused = this.gauge('server_paused', 'Whether nothing is carried to the server now, whatever the cause', [
    'server',
  ]);
  readonly held = this.gauge('server_held', 'Whether an operator paused the server', ['server']);
  readonly alarm = this.gauge('server_alarm', 'Whether nothing can be carried until a person changes something', [
    'server',
  ]);
  readonly quarantined = this.gauge('server_quarantined', 'Whether the server is set aside for wrong settings', [
    'server',
  ]);

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }

  onApplicationShutdown(): void {
    this.registry.clear();
  }

  private counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name: PREFIX + name, help, labelNames, registers: [this.registry] });
  }

  private gauge<Label extends string>(name: string, help: string, labelNames: Label[]): Gauge<Label> {
    return new Gauge({ name: PREFIX + name, help, labelNames, registers: [this.registry] });
  }

  private histogram<Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    buckets: number[],
  ): Histogram<Label> {
    return new Histogram({ name: PREFIX + name, help, labelNames, buckets, registers: [this.registry] });
  }
}

const PREFIX = 'opr_connect_';
