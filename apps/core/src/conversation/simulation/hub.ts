import type { OprEvent } from '@opr-connect/opr';
import {
  LOCAL,
  type Carry,
  type Context,
  type Conversation,
  type Decision,
  type Input,
  type Party,
  type ServerTraits,
  type Target,
} from '../conversation';
import { decide, open } from '../decide';
import { writeChanges } from '../changes';
import { valueIn, withValue, type Edit } from '../properties';
import { RULES, type Rules } from '../rules';
import { uuid } from './parties';

/** The shell around `decide` as the core has it, in memory: state, ids noted, and one queue of messages for each party. */
export class Hub {
  conversation!: Conversation;
  readonly queues = new Map<string, Carry[]>();
  /** Messages that somebody has begun to carry. */
  readonly attempted = new Set<string>();
  now = 0;
  messages = 0;
  private readonly noted = new Set<string>();
  private ids = 0;

  constructor(
    readonly name: string,
    private readonly traits: (server: string) => Partial<ServerTraits>,
    private readonly targets: Target[],
    private readonly rules: Rules = RULES,
    /** Whether everything passes through JSON, as it does on its way through the database; it takes half of the time. */
    private readonly storesJson = false,
    /** Whether changes that wait go out as one. */
    private readonly merges = true,
  ) {}

  open(event: OprEvent, origin: Parameters<typeof open>[1]): void {
    this.take(open(event, origin, this.context()));
  }

  input(input: Input): Decision {
    const decision = decide(this.conversation, input, this.context(), this.rules);
    this.take(decision);
    return decision;
  }

  /** An operator of this hub edits the event. */
  edit(edit: Edit): void {
    const changes = writeChanges({ properties: [edit], annotations: [] }, (property) =>
      valueIn(this.conversation.event, property),
    );
    this.input({ kind: 'changed', from: LOCAL, changes });
  }

  partyOf(server: string): Party {
    const party = this.conversation.parties.find((candidate) => candidate.server === server);
    if (!party) throw new Error(`${this.name} has no row for ${server}`);
    return party;
  }

  private take(decision: Decision): void {
    this.conversation = this.storesJson
      ? (JSON.parse(JSON.stringify(decision.conversation)) as Conversation)
      : decision.conversation;
    for (const { party, id } of decision.seen) this.noted.add(`${party} ${id}`);
    for (const message of decision.carry) {
      this.messages += 1;
      const queue = this.queues.get(message.server) ?? [];
      const replaces = queue.some(({ id }) => id === message.id);
      if (replaces && this.attempted.has(message.id)) throw new Error('a message under way was replaced');
      this.queues.set(
        message.server,
        replaces ? queue.map((one) => (one.id === message.id ? message : one)) : [...queue, message],
      );
    }
    for (const [server, queue] of this.queues)
      if (decision.withdrawn.length)
        this.queues.set(
          server,
          queue.filter(({ id }) => !decision.withdrawn.includes(id)),
        );
  }

  private context(): Context {
    return {
      now: this.now,
      newId: () => uuid(`${this.name}:${++this.ids}`),
      seen: (party, id) => this.noted.has(`${party} ${id}`),
      route: () => this.targets,
      correlationKey: (server) => `${this.name}-${server}`,
      waiting: [...this.queues.values()]
        .flat()
        .filter((message) => message.kind !== 'read' && !this.attempted.has(message.id)) as Context['waiting'],
      hubName: this.name,
      server: (uuid) => ({
        name: uuid,
        takesChanges: true,
        readable: false,
        speaksOpr: false,
        hooksMayReorder: false,
        doubtWindow: 1_000_000,
        echoToSender: false,
        mergesChanges: this.merges,
        floodWindow: 0,
        attributes: { id: `${uuid} id` },
        ...this.traits(uuid),
      }),
    };
  }
}

/** The event that all histories begin with. */
export const firstEvent = (): OprEvent => {
  let event: OprEvent = { id: '531d2673-683f-429f-a742-b8680ee01a76' };
  for (const [property, value] of [
    ['title', 'disk full'],
    ['state', 'open'],
    ['severity', 'critical'],
  ] as const)
    event = withValue(event, property, value);
  return event;
};
