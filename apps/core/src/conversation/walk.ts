import type { Json, Snapshot } from '@opr-connect/adapter-kit';
import type { ForwardingState, ForwardingType, OprEvent, PropertyChange } from '@opr-connect/opr';
import {
  EVERYTHING,
  type Belief,
  type Carry,
  type Context,
  type Conversation,
  type Decision,
  type Finding,
  type HistoryLine,
  type Party,
  type Refusal,
  type SeenId,
  type ServerTraits,
  type Target,
  type Waiting,
} from './conversation';
import { readChanges, writeChanges } from './changes';
import {
  same,
  valueIn,
  withAnnotation,
  withValue,
  type AnnotationEdit,
  type Edit,
  type Edits,
  type Property,
} from './properties';
import { isListening, isSettled, normalised, type Rules } from './rules';
import { remembered } from './seen-ids';

/** How many annotations of ours a party may still tell back. */
const MAX_EXPECTED = 100;

/**
 * One decision under way. Invariants, true after every step:
 * - `known` and `said` hold an entry only where it differs from the store, so a change of the store first writes the old
 *   value into every party that had none;
 * - whatever is carried is `unsettled` and already `known`;
 * - a snapshot is replaced only by one whose every difference was accepted, overwritten or written by us, so the difference
 *   to the next one is exactly what people did.
 */
export abstract class Walk {
  protected event: OprEvent;
  protected readonly parties: Party[];
  private readonly carry: Carry[] = [];
  private readonly history: HistoryLine[] = [];
  private readonly noted: SeenId[] = [];
  protected readonly withdrawn: string[] = [];
  private waiting: Waiting[];
  private refusal?: Refusal;
  protected readonly found: Finding[] = [];

  constructor(
    conversation: Conversation,
    protected readonly context: Context,
    protected readonly rules: Rules,
  ) {
    this.event = conversation.event;
    this.waiting = [...context.waiting];
    this.parties = conversation.parties.map((party) => ({
      ...party,
      known: { ...party.known },
      said: { ...party.said },
      unsettled: { ...party.unsettled },
      sent: { ...party.sent },
      expected: [...party.expected],
    }));
  }

  decision(): Decision {
    const { history, refusal, withdrawn } = this;
    const carry = this.carry.filter(({ id }) => !withdrawn.includes(id));
    const { conversation, noted: seen, found } = this;
    return { conversation, carry, history, seen, withdrawn, refusal, ...(found.length > 0 && { found }) };
  }

  protected get conversation(): Conversation {
    return { event: this.event, parties: this.parties };
  }

  forward(targets: Target[]): void {
    for (const target of targets) {
      // One row for each server, and never back to the party that the event came from.
      if (this.parties.some((party) => party.server === target.server)) continue;
      // The row is known by the key that its record carries: it would be the same if it were made again.
      const id = this.context.correlationKey(target.server);
      const party = newParty(id, target.server, 'queued', target.type, target.rule);
      this.parties.push(party);
      this.forwardTo(party, target.hold);
    }
  }

  protected forwardTo(party: Party, hold?: number): void {
    this.send(party, [EVERYTHING], (id) => ({
      ...{ id, party: party.id, server: party.server, ...(hold ? { after: hold } : {}) },
      ...{ kind: 'forward', event: this.event },
    }));
    this.say(party, 'forward', party.rule);
  }

  /** An event that was closed while its forward waited needs none; one that is opened again is forwarded after all. */
  private holdOrForward(): void {
    const closed = this.event.state === 'closed';
    for (const party of this.parties) {
      if (closed && this.waiting.some((one) => one.party === party.id && one.kind === 'forward' && one.after))
        this.withdraw(party);
      else if (!closed && party.withdrawn) {
        Object.assign(party, { state: 'queued', withdrawn: undefined, known: {} });
        this.forwardTo(party);
      }
    }
  }

  /** A forward to it waits, and nobody begins to carry it before this decision is written. */
  protected awaitsForward(party: Party): boolean {
    return this.waiting.some((one) => one.party === party.id && one.kind === 'forward');
  }

  private withdraw(party: Party): void {
    this.withdrawn.push(...Object.keys(party.unsettled));
    this.waiting = this.waiting.filter((one) => one.party !== party.id);
    Object.assign(party, { state: 'cancelled', withdrawn: true, known: {}, unsettled: {}, expected: [] });
    this.say(party, 'withdrawn', 'closed before it was forwarded');
  }

