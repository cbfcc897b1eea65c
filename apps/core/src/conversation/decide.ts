import type { Seen } from '@opr-connect/adapter-kit';
import type { ForwardingType, OprEvent, PropertyChange } from '@opr-connect/opr';
import {
  EVERYTHING,
  LOCAL,
  type Context,
  type Conversation,
  type DeadLetter,
  type Decision,
  type Delivered,
  type Finding,
  type Input,
  type Party,
} from './conversation';
import { readChanges } from './changes';
import {
  annotationsIn,
  attributeNamed,
  isSettable,
  propertiesOf,
  valueIn,
  withAnnotation,
  withoutAnnotations,
  type AnnotationEdit,
  type Edit,
} from './properties';
import { RULES, isListening, isQuiet, takesPart, type Rules } from './rules';
import { annotationsTold } from './seen-ids';
import { named, newParty } from './walk';
import { Hearing } from './hearing';

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
  const walk = new Deciding({ event: withoutAnnotations(event), parties }, context, RULES);
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
  const walk = new Deciding(conversation, context, rules);
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
    case 'cause_made':
      walk.causeMade(input.to);
      break;
  }
  return walk.decision();
}

/** One decision under way: each input is a method. */
class Deciding extends Hearing {
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
    if (written.causeMade) this.causeMade(to);
    this.askToRead(party);
  }

  /**
   * The cause is told once more, to be tied to now that it has a record. A forward that nobody has begun to carry finds that
   * record by itself, and a party that speaks OPR knows causes by their event ids.
   */
  causeMade(to: string): void {
    const party = this.party(to);
    const cause = { property: 'cause', value: valueIn(this.event, 'cause') };
    if (cause.value === null || this.traits(party).speaksOpr || this.awaitsForward(party)) return;
    this.change(party, { properties: [cause], annotations: [] });
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
}

const attribute = (name: string | undefined, value: string | undefined): Edit | undefined =>
  name && value ? { property: attributeNamed(name), value } : undefined;
