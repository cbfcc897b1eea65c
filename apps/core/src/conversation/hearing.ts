import type { Seen, SeenAnnotation, Snapshot } from '@opr-connect/adapter-kit';
import type { Party, ServerTraits } from './conversation';
import { readChanges } from './changes';
import {
  isAttribute,
  isSettable,
  propertiesOf,
  same,
  valueIn,
  type AnnotationEdit,
  type Edit,
  type Edits,
} from './properties';
import { isQuiet, isSettled, normalised } from './rules';
import { namesOf } from './seen-ids';
import { Walk, named } from './walk';

/**
 * What a party tells: whether it is news, an echo or in doubt, and what of it the hub believes. A value that is in doubt is only
 * a hint that there is something to read.
 */
export abstract class Hearing extends Walk {
  /** Whether this id was noted before; from now on it is. */
  protected isToldAgain(party: Party, id: string | undefined): boolean {
    if (id === undefined) return false;
    if (!this.isNoted(party, id)) {
      this.note(party, id);
      return false;
    }
    this.say(party, 'seen before', id);
    return true;
  }

  protected told(party: Party, edits: Edits, changeId: string | undefined): void {
    this.acceptAnnotations(party, edits.annotations, changeId);
    this.toldProperties(party, edits.properties);
  }

  /** Values told by a party that speaks OPR: echo, then doubt, then accept. */
  protected toldProperties(party: Party, edits: Edit[]): void {
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
  protected seenSnapshot(party: Party, snapshot: Snapshot, traits: ServerTraits): void {
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

  protected readRefused(party: Party): void {
    const hints = readChanges(party.hint ?? []).properties;
    party.unreadable = true;
    party.readOwed = false;
    party.hint = undefined;
    this.say(party, 'read', 'the party offers no read');
    if (hints.length) this.accept({ properties: hints, annotations: [] }, party, this.rules.writesBackUnread());
  }

  protected acceptAnnotations(
    party: Party,
    annotations: readonly (SeenAnnotation | AnnotationEdit)[],
    changeId?: string,
  ): void {
    const news = this.newAnnotations(party, annotations, changeId);
    if (news.length) this.accept({ properties: [], annotations: news }, party);
  }

  /** What is new among the annotations that a party tells; the hub names what has no name that every party could keep. */
  protected newAnnotations(
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

  protected isMissed(party: Party, told: SeenAnnotation | AnnotationEdit): boolean {
    if ('operation' in told && told.operation !== 'insert') return false;
    const names = namesOf(told, undefined, 0, this.context.now);
    if (names.some((name) => this.isNoted(party, name)) || (told.id && this.holdsAnnotation(told.id))) return false;
    return !this.rules.isOwnAnnotation(this.conversation, party, told);
  }

  protected expectNoMore(party: Party, text: string): void {
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

  protected valuesRead(party: Party, seen: Seen): Edit[] {
    if (seen.snapshot) return this.changesSince(party, seen.snapshot);
    const { event } = seen;
    if (!event) return readChanges(seen.changes ?? []).properties;
    const properties = new Set([...propertiesOf(event), ...propertiesOf(this.event)]);
    return [...properties].map((property) => ({ property, value: valueIn(event, property) }));
  }

  /** What a read of this party can tell. That a target lacks an attribute tells nothing: it may not delete one. */
  protected inReadScope(party: Party, edits: Edit[]): Edit[] {
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
}

const isUuid = (id: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);
