import type { ExternalRef, Json, Seen, Snapshot } from '@opr-connect/adapter-kit';
import type {
  EventChange,
  ForwardingState,
  ForwardingType,
  OprEvent,
  PropertyChange,
  PropertyName,
} from '@opr-connect/opr';
import type { Property } from './properties';

/** One event with all its ForwardedEvents: a star around the party it came from. */
export interface Conversation {
  /** The event as the hub holds it. */
  event: OprEvent;
  parties: Party[];
  /** Only its ids are kept: it is over. */
  retired?: boolean;
}

/** A ForwardedEvent as the conversation keeps it: what we know of one party that shares the event. */
export interface Party {
  id: string;
  /** uuid of the connected server. */
  server: string;
  state: ForwardingState;
  type: ForwardingType;
  /** Name of the forwarding rule that chose this server. */
  rule?: string;
  /** A forward to it was tried at least once: from then on it may answer, even before we know how it calls the event. */
  attempted: boolean;
  ref?: ExternalRef;
  /** What it holds or is being made to hold, where that is not what the hub holds. */
  known: Record<Property, Belief>;
  /** For a party that forwards the event to us: what its last copy said, where that is not what the hub holds. */
  said: Record<Property, Json>;
  /** Messages to it that are not yet confirmed, each with the properties it carries. */
  unsettled: Record<string, Property[]>;
  /** When the last message on a property was confirmed. */
  sent: Record<Property, number>;
  /** How many messages were ever sent to it. */
  sends: number;
  /** Its record has to be read: what it last told may be older than what it holds. */
  readOwed: boolean;
  /** The read under way, and how many messages had been sent when it was asked for. */
  reading?: { message: string; sends: number };
  /** What was told in doubt, kept for a party that turns out to be unreadable. */
  hint?: PropertyChange[];
  /** It refused to be read. */
  unreadable: boolean;
  /** The adapter's last certain copy of the external record. */
  snapshot?: Snapshot;
  /** The newest version of the record that any hook, answer or read told of. */
  newest?: string;
  /** Annotations of ours that it may tell back once. */
  expected: ExpectedAnnotation[];
  /** Properties of changes that it refused and a person gave up. */
  abandoned?: Property[];
  /** Its forward was withdrawn because the event was closed while it waited: it is made up for if the event is opened again. */
  withdrawn?: boolean;
}

/** A value that a party is taken to hold; `unknown` after a message that it refused. */
export type Belief = { value: Json } | 'unknown';

export interface ExpectedAnnotation {
  author?: string;
  text: string;
}

/** Every property, in `unsettled` and `sent`: what a forwarded event carries. */
export const EVERYTHING: Property = '*';

/** The hub's own operators: they are no row and never get messages. */
export const LOCAL = 'local';

export type Input =
  /** A party that speaks OPR, or a local operator, changed the event. */
  | { kind: 'changed'; from: string; id?: string; changes: PropertyChange[] }
  /** A party posted its copy of the event again. */
  | { kind: 'resent'; from: string; event: OprEvent }
  /** A hook or a poll told of a record. */
  | { kind: 'seen'; from: string; seen: Seen }
  /** The event is to be forwarded to more servers. */
  | { kind: 'forward'; targets: Target[] }
  /** The read of a party's record ended. */
  | { kind: 'read'; from: string; message: string; outcome: Seen | 'unreadable' }
  /** A party was compared: the outbox holds these messages to it, dead letters among them, and its record says so if it was read. */
  | { kind: 'compared'; from: string; held: readonly string[]; outcome?: Seen }
  /** A message was carried. */
  | ({ kind: 'delivered'; to: string; message: string } & Delivered)
  /** A message will never be taken. */
  | { kind: 'rejected'; to: string; message: string; reason: string }
  /** The party's record no longer exists. */
  | { kind: 'gone'; to: string; message: string; reason: string }
  /** A person wants a dead letter carried after all. */
  | { kind: 'retried'; to: string; message: string; dead: DeadLetter }
  /** A person gives a dead letter up. */
  | { kind: 'discarded'; to: string; message: string; dead: DeadLetter }
  /** The event's cause has a record at the party's server now. */
  | { kind: 'cause_made'; to: string };

