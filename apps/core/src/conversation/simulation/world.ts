import type { Seen } from '@opr-connect/adapter-kit';
import type { EventChange, OprEvent } from '@opr-connect/opr';
import type { Carry, Party } from '../conversation';
import { annotationsIn, valueIn, type Edit } from '../properties';
import { RULES, type Rules } from '../rules';
import { ATTRIBUTE, HookParty, type HookPartyOptions } from './hook-party';
import { Hub, firstEvent } from './hub';
import { Originator, PROPERTIES, Tool, randomEdit, type Answer, type Outside, type ToolOptions } from './parties';
import { Random } from './random';

export interface Setup {
  name: string;
  /** One hub between an OBM and its tools, or two wired hubs with a tool each. */
  hubs: 1 | 2;
  tools: number;
  tool: Omit<ToolOptions, 'doubles' | 'haste'>;
  /** A party beside the tools that speaks JSON hooks and cannot be read. */
  hook?: Omit<HookPartyOptions, 'doubles'>;
  /** Parties also tell back what they were sent. */
  echoToSender: boolean;
  /** Tools lose hooks, and are compared: at any moment, by what their records said a while before, and once at the end. */
  losesHooks?: boolean;
  /** In tools people are, now and then, faster than the answer to a change. */
  haste?: boolean;
}

/** How a history ended badly. */
export type Failure = string | undefined;

type Answered = { message: Carry; answer: Answer | Seen };

/** One hub with the parties around it, and what is on its way between them. */
class Side {
  readonly answered = new Map<string, Answered>();
  /** What records said that are to be compared. */
  readonly read = new Map<string, Seen>();

  constructor(
    readonly hub: Hub,
    readonly outside: Map<string, Outside>,
  ) {}
}

/** Another hub, as its peer sees it over the wire. */
class Peer implements Outside {
  readonly told = [];
  readonly anyOrder = false;

  constructor(
    readonly name: string,
    private readonly peer: Hub,
    private readonly me: string,
    private readonly echo: boolean,
  ) {}

  forward(event: OprEvent): Answer {
    if (!this.peer.conversation) this.peer.open(event, { server: this.me, state: 'received', type: 'synchronize' });
    else this.peer.input({ kind: 'resent', from: this.row, event });
    return { found: false };
  }

  change(change: EventChange): Answer {
    const { refusal } = this.peer.input({
      kind: 'changed',
      from: this.row,
      id: change.id,
      changes: change.changedProperties ?? [],
    });
    if (refusal) throw new Error(`${this.name} refused: ${JSON.stringify(refusal)}`);
    return { found: false };
  }

  read(): Seen {
    return { id: 'event', event: this.peer.conversation.event, annotations: [] };
  }

  edit = (): undefined => undefined;
  annotate = (): void => undefined;

  agreesWith(event: OprEvent): boolean {
    return PROPERTIES.every((property) => valueIn(event, property) === valueIn(this.peer.conversation.event, property));
  }

  count(text: string): number {
    return annotationsIn(this.peer.conversation.event).filter((annotation) => annotation.text.includes(text)).length;
  }

  traits = () => ({ speaksOpr: true, readable: true, echoToSender: this.echo });

  private get row(): string {
    return this.peer.partyOf(this.me).id;
  }
}

/**
 * One random history: edits and annotations at every party while messages are delayed, doubled, reordered, applied but not
 * confirmed and tried again. Then the traffic stops, and everybody must agree and be silent.
 */
export class World {
  private readonly random: Random;
  private readonly sides: Side[] = [];
  private readonly annotations: string[] = [];
  private readonly originator?: Originator;
  private lastCopy = firstEvent();
  private unique = 0;

