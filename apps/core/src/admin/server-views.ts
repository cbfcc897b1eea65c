import { Injectable } from '@nestjs/common';
import { supportedForwardingType } from '@opr-connect/adapter-kit';
import { Configuration } from '../config/configuration';
import type { ConnectedServer } from '../connected-servers/connected-server';
import { ServerStates } from '../connected-servers/server-states';
import type { Heap } from '../outbox/backlog';
import type { WorkFacts } from '../schedules/schedule.repository';

/** A connected server as operators see it: what is configured, how it is, and what waits for it. Never a secret. */
@Injectable()
export class ServerViews {
  constructor(
    private readonly configuration: Configuration,
    private readonly states: ServerStates,
  ) {}

  of(server: ConnectedServer, heaps: readonly Heap[], work: readonly WorkFacts[]): object {
    const own = heaps.filter((heap) => heap.server === server.uuid);
    const state = this.states.of(server.uuid);
    return {
      ...this.configured(server),
      problems: server.problems,
      supports: server.adapter && supportedForwardingType(server.adapter),
      takesHooks: server.adapter?.receiveChange !== undefined,
      state: {
        ...{ paused: this.states.isPaused(server.uuid), pausedUntil: state?.pausedUntil },
        ...{ failures: state?.failures ?? 0, alarm: state?.alarm ?? false, reason: state?.reason },
        held: state?.heldAt && { at: state.heldAt, by: state.heldBy, reason: state.heldReason },
      },
      messages: heapOf(own.filter(({ kind }) => kind !== 'hook')),
      hooks: heapOf(own.filter(({ kind }) => kind === 'hook')),
      work: work.filter((one) => one.server === server.uuid).map(workView),
    };
  }

  /** As the file says, of the fields that hold no secret. */
  private configured({ uuid }: ConnectedServer): object {
    const found = this.configuration.current.servers.find((server) => server.uuid === uuid);
    const told = Object.fromEntries(TOLD.map((field) => [field, found?.[field]]));
    return { ...told, mayLogIn: found?.active === true && found.password !== undefined };
  }
}

/** A poll or a reconciliation: when it went well last, when it comes next, and why it failed if it did. */
const workView = ({ kind, underWay, due, done, failures, error }: WorkFacts): object => ({
  ...{ kind, underWay, due: due ?? undefined, done: done ?? undefined, failures, error: error ?? undefined },
});

const TOLD = [
  ...(['name', 'label', 'uuid', 'aliases', 'adapter', 'active', 'forwardingType', 'answerWithin', 'strict'] as const),
  ...(['echoToSender', 'doubtWindow', 'concurrency', 'ratePerMinute', 'floodWindow'] as const),
  ...(['pollEverySeconds', 'reconcileEverySeconds'] as const),
];

/** `oldestSeconds` is the age of the oldest that waits or is under way. */
const heapOf = (heaps: readonly Heap[]): object => ({
  waiting: total(heaps, 'waiting'),
  underWay: total(heaps, 'underWay'),
  dead: total(heaps, 'dead'),
  oldestSeconds: heaps.reduce<number | undefined>(
    (oldest, heap) => (heap.oldest === null ? oldest : Math.max(oldest ?? 0, Math.round(heap.oldest))),
    undefined,
  ),
});

const total = (heaps: readonly Heap[], which: 'waiting' | 'underWay' | 'dead'): number =>
  heaps.reduce((sum, heap) => sum + heap[which], 0);