/** What a server answered to a message: as `Written` of its adapter. */
export interface Delivered {
  ref: ExternalRef;
  snapshot?: Snapshot;
  found: boolean;
  duplicates?: string[];
  /** The event had no record there before, or has another one now. */
  made?: boolean;
  /** Whoever sent the event was answered before this external id was there. */
  late?: boolean;
  /** The event's cause has a record there now, to which this write may not have tied ours. */
  causeMade?: boolean;
}

export interface Target {
  server: string;
  type: ForwardingType;
  rule?: string;
  /** How long the forward waits, in milliseconds: an event that is closed within it is not forwarded at all. */
  hold?: number;
}

/** What a message carried that the party refused. */
export type DeadLetter = { kind: 'forward' } | { kind: 'change'; change: EventChange };

export interface Decision {
  conversation: Conversation;
  carry: Carry[];
  history: HistoryLine[];
  /** Messages that nobody may carry any more. */
  withdrawn: string[];
  /** Ids of changes and annotations that must never count again for their party. */
  seen: SeenId[];
  refusal?: Refusal;
  /** What comparing a party found, and did something about. */
  found?: Finding[];
}

/** What never arrived. */
export interface Finding {
  kind:
    /** The record says what no hook told. */
    | 'missed_change'
    | 'missed_annotation'
    /** The party does not hold what the hub holds, and nothing waits that would tell it. */
    | 'not_sent'
    /** The event is to be forwarded, and nothing waits that would do it. */
    | 'not_forwarded'
    | 'record_gone';
  /** Names of properties, a number, or why. */
  detail?: string;
}

/**
 * A promise to make: the outbox keeps it. A change by the id of one that waits already takes its place. `after` is how long it
 * waits before it is due, in milliseconds; what takes the place of another is due when the earlier of the two is.
 */
export type Carry = { id: string; party: string; server: string; after?: number } & (
  { kind: 'forward'; event: OprEvent } | { kind: 'change'; change: EventChange } | { kind: 'read' }
);

/** A message that nobody has begun to carry, and nobody can before this decision is written. */
export type Waiting = { id: string; party: string; after?: number } & (
  { kind: 'forward' } | { kind: 'change'; change: EventChange }
);

export interface SeenId {
  party: string;
  id: string;
}

export interface HistoryLine {
  party?: string;
  what:
    | 'forward'
    | 'accepted'
    | 'carried'
    | 'no news'
    | 'seen before'
    | 'in doubt'
    | 'read'
    | 'delivered'
    | 'duplicate'
    | 'rejected'
    | 'gone'
    | 'withdrawn'
    | 'retried'
    | 'discarded'
    | 'compared'
    | 'refused'
    | 'retired';
  detail?: string;
}

export type Refusal =
  | { reason: 'retired' }
  | { reason: 'not_forwarded' }
  | { reason: 'type_forbids_changes'; type: ForwardingType }
  | { reason: 'property_not_settable'; property: PropertyName; operation?: string };

/** What the conversation needs from outside, all of it pure. */
export interface Context {
  /** Epoch in milliseconds. */
  now: number;
  newId(): string;
  /** Whether this id was noted for this party before. */
  seen(party: string, id: string): boolean;
  server(uuid: string): ServerTraits;
  /** What waits for the parties of this event and was never tried. */
  waiting: readonly Waiting[];
  /** The servers that the rules want this event forwarded to. */
  route(event: OprEvent): Target[];
  /** The key that this server's record of the event carries: the delivery key of a forward. */
  correlationKey(server: string): string;
  /** Who signs what the hub itself annotates. */
  hubName: string;
}

/** What the conversation must know of a connected server. */
export interface ServerTraits {
  name: string;
  /** Changes can be carried to it. */
  takesChanges: boolean;
  /** Its record can be read. */
  readable: boolean;
  /** It is a hub: it holds a view of its own, and is sent what we adopt from reading it. */
  speaksOpr: boolean;
  hooksMayReorder: boolean;
  /** Longer than its hooks can be late, in milliseconds. */
  doubtWindow: number;
  /** Carry a party's own changes back to it, as some OBM do. */
  echoToSender: boolean;
  /** Changes that wait for it go out as one. */
  mergesChanges: boolean;
  /** How long a mere count of duplicates waits for the next one, in milliseconds. */
  floodWindow: number;
  /** The custom attributes of an event that name its record at this server. */
  attributes?: { id?: string; url?: string };
  changes?(before: Snapshot | undefined, after: Snapshot): PropertyChange[];
  compareVersions?(a: string, b: string): number;
}