  constructor(
    seed: number,
    private readonly setup: Setup,
    rules: Rules = RULES,
  ) {
    this.random = new Random(seed);
    const doubles = setup.tool.reorders || this.random.chance(0.3) ? this.random : undefined;
    const outside = (...parties: Outside[]) => new Map(parties.map((party) => [party.name, party]));
    const side = (name: string, parties: Map<string, Outside>, targets: string[]) => {
      const traits = (server: string) => parties.get(server)?.traits() ?? {};
      const hub = new Hub(
        name,
        traits,
        targets.map((server) => ({ server, type: 'synchronize' })),
        rules,
        seed % 4 === 0,
        seed % 3 !== 0,
      );
      this.sides.push(new Side(hub, parties));
      return hub;
    };
    const tools = Array.from(
      { length: setup.tools },
      (_, index) => new Tool(`tool-${index}`, { ...setup.tool, doubles, haste: setup.haste ? this.random : undefined }),
    );
    const hooks = setup.hook ? [new HookParty('hook', { ...setup.hook, doubles })] : [];
    const targets = [...tools, ...hooks];
    if (setup.hubs === 1) {
      this.originator = new Originator('obm', firstEvent(), { echo: setup.echoToSender, doubles });
      side(
        'hub',
        outside(this.originator, ...targets),
        targets.map(({ name }) => name),
      ).open(firstEvent(), { server: 'obm', state: 'received', type: 'synchronize' });
    } else {
      const [mine, theirs] = [outside(tools[0]!), outside(tools[1]!)];
      const a = side('a', mine, ['b', 'tool-0']);
      const b = side('b', theirs, ['tool-1']);
      mine.set('b', new Peer('b', b, 'a', setup.echoToSender));
      theirs.set('a', new Peer('a', a, 'b', false));
      a.open(firstEvent(), undefined);
    }
  }

  /** Runs the whole history. */
  run(): Failure {
    try {
      return this.contest() ?? this.lonelyEdits();
    } catch (error) {
      return `threw ${String(error)}`;
    }
  }

  /** Edits meet each other and everything that can go wrong on the way. */
  private contest(): Failure {
    for (let edits = 0; edits < 6; edits++) {
      for (let steps = this.random.below(8); steps > 0; steps--) this.step();
      this.editSomewhere();
      if (this.random.chance(0.25)) this.annotateSomewhere();
      if (this.originator && this.random.chance(0.15)) this.originator.resend();
    }
    return this.settle() ?? this.disagreement();
  }

  /** An edit that meets no other must arrive everywhere. */
  private lonelyEdits(): Failure {
    for (const { outside } of this.sides) for (const party of outside.values()) if (party instanceof Tool) party.calm();
    for (let edits = 0; edits < 3; edits++) {
      // Longer than any hook can be late: nothing is in doubt any more.
      for (const { hub } of this.sides) hub.now += 2_000_000;
      const edit = this.editSomewhere();
      this.annotateSomewhere();
      const failure = this.settle() ?? this.disagreement();
      if (failure) return `after a lonely edit: ${failure}`;
      for (const { hub } of this.sides) {
        if (edit && valueIn(hub.conversation.event, edit.property) !== edit.value) {
          return `${edit.property} = ${String(edit.value)} was lost: ${hub.name} holds ${String(valueIn(hub.conversation.event, edit.property))}`;
        }
      }
    }
    return undefined;
  }

  private editSomewhere(): Edit | undefined {
    const unique = `e${++this.unique}`;
    const places = this.sides.flatMap(({ hub, outside }) => [
      ...(hub.conversation ? [() => this.editAtHub(hub, unique)] : []),
      ...[...outside.values()]
        .filter((party) => !(party instanceof Peer))
        .map((party) => () => party.edit(this.random, unique)),
    ]);
    return this.random.pick(places)();
  }

  private editAtHub(hub: Hub, unique: string): Edit | undefined {
    if (this.random.chance(0.15)) {
      // Only an originator may change a category: this must not reach a party that would refuse it.
      hub.edit({ property: 'category', value: unique });
      return undefined;
    }
    const edit =
      this.setup.hook && this.random.chance(0.2)
        ? { property: ATTRIBUTE, value: this.random.pick([unique, null]) }
        : randomEdit(this.random, unique);
    if (valueIn(hub.conversation.event, edit.property) === edit.value) return undefined;
    hub.edit(edit);
    return edit;
  }

  private annotateSomewhere(): void {
    const parties = this.sides
      .flatMap(({ outside }) => [...outside.values()])
      .filter((party) =>
        party instanceof Tool || party instanceof HookParty ? party.exists : party === this.originator,
      );
    if (parties.length === 0) return;
    const text = `note<${this.annotations.length}>`;
    const party = this.random.pick(parties);
    party.annotate(text);
    this.annotations.push(text);
  }

  private step(): boolean {
    const actions = this.sides.flatMap((side) => this.actionsOf(side));
    if (actions.length === 0) return false;
    for (const { hub } of this.sides) hub.now += 1;
    this.random.pick(actions)();
    return true;
  }

