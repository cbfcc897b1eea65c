import type { Json, Seen, SeenAnnotation, Snapshot } from '@opr-connect/adapter-kit';
import type { ForwardingState, ForwardingType, OprEvent, PropertyChange } from '@opr-connect/opr';
import {
  EVERYTHING,
  LOCAL,
  type Belief,
  type Carry,
  type Context,
  type Conversation,
  type DeadLetter,
  type Decision,
  type Delivered,
  type Finding,
  type HistoryLine,
  type Input,
  type Party,
  type Refusal,
  type SeenId,
  type ServerTraits,
  type Target,
  type Waiting,
} from './conversation';
import {
  annotationsIn,
  attributeNamed,
  isAttribute,
  isSettable,
  propertiesOf,
  readChanges,
  same,
  valueIn,
  withAnnotation,
  withoutAnnotations,
  withValue,
  writeChanges,
  type AnnotationEdit,
  type Edit,
  type Edits,
  type Property,
} from './properties';
import { annotationsTold, namesOf, remembered } from './seen-ids';
import { RULES, isListening, isQuiet, isSettled, normalised, takesPart, type Rules } from './rules';

/** How many annotations of ours a party may still tell back. */
const MAX_EXPECTED = 100;
/**
 * Begins the conversation about an event: the party it came from (none for a local submitter) and the targets that the
 * rules choose.
 */
export function open(
  event: OprEvent,
  origin: { server: string; state: 'received' | 'originated'; type: ForwardingType } | undefined,
  context: Context,
): Decision {
  const parties = origin ? [newParty(context.newId(), origin.server, origin.state, origin.type)] : [];
  const walk = new Walk({ event: withoutAnnotations(event), parties }, context, RULES);
  walk.begin(annotationsIn(event));
  walk.forward(context.route(event));
  return walk.decision();
}

/**
 * Decides everything that happens to an event: pure, so the caller locks and loads, asks, and writes state, messages and
 * history in one transaction. An unknown party is the caller's to refuse.
 */
export function decide(conversation: Conversation, input: Input, context: Context, rules: Rules = RULES): Decision {
  if (conversation.retired)
    return { conversation, carry: [], history: [], seen: [], withdrawn: [], refusal: { reason: 'retired' } };
  const walk = new Walk(conversation, context, rules);
  switch (input.kind) {
    case 'changed':
      walk.changed(input.from, input.id, input.changes);
      break;
    case 'resent':
      walk.resent(input.from, input.event);
      break;
    case 'seen':
      walk.seen(input.from, input.seen);
      break;
    case 'forward':
      walk.forward(input.targets);
      break;
    case 'read':
      walk.read(input.from, input.message, input.outcome);
      break;
    case 'compared':
      walk.compared(input.from, input.held, input.outcome);
      break;
    case 'delivered':
      walk.delivered(input.to, input.message, input);
      break;
    case 'rejected':
      walk.rejected(input.to, input.message, input.reason);
      break;
    case 'gone':
      walk.gone(input.to, input.message, input.reason);
      break;
    case 'retried':
      walk.retried(input.to, input.message, input.dead);
      break;
    case 'discarded':
      walk.discarded(input.to, input.message, input.dead);
      break;
  }
  return walk.decision();
}