  /** Takes edits into the store and carries them to every party that does not hold them. */
  protected accept(edits: Edits, from: Party | undefined, writeBack = false): void {
    for (const edit of edits.properties) {
      if (from) this.setKnown(from, edit.property, { value: edit.value });
      this.setStore(edit);
    }
    for (const annotation of edits.annotations) this.event = withAnnotation(this.event, annotation);
    this.say(
      from,
      'accepted',
      [...edits.properties.map(({ property }) => property), ...edits.annotations.map(() => 'annotation')].join(', '),
    );
    for (const party of this.parties) {
      if (!this.rules.cameFrom(party, from)) this.spread(party, edits);
    }
    if (from && writeBack) this.change(from, { properties: edits.properties, annotations: [] });
    if (from && !writeBack && this.traits(from).echoToSender) this.change(from, edits);
    this.holdOrForward();
    this.forward(this.event.state === 'closed' ? [] : this.context.route(this.event));
  }

  protected spread(party: Party, edits: Edits): void {
    this.change(party, {
      properties: edits.properties.filter((edit) => this.rules.isNews(this.conversation, party, edit)),
      annotations: edits.annotations,
    });
  }

  protected change(party: Party, edits: Edits): void {
    if (!isListening(party, this.traits(party))) return;
    const properties = edits.properties.filter(({ property }) => this.rules.mayCarry(party, property));
    const annotations = edits.annotations.filter(
      ({ operation }) => operation !== 'delete' || party.state !== 'received',
    );
    if (properties.length === 0 && annotations.length === 0) return;
    const changedProperties = this.asChanges(party, { properties, annotations });
    for (const edit of properties) this.setKnown(party, edit.property, { value: edit.value });
    party.abandoned = party.abandoned?.filter((property) => !properties.some((edit) => edit.property === property));
    for (const { author, text, operation } of annotations) {
      if (operation === 'insert')
        party.expected = [...party.expected, { author, text: normalised(text) }].slice(-MAX_EXPECTED);
    }
    const names = properties.map(({ property }) => property);
    const merged = this.mergedInto(party, changedProperties);
    if (merged) this.replace(party, names, merged);
    else {
      const at = new Date(this.context.now).toISOString();
      this.send(party, names, (id) => ({
        ...{ id, party: party.id, server: party.server, ...this.patience(party, changedProperties) },
        ...{ kind: 'change', change: { id, timeCreated: at, timeChanged: at, changedProperties } },
      }));
    }
    this.say(
      party,
      'carried',
      [...properties.map(({ property }) => property), ...annotations.map(() => 'annotation')].join(', '),
    );
  }

  /** The change that waits for this party as the last of its messages, with what is new laid over it. */
  private mergedInto(party: Party, news: PropertyChange[]): (Waiting & { kind: 'change' }) | undefined {
    const last = this.waiting.filter((one) => one.party === party.id).at(-1);
    if (last?.kind !== 'change' || !this.traits(party).mergesChanges) return undefined;
    const change = this.rules.merged(last.change, news);
    const { id, kind, after } = last;
    return { id, kind, party: party.id, change, ...(after && this.patience(party, change.changedProperties ?? [])) };
  }

  private replace(party: Party, properties: Property[], message: Waiting & { kind: 'change' }): void {
    party.unsettled[message.id] = [...new Set([...(party.unsettled[message.id] ?? []), ...properties])];
    party.sends += 1;
    this.waiting = this.waiting.map((one) => (one.id === message.id ? message : one));
    const carry: Carry = { ...message, server: party.server };
    const index = this.carry.findIndex(({ id }) => id === message.id);
    if (index >= 0) this.carry[index] = carry;
    else this.carry.push(carry);
  }

  /** A mere count of duplicates can wait for the next one. */
  private patience(party: Party, changes: PropertyChange[]): { after?: number } {
    const isFlood = changes.every((change) => 'propertyName' in change && change.propertyName === 'duplicate_count');
    const { floodWindow } = this.traits(party);
    return isFlood && floodWindow > 0 ? { after: floodWindow } : {};
  }

  private send(party: Party, properties: Property[], message: (id: string) => Carry): void {
    const id = this.context.newId();
    party.unsettled[id] = properties;
    party.sends += 1;
    const carry = message(id);
    this.carry.push(carry);
    if (carry.kind !== 'read') this.waiting.push(carry);
    if (this.rules.marksEchoes(this.isReadable(party)))
      this.note(party, carry.kind === 'forward' ? this.context.correlationKey(party.server) : id);
  }