  private actionsOf(side: Side): (() => void)[] {
    const actions: (() => void)[] = [];
    for (const [server, party] of side.outside) {
      const queue = side.hub.queues.get(server) ?? [];
      const [message] = queue;
      const answered = message && side.answered.get(message.id);
      if (answered) {
        actions.push(() => {
          queue.shift();
          side.answered.delete(answered.message.id);
          this.confirm(side.hub, answered);
        });
      } else if (message) actions.push(() => this.call(side, party, message));
      if (this.setup.losesHooks && party instanceof Tool && hasParty(side.hub, server)) {
        const read = side.read.get(server);
        if (party.told.length > 0 && this.random.chance(0.2)) actions.push(() => void party.told.shift());
        if (read && this.random.chance(0.1))
          actions.push(() => {
            side.read.delete(server);
            this.compare(side, party, read);
          });
        else if (party.exists && this.random.chance(0.1)) side.read.set(server, party.read());
      }
      if (party.told.length > 0) {
        actions.push(() => {
          const told = this.random.take(party.told, party.anyOrder);
          const input = told(side.hub.partyOf(server).id);
          if (input.kind === 'resent') this.lastCopy = input.event;
          side.hub.input(input);
        });
      }
      // A forward whose answer the OBM lost is tried again, however much has happened since.
      if (party === this.originator && this.random.chance(0.05)) {
        actions.push(() => side.hub.input({ kind: 'resent', from: side.hub.partyOf(server).id, event: this.lastCopy }));
      }
    }
    return actions;
  }

  /** Carries a message; with a lost answer nobody knows of it, and it is carried again. */
  private call(side: Side, party: Outside, message: Carry): void {
    const row = side.hub.partyOf(message.server);
    row.attempted = true;
    side.hub.attempted.add(message.id);
    const answer = this.apply(side.hub, party, message);
    if (!this.random.chance(0.15)) side.answered.set(message.id, { message, answer });
  }

  private apply(hub: Hub, party: Outside, message: Carry): Answer | Seen {
    switch (message.kind) {
      case 'forward':
        return party.forward(message.event, `${hub.name}-${message.server}`);
      case 'change':
        return party.change(message.change);
      case 'read':
        return party.read();
    }
  }

  private confirm(hub: Hub, { message, answer }: Answered): void {
    if (message.kind === 'read') {
      hub.input({ kind: 'read', from: message.party, message: message.id, outcome: answer as Seen });
      return;
    }
    const { snapshot, found } = answer as Answer;
    hub.input({
      kind: 'delivered',
      to: message.party,
      message: message.id,
      ref: { id: message.server },
      snapshot,
      found,
      late: true,
    });
  }

  private settle(): Failure {
    const failure = this.drain();
    if (failure || !this.setup.losesHooks) return failure;
    for (const side of this.sides)
      for (const party of side.outside.values())
        if (party instanceof Tool) this.compare(side, party, party.exists ? party.read() : undefined);
    return this.drain();
  }

  private compare({ hub }: Side, { name }: Outside, outcome: Seen | undefined): void {
    const held = (hub.queues.get(name) ?? []).map(({ id }) => id);
    hub.input({ kind: 'compared', from: hub.partyOf(name).id, held, outcome });
  }

  private drain(): Failure {
    for (let steps = 0; steps < 2_000; steps++) if (!this.hasWork() || !this.step()) return undefined;
    return 'the parties never fall silent';
  }

  private hasWork(): boolean {
    return this.sides.some(
      ({ hub, outside }) =>
        [...hub.queues.values()].some((queue) => queue.length > 0) ||
        [...outside.values()].some(({ told }) => told.length > 0),
    );
  }

  private disagreement(): Failure {
    for (const { hub, outside } of this.sides) {
      for (const party of outside.values()) {
        if (!party.agreesWith(hub.conversation.event)) return `${party.name} and ${hub.name} disagree`;
        for (const text of this.annotations) {
          const count = party.count(text);
          if (count !== 1) return `${party.name} holds ${text} ${count} times`;
        }
      }
      for (const party of hub.conversation.parties)
        if (isBusy(party)) return `${hub.name} still waits for ${party.server}`;
    }
    return undefined;
  }
}

const hasParty = ({ conversation }: Hub, server: string): boolean =>
  conversation?.parties.some((party) => party.server === server);

const isBusy = (party: Party): boolean =>
  Object.keys(party.unsettled).length > 0 || party.readOwed || party.reading !== undefined;
