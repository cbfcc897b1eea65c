import type { SeenAnnotation, Snapshot } from '@opr-connect/adapter-kit';
import { atLeast, type EventChange, type PropertyChange } from '@opr-connect/opr';
import {
  EVERYTHING,
  type Conversation,
  type Context,
  type Party,
  type Refusal,
  type ServerTraits,
} from './conversation';
import { mergeChanges, readChanges } from './changes';
import { isSettable, same, valueIn, type AnnotationEdit, type Edit, type Property } from './properties';

/**
 * The rules of the conversation, each pure and small. `decide` is how they work together; a test drops each of them in turn
 * and sees a property of the conversation fail.
 */
export const RULES = {
  /** No row, no right; only `synchronize` may change; and who did not forward the event to us changes what it may, or nothing. */
  refusal(party: Party, changes: readonly PropertyChange[]): Refusal | undefined {
    if (!takesPart(party)) return { reason: 'not_forwarded' };
    if (party.state === 'received') return undefined;
    if (!atLeast(party.type, 'synchronize')) return { reason: 'type_forbids_changes', type: party.type };
    for (const change of changes) {
      if (change.kind === 'forwarding_info_property_change' || change.kind === 'control_transferred_to_property_change')
        continue;
      const property = change.propertyName ?? 'title';
      if (property === 'annotation' || property === 'custom_attribute') {
        const operation = 'changeOperation' in change ? change.changeOperation : undefined;
        if (operation === 'delete') return { reason: 'property_not_settable', property, operation };
      } else if (!isSettable(property)) return { reason: 'property_not_settable', property };
    }
    return undefined;
  },

  /** A change or annotation that was noted for this party before. */
  seenBefore: (party: Party, id: string, context: Context): boolean => context.seen(party.id, id),

  /** A value that the store and the party both hold already, while no read could tell otherwise, is no news. */
  isEcho(conversation: Conversation, party: Party, edit: Edit): boolean {
    if (party.readOwed || party.reading) return false;
    return same(edit.value, valueIn(conversation.event, edit.property)) && knows(conversation, party, edit);
  },

  /** Something of ours on this property may have crossed what the party now tells. */
  inDoubt(party: Party, property: Property, traits: ServerTraits, now: number): boolean {
    if (party.readOwed || party.reading || traits.hooksMayReorder) return true;
    const under = Object.values(party.unsettled).some(
      (carried) => carried.includes(property) || carried.includes(EVERYTHING),
    );
    const last = Math.max(party.sent[property] ?? -Infinity, party.sent[EVERYTHING] ?? -Infinity);
    return under || now - last < traits.doubtWindow;
  },

  /** A version newer than any seen removes the doubt, if nothing of ours is unsettled and no read is owed or running. */
  isCertain(party: Party, version: string | undefined, traits: ServerTraits): boolean {
    if (!isQuiet(party) || version === undefined || !traits.compareVersions) return false;
    return party.newest === undefined || traits.compareVersions(version, party.newest) > 0;
  },

  /** A read that began before our latest message, or during which another hint came, says nothing. */
  isStaleRead: (party: Party, sends: number): boolean => !isSettled(party) || party.readOwed || sends !== party.sends,

  /** Carry a value only to a party that is not known to hold it. */
  isNews: (conversation: Conversation, party: Party, edit: Edit): boolean => !knows(conversation, party, edit),

  /** Never back: what a party told is not carried to it, except to write back. */
  cameFrom: (party: Party, from: Party | undefined): boolean => party.id === from?.id,

  /** Which values may be carried to this party at all. */
  mayCarry(party: Party, property: Property): boolean {
    return party.state === 'received' ? isSettable(property) : true;
  },

  /** A target that is a hub itself is sent what we adopted from reading it, else two hubs swap values for ever. */
  writesBack: (party: Party, traits: ServerTraits): boolean =>
    traits.speaksOpr && (party.state === 'queued' || party.state === 'forwarded'),

  /**
   * In doubt, what an unreadable party tells is accepted and written back to it: whatever crossed it on the way, the party ends
   * with what was carried last, and that is what the hub holds.
   */
  writesBackUnread: (): boolean => true,

  /** An unreadable party marks its echoes with our delivery key: that of a forward is the correlation key. */
  marksEchoes: (isReadable: boolean): boolean => !isReadable,

  /** Of a copy that was posted again, only what differs from that party's last copy is a change. */
  isResentNews: (saidBefore: Edit, now: Edit): boolean => !same(saidBefore.value, now.value),

  /** What the answer to a write tells beyond the write itself is an edit, unless we are about to overwrite it. */
  isAnswerNews(party: Party, edit: Edit, written: Property[]): boolean {
    const pending = Object.values(party.unsettled).flat();
    return !written.includes(edit.property) && !pending.includes(edit.property);
  },

  /** What waits and what is new go out as one change: of a property the last value, and every annotation. */
  merged: (waiting: EventChange, news: readonly PropertyChange[]): EventChange => ({
    ...waiting,
    changedProperties: mergeChanges(waiting.changedProperties ?? [], news),
  }),

  /** An annotation of ours that comes back: by our own login, or once by the author and text that we sent. */
  isOwnAnnotation(conversation: Conversation, party: Party, annotation: SeenAnnotation | AnnotationEdit): boolean {
    const text = normalised(annotation.text);
    if ('own' in annotation && annotation.own) {
      return (conversation.event.annotationList?.annotation ?? []).some((held) => normalised(held.text ?? '') === text);
    }
    return party.expected.some(
      (expected) => expected.text === text && (!annotation.author || expected.author === annotation.author),
    );
  },

  /** After a refused change the party holds what its record said last. */
  beliefAfterRejection(party: Party, property: Property, traits: ServerTraits): Party['known'][string] {
    const all = party.snapshot && traits.changes?.(undefined, party.snapshot);
    const held = all && readChanges(all).properties.find((edit) => edit.property === property);
    return held ? { value: held.value } : 'unknown';
  },

  /** A record that existed already may have been changed by people since: its forward is followed by a read. */
  isReadAfterFound: (found: boolean, snapshot: Snapshot | undefined): boolean => found && snapshot !== undefined,
};

export type Rules = typeof RULES;

/** A party may take part from the first attempt to forward to it. */
export const takesPart = (party: Party): boolean =>
  party.state === 'received' ||
  party.state === 'originated' ||
  (party.attempted && party.state !== 'cancelled' && party.state !== 'expired');

/** Whether anything at all is carried to this party. */
export function isListening(party: Pick<Party, 'state' | 'type'>, traits: ServerTraits): boolean {
  if (!traits.takesChanges) return false;
  switch (party.state) {
    case 'received':
      return atLeast(party.type, 'synchronize');
    case 'originated':
    case 'queued':
    case 'forwarded':
    case 'failed':
      return atLeast(party.type, 'notify_and_update');
    case 'cancel_requested':
    case 'cancelled':
    case 'expired':
      return false;
  }
}

export const isSettled = (party: Party): boolean => Object.keys(party.unsettled).length === 0;

/** Nothing of ours is under way to the party, and nothing is to be read from it. */
export const isQuiet = (party: Party): boolean => isSettled(party) && !party.readOwed && !party.reading;

export const normalised = (text: string): string => text.replace(/\s+/g, ' ').trim();

function knows(conversation: Conversation, party: Party, edit: Edit): boolean {
  const belief = party.known[edit.property] ?? { value: valueIn(conversation.event, edit.property) };
  return belief !== 'unknown' && same(belief.value, edit.value);
}