function newParty(id: string, server: string, state: ForwardingState, type: ForwardingType, rule?: string): Party {
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

/**
 * One decision under way. Invariants, true after every step:
 * - `known` and `said` hold an entry only where it differs from the store, so a change of the store first writes the old
 *   value into every party that had none;
 * - whatever is carried is `unsettled` and already `known`;
 * - a snapshot is replaced only by one whose every difference was accepted, overwritten or written by us, so the difference
 *   to the next one is exactly what people did.
 */
class Walk {
  private event: OprEvent;
  private readonly parties: Party[];
  private readonly carry: Carry[] = [];
  private readonly history: HistoryLine[] = [];
  private readonly noted: SeenId[] = [];
  private readonly withdrawn: string[] = [];
  private waiting: Waiting[];
  private refusal?: Refusal;
  private readonly found: Finding[] = [];

  constructor(
    conversation: Conversation,
    private readonly context: Context,
    private readonly rules: Rules,
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

  begin(annotations: AnnotationEdit[]): void {
    const [origin] = this.parties;
    for (const edit of origin ? this.newAnnotations(origin, annotations) : annotations)
      this.event = withAnnotation(this.event, edit);
  }

  changed(from: string, id: string | undefined, changes: PropertyChange[]): void {
    const edits = readChanges(changes);
    if (from === LOCAL) return this.accept(edits, undefined);
    const party = this.party(from);
    const refusal = this.rules.refusal(party, changes);
    if (refusal) return this.refuse(party, refusal);
    if (this.isToldAgain(party, id)) return;
    this.told(party, edits, id);
  }

  resent(from: string, event: OprEvent): void {
    const party = this.party(from);
    // It has the event already, so there is nothing to refuse it; what it says counts once it takes part.
    if (!takesPart(party)) return this.say(party, 'no news', 'posted before it was forwarded');
    const properties = new Set([...propertiesOf(event), ...propertiesOf(this.event)]);
    const news: Edit[] = [];
    for (const property of properties) {
      const before = {
        property,
        value: property in party.said ? (party.said[property] ?? null) : valueIn(this.event, property),
      };
      const now = { property, value: valueIn(event, property) };
      if (this.rules.isResentNews(before, now)) {
        news.push(now);
        this.setSaid(party, now);
      }
    }
    const allowed = party.state === 'received' ? news : news.filter(({ property }) => isSettable(property));
    const annotations = annotationsIn(event);
    if (this.rules.refusal(party, []))
      return this.say(party, 'no news', 'posted again by a party that may not change the event');
    this.told(party, { properties: allowed, annotations }, undefined);
  }

  seen(from: string, seen: Seen): void {
    const party = this.party(from);
    if (seen.gone !== undefined) return this.gone(from, undefined, seen.gone);
    const refusal = this.rules.refusal(party, []);
    if (refusal) return this.refuse(party, refusal);
    const traits = this.traits(party);
    if (this.isToldAgain(party, seen.changeId)) {
      // Of the words that we wrote ourselves, so nobody else's are to be taken for them.
      for (const { text } of seen.annotations) this.expectNoMore(party, text);
      return;
    }
    this.acceptAnnotations(party, seen.annotations, seen.changeId);
    if (seen.changes) this.toldProperties(party, this.inReadScope(party, readChanges(seen.changes).properties));
    if (seen.snapshot) this.seenSnapshot(party, seen.snapshot, traits);
  }

  forward(targets: Target[]): void {
    for (const target of targets) {
      // One row for each server, and never back to the party that the event came from.
      if (this.parties.some((party) => party.server === target.server)) continue;
      const party = newParty(this.context.newId(), target.server, 'queued', target.type, target.rule);
      this.parties.push(party);
      this.forwardTo(party, target.hold);
    }
  }

  private forwardTo(party: Party, hold?: number): void {
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

  private withdraw(party: Party): void {
    this.withdrawn.push(...Object.keys(party.unsettled));
    this.waiting = this.waiting.filter((one) => one.party !== party.id);
    Object.assign(party, { state: 'cancelled', withdrawn: true, known: {}, unsettled: {}, expected: [] });
    this.say(party, 'withdrawn', 'closed before it was forwarded');
  }

  read(from: string, message: string, outcome: Seen | 'unreadable'): void {
    const party = this.party(from);
    if (party.reading?.message !== message) return;
    const { sends } = party.reading;
    party.reading = undefined;
    if (outcome === 'unreadable') return this.readRefused(party);
    this.acceptAnnotations(party, annotationsTold(outcome));
    this.sawVersion(party, outcome.snapshot?.version);
    if (this.rules.isStaleRead(party, sends)) {
      party.readOwed = true;
      this.say(party, 'read', 'something crossed it, so it is repeated');
      return this.askToRead(party);
    }
    party.hint = undefined;
    const told = this.valuesRead(party, outcome);
    if (outcome.snapshot) party.snapshot = outcome.snapshot;
    const news = this.inReadScope(party, told).filter((edit) => !this.rules.isEcho(this.conversation, party, edit));
    this.say(party, 'read', news.length ? named(news) : 'no news');
    if (news.length)
      this.accept({ properties: news, annotations: [] }, party, this.rules.writesBack(party, this.traits(party)));
  }

  /** What never arrived, in either direction, is sent again or read. */
  compared(from: string, held: readonly string[], outcome: Seen | undefined): void {
    const party = this.party(from);
    if (outcome?.gone !== undefined) {
      this.find(party, { kind: 'record_gone', detail: outcome.gone });
      return this.gone(from, undefined, outcome.gone);
    }
    this.sendWhatIsLost(party, held);
    // With something under way the record is in doubt, and read when it is settled.
    if (!outcome || !isQuiet(party) || this.rules.refusal(party, [])) return;
    const told = this.inReadScope(party, this.valuesRead(party, outcome));
    const news = told.filter((edit) => !this.rules.isEcho(this.conversation, party, edit));
    const annotations = annotationsTold(outcome).filter((annotation) => this.isMissed(party, annotation));
    if (news.length) this.find(party, { kind: 'missed_change', detail: named(news) });
    if (annotations.length) this.find(party, { kind: 'missed_annotation', detail: String(annotations.length) });
    party.readOwed = news.length + annotations.length > 0;
    this.askToRead(party);
  }

  /** Nothing waits for the party that should: messages that the outbox does not hold any more never arrive. */
  private sendWhatIsLost(party: Party, held: readonly string[]): void {
    const isHeld = (id: string) => held.includes(id);
    if (party.reading && !isHeld(party.reading.message)) Object.assign(party, { reading: undefined, readOwed: true });
    const isForwarding = Object.entries(party.unsettled).some(([id, all]) => isHeld(id) && all.includes(EVERYTHING));
    if (party.state === 'queued' && !isForwarding) {
      this.find(party, { kind: 'not_forwarded' });
      // The forward carries the event as it is, so what waits behind the lost one has nothing left to say.
      this.withdrawn.push(...held);
      Object.assign(party, { known: {}, unsettled: {}, reading: undefined, readOwed: false });
      return this.forwardTo(party);
    }
    for (const [id, properties] of Object.entries(party.unsettled)) {
      if (isHeld(id)) continue;
      delete party.unsettled[id];
      for (const property of properties) if (property !== EVERYTHING) party.known[property] = 'unknown';
    }
    if (held.length === 0) this.sendWhatItLacks(party);
    this.askToRead(party);
  }

  private sendWhatItLacks(party: Party): void {
    if (!isListening(party, this.traits(party))) return;
    const lacking = Object.keys(party.known).filter(
      (property) => this.rules.mayCarry(party, property) && !party.abandoned?.includes(property),
    );
    if (lacking.length === 0) return;
    const properties = lacking.map((property) => ({ property, value: valueIn(this.event, property) }));
    this.find(party, { kind: 'not_sent', detail: named(properties) });
    this.change(party, { properties, annotations: [] });
  }

  private find(party: Party, finding: Finding): void {
    this.found.push(finding);
    this.say(party, 'compared', [finding.kind, finding.detail].filter(Boolean).join(': '));
  }

  delivered(to: string, message: string, written: Delivered): void {
    const party = this.party(to);
    const properties = this.settle(party, message);
    const forwarded = properties.includes(EVERYTHING);
    party.ref = { ...party.ref, ...written.ref };
    if (forwarded) party.state = 'forwarded';
    const name = written.ref.displayId ?? written.ref.id;
    this.say(party, 'delivered', name);
    for (const extra of written.duplicates ?? [])
      this.say(party, 'duplicate', `an extra record, ${extra}, was closed as a duplicate of ${name}`);
    if (forwarded && written.late) this.nameRecord(party);
    this.sawVersion(party, written.snapshot?.version);
    if (written.snapshot) {
      const beyond = forwarded
        ? []
        : this.changesSince(party, written.snapshot).filter((edit) => this.rules.isAnswerNews(party, edit, properties));
      party.snapshot = written.snapshot;
      if (beyond.length && !this.rules.refusal(party, [])) this.accept({ properties: beyond, annotations: [] }, party);
    }
    if (this.rules.isReadAfterFound(written.found, written.snapshot)) party.readOwed = true;
    this.askToRead(party);
  }

  /** The answer to the event came too early to name its record, so custom attributes do. */
  private nameRecord(party: Party): void {
    const { ref } = party;
    const { id, url } = this.traits(party).attributes ?? {};
    const properties = [attribute(id, ref?.displayId ?? ref?.id), attribute(url, ref?.url)].filter(
      (edit) => edit !== undefined,
    );
    if (properties.length > 0) this.accept({ properties, annotations: [] }, party);
  }

  rejected(to: string, message: string, reason: string): void {
    const party = this.party(to);
    this.say(party, 'rejected', reason);
    if (party.unsettled[message]?.includes(EVERYTHING)) {
      // The forward stays unsettled: what is parked behind it goes out when somebody retries it.
      party.state = 'failed';
      return this.tellOriginator(party, reason);
    }
    for (const property of this.settle(party, message)) {
      const belief = this.rules.beliefAfterRejection(party, property, this.traits(party));
      if (belief) this.setKnown(party, property, belief);
    }
    this.askToRead(party);
  }

  gone(to: string, message: string | undefined, reason: string): void {
    const party = this.party(to);
    if (message !== undefined) this.settle(party, message);
    party.state = 'cancelled';
    party.readOwed = false;
    party.reading = undefined;
    this.say(party, 'gone', reason);
  }

  /** A dead letter comes back to life: a forward as it was, a change as what the party still lacks of it. */
  retried(to: string, message: string, dead: DeadLetter): void {
    const party = this.party(to);
    this.say(party, 'retried', message);
    if (dead.kind === 'forward') {
      party.state = 'queued';
      return;
    }
    this.withdrawn.push(message);
    const { properties, annotations } = readChanges(dead.change.changedProperties ?? []);
    const now = properties.map(({ property }) => ({ property, value: valueIn(this.event, property) }));
    this.spread(party, { properties: now, annotations });
  }

  discarded(to: string, message: string, dead: DeadLetter): void {
    const party = this.party(to);
    this.say(party, 'discarded', message);
    this.withdrawn.push(message);
    if (dead.kind === 'change') {
      const given = readChanges(dead.change.changedProperties ?? []).properties.map(({ property }) => property);
      party.abandoned = [...new Set([...(party.abandoned ?? []), ...given])];
      return;
    }
    this.withdrawn.push(...Object.keys(party.unsettled));
    Object.assign(party, { state: 'cancelled', unsettled: {}, readOwed: false, reading: undefined });
  }

  /* what a party tells */

  /** Whether this id was noted before; from now on it is. */
  private isToldAgain(party: Party, id: string | undefined): boolean {
    if (id === undefined) return false;
    if (!this.isNoted(party, id)) {
      this.note(party, id);
      return false;
    }
    this.say(party, 'seen before', id);
    return true;
  }

  private told(party: Party, edits: Edits, changeId: string | undefined): void {
    this.acceptAnnotations(party, edits.annotations, changeId);
    this.toldProperties(party, edits.properties);
  }

  /** Values told by a party that speaks OPR: echo, then doubt, then accept. */
  private toldProperties(party: Party, edits: Edit[]): void {
    const news = edits.filter((edit) => !this.rules.isEcho(this.conversation, party, edit));
    if (news.length === 0) return edits.length ? this.say(party, 'no news', named(edits)) : undefined;
    const traits = this.traits(party);
    const recoverable = news.filter((edit) => !this.isNeverInDoubt(party, edit));
    const doubtful = recoverable.some(({ property }) => this.rules.inDoubt(party, property, traits, this.context.now));
    if (!doubtful) return this.accept({ properties: news, annotations: [] }, party);
    if (!this.isReadable(party))
      return this.accept({ properties: news, annotations: [] }, party, this.rules.writesBackUnread());
    const certain = news.filter((edit) => !recoverable.includes(edit));
    if (certain.length) this.accept({ properties: certain, annotations: [] }, party);
    this.hint(party, recoverable);
  }

  /** A snapshot told by a tool: it counts whole, or it is only a hint. */
  private seenSnapshot(party: Party, snapshot: Snapshot, traits: ServerTraits): void {
    const certain = this.rules.isCertain(party, snapshot.version, traits);
    const edits = this.changesSince(party, snapshot);
    this.sawVersion(party, snapshot.version);
    const news = edits.filter((edit) => !this.rules.isEcho(this.conversation, party, edit));
    if (news.length === 0) {
      // With a message or a read under way, a record that looks unchanged may be one that was changed back.
      if (edits.length === 0 && !isQuiet(party) && this.isReadable(party)) this.hint(party, []);
      else this.say(party, 'no news');
      if (certain) party.snapshot = snapshot;
      return;
    }
    const doubtful =
      !isSettled(party) || news.some(({ property }) => this.rules.inDoubt(party, property, traits, this.context.now));
    if (doubtful && !certain && this.isReadable(party)) return this.hint(party, news);
    party.snapshot = snapshot;
    this.accept({ properties: news, annotations: [] }, party, doubtful && !certain);
  }

  /** In doubt, what is told says only that there is something to read. */
  private hint(party: Party, news: Edit[]): void {
    party.readOwed = true;
    party.hint = [...(party.hint ?? []), ...this.asChanges(party, { properties: news, annotations: [] })];
    this.say(party, 'in doubt', named(news));
    this.askToRead(party);
  }

  private readRefused(party: Party): void {
    const hints = readChanges(party.hint ?? []).properties;
    party.unreadable = true;
    party.readOwed = false;
    party.hint = undefined;
    this.say(party, 'read', 'the party offers no read');
    if (hints.length) this.accept({ properties: hints, annotations: [] }, party, this.rules.writesBackUnread());
  }

  private acceptAnnotations(
    party: Party,
    annotations: readonly (SeenAnnotation | AnnotationEdit)[],
    changeId?: string,
  ): void {
    const news = this.newAnnotations(party, annotations, changeId);
    if (news.length) this.accept({ properties: [], annotations: news }, party);
  }

  /** What is new among the annotations that a party tells; the hub names what has no name that every party could keep. */
  private newAnnotations(
    party: Party,
    told: readonly (SeenAnnotation | AnnotationEdit)[],
    changeId?: string,
  ): AnnotationEdit[] {
    const news: AnnotationEdit[] = [];
    for (const [index, annotation] of told.entries()) {
      const { id, author, text, time } = annotation;
      const operation = 'operation' in annotation ? annotation.operation : 'insert';
      if (operation !== 'insert') {
        if (this.altersAnnotation({ operation, id, author, text })) news.push({ operation, id, author, text, time });
        continue;
      }
      const names = namesOf(annotation, changeId, index, this.context.now);
      if (names.some((name) => this.isNoted(party, name)) || (id && this.holdsAnnotation(id))) continue;
      if (names[0]) this.note(party, names[0]);
      if (this.rules.isOwnAnnotation(this.conversation, party, annotation)) {
        this.expectNoMore(party, text);
        this.say(party, 'no news', 'annotation');
        continue;
      }
      const at = time ?? new Date(this.context.now).toISOString();
      news.push({ operation, id: id && isUuid(id) ? id : this.context.newId(), author, text, time: at });
    }
    return news;
  }

  private isMissed(party: Party, told: SeenAnnotation | AnnotationEdit): boolean {
    if ('operation' in told && told.operation !== 'insert') return false;
    const names = namesOf(told, undefined, 0, this.context.now);
    if (names.some((name) => this.isNoted(party, name)) || (told.id && this.holdsAnnotation(told.id))) return false;
    return !this.rules.isOwnAnnotation(this.conversation, party, told);
  }

  private expectNoMore(party: Party, text: string): void {
    const index = party.expected.findIndex((expected) => expected.text === normalised(text));
    if (index >= 0) party.expected.splice(index, 1);
  }

  private altersAnnotation(edit: AnnotationEdit): boolean {
    const held = this.event.annotationList?.annotation?.find((annotation) => annotation.id === edit.id);
    return held !== undefined && (edit.operation === 'delete' || !same(held.text ?? null, edit.text));
  }

  private holdsAnnotation(id: string): boolean {
    return this.event.annotationList?.annotation?.some((annotation) => annotation.id === id) ?? false;
  }

  /* what the hub does with it */

  /** Takes edits into the store and carries them to every party that does not hold them. */
  private accept(edits: Edits, from: Party | undefined, writeBack = false): void {
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

  private spread(party: Party, edits: Edits): void {
    this.change(party, {
      properties: edits.properties.filter((edit) => this.rules.isNews(this.conversation, party, edit)),
      annotations: edits.annotations,
    });
  }

  private change(party: Party, edits: Edits): void {
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

  private settle(party: Party, message: string): Property[] {
    const properties = party.unsettled[message] ?? [];
    delete party.unsettled[message];
    for (const property of properties) party.sent[property] = this.context.now;
    return properties;
  }

  /** A read is asked for once nothing of ours is unsettled, and only one at a time. */
  private askToRead(party: Party): void {
    if (!party.readOwed || party.reading || !isSettled(party) || party.state === 'cancelled') return;
    const id = this.context.newId();
    party.reading = { message: id, sends: party.sends };
    party.readOwed = false;
    this.carry.push({ id, party: party.id, server: party.server, kind: 'read' });
  }

  /** A forward that is retried and rejected for the same reason again is no news. */
  private tellOriginator(failed: Party, reason: string): void {
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

  private setKnown(party: Party, property: Property, belief: Belief): void {
    if (belief !== 'unknown' && same(belief.value, valueIn(this.event, property))) delete party.known[property];
    else party.known[property] = belief;
  }

  private setSaid(party: Party, { property, value }: Edit): void {
    if (party.state !== 'received') return;
    if (same(value, valueIn(this.event, property))) delete party.said[property];
    else party.said[property] = value;
  }

  private sawVersion(party: Party, version: string | undefined): void {
    if (version === undefined) return;
    const compare = this.traits(party).compareVersions;
    if (party.newest === undefined || (compare && compare(version, party.newest) > 0)) party.newest = version;
  }

  private valuesRead(party: Party, seen: Seen): Edit[] {
    if (seen.snapshot) return this.changesSince(party, seen.snapshot);
    const { event } = seen;
    if (!event) return readChanges(seen.changes ?? []).properties;
    const properties = new Set([...propertiesOf(event), ...propertiesOf(this.event)]);
    return [...properties].map((property) => ({ property, value: valueIn(event, property) }));
  }

  private changesSince(party: Party, snapshot: Snapshot): Edit[] {
    return readChanges(this.traits(party).changes?.(party.snapshot, snapshot) ?? []).properties;
  }

  /** What a read of this party can tell. That a target lacks an attribute tells nothing: it may not delete one. */
  private inReadScope(party: Party, edits: Edit[]): Edit[] {
    return edits.filter(
      ({ property, value }) =>
        isSettable(property) && (value !== null || party.state === 'received' || !isAttribute(property)),
    );
  }

  /**
   * What only an originator may change, and an attribute that is new to the hub, can have crossed nothing of ours. One that the
   * hub took away is not new: its removal may still be on its way.
   */
  private isNeverInDoubt(party: Party, { property }: Edit): boolean {
    const isNewAttribute =
      isAttribute(property) &&
      valueIn(this.event, property) === null &&
      this.parties.every(({ known }) => !(property in known)) &&
      !(property in party.sent || Object.values(party.unsettled).some((carried) => carried.includes(property)));
    return !isSettable(property) || isNewAttribute;
  }

  private asChanges(party: Party, edits: Edits): PropertyChange[] {
    return writeChanges(edits, (property): Json => {
      const belief = party.known[property] ?? { value: valueIn(this.event, property) };
      return belief === 'unknown' ? null : belief.value;
    });
  }

  private get conversation(): Conversation {
    return { event: this.event, parties: this.parties };
  }

  private party(id: string): Party {
    const party = this.parties.find((candidate) => candidate.id === id);
    if (!party) throw new Error(`no party ${id} in this conversation`);
    return party;
  }

  private traits(party: Party): ServerTraits {
    return this.context.server(party.server);
  }

  private isReadable(party: Party): boolean {
    return !party.unreadable && this.traits(party).readable;
  }

  private isNoted(party: Party, id: string): boolean {
    return this.rules.seenBefore(party, remembered(id), this.context);
  }

  private note(party: Party, id: string): void {
    this.noted.push({ party: party.id, id: remembered(id) });
  }

  private refuse(party: Party, refusal: Refusal): void {
    this.refusal = refusal;
    this.say(party, 'refused', refusal.reason);
  }

  private say(party: Party | undefined, what: HistoryLine['what'], detail?: string): void {
    this.history.push({ party: party?.id, what, detail: detail || undefined });
  }
}

const attribute = (name: string | undefined, value: string | undefined): Edit | undefined =>
  name && value ? { property: attributeNamed(name), value } : undefined;

const named = (edits: Edit[]): string => edits.map(({ property }) => property).join(', ');

const isUuid = (id: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);