  protected settle(party: Party, message: string): Property[] {
    const properties = party.unsettled[message] ?? [];
    delete party.unsettled[message];
    for (const property of properties) party.sent[property] = this.context.now;
    return properties;
  }

  /** A read is asked for once nothing of ours is unsettled, and only one at a time. */
  protected askToRead(party: Party): void {
    if (!party.readOwed || party.reading || !isSettled(party) || party.state === 'cancelled') return;
    const id = this.context.newId();
    party.reading = { message: id, sends: party.sends };
    party.readOwed = false;
    this.carry.push({ id, party: party.id, server: party.server, kind: 'read' });
  }

  /** A forward that is retried and rejected for the same reason again is no news. */
  protected tellOriginator(failed: Party, reason: string): void {
    const author = this.context.hubName;
    const text = `Not forwarded to ${this.traits(failed).name}: ${reason}`;
    if (this.event.annotationList?.annotation?.some((told) => told.author === author && told.text === text)) return;
    const time = new Date(this.context.now).toISOString();
    const edit: AnnotationEdit = { operation: 'insert', id: this.context.newId(), author, text, time };
    this.event = withAnnotation(this.event, edit);
    for (const party of this.parties) {
      if (party.state === 'received' || party.state === 'originated')
        this.change(party, { properties: [], annotations: [edit] });
    }
  }

  private setStore({ property, value }: Edit): void {
    const before = valueIn(this.event, property);
    if (same(before, value)) return;
    this.event = withValue(this.event, property, value);
    for (const party of this.parties) {
      const belief = party.known[property];
      if (belief === undefined) party.known[property] = { value: before };
      else if (belief !== 'unknown' && same(belief.value, value)) delete party.known[property];
      if (party.state !== 'received') continue;
      if (!(property in party.said)) party.said[property] = before;
      else if (same(party.said[property], value)) delete party.said[property];
    }
  }

  protected setKnown(party: Party, property: Property, belief: Belief): void {
    if (belief !== 'unknown' && same(belief.value, valueIn(this.event, property))) delete party.known[property];
    else party.known[property] = belief;
  }

  protected setSaid(party: Party, { property, value }: Edit): void {
    if (party.state !== 'received') return;
    if (same(value, valueIn(this.event, property))) delete party.said[property];
    else party.said[property] = value;
  }

  protected sawVersion(party: Party, version: string | undefined): void {
    if (version === undefined) return;
    const compare = this.traits(party).compareVersions;
    if (party.newest === undefined || (compare && compare(version, party.newest) > 0)) party.newest = version;
  }

  protected changesSince(party: Party, snapshot: Snapshot): Edit[] {
    return readChanges(this.traits(party).changes?.(party.snapshot, snapshot) ?? []).properties;
  }

  protected asChanges(party: Party, edits: Edits): PropertyChange[] {
    return writeChanges(edits, (property): Json => {
      const belief = party.known[property] ?? { value: valueIn(this.event, property) };
      return belief === 'unknown' ? null : belief.value;
    });
  }

  protected party(id: string): Party {
    const party = this.parties.find((candidate) => candidate.id === id);
    if (!party) throw new Error(`no party ${id} in this conversation`);
    return party;
  }

  protected traits(party: Party): ServerTraits {
    return this.context.server(party.server);
  }

  protected isReadable(party: Party): boolean {
    return !party.unreadable && this.traits(party).readable;
  }

  protected isNoted(party: Party, id: string): boolean {
    return this.rules.seenBefore(party, remembered(id), this.context);
  }

  protected note(party: Party, id: string): void {
    this.noted.push({ party: party.id, id: remembered(id) });
  }

  protected refuse(party: Party, refusal: Refusal): void {
    this.refusal = refusal;
    this.say(party, 'refused', refusal.reason);
  }

  protected say(party: Party | undefined, what: HistoryLine['what'], detail?: string): void {
    this.history.push({ party: party?.id, what, detail: detail || undefined });
  }
}

export function newParty(
  id: string,
  server: string,
  state: ForwardingState,
  type: ForwardingType,
  rule?: string,
): Party {
  return {
    id,
    server,
    state,
    type,
    rule,
    attempted: false,
    known: {},
    said: {},
    unsettled: {},
    sent: {},
    sends: 0,
    readOwed: false,
    unreadable: false,
    expected: [],
  };
}

export const named = (edits: Edit[]): string => edits.map(({ property }) => property).join(', ');
