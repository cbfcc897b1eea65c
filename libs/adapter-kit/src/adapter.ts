import type { EventChange, ForwardingState, OprEvent, PropertyChange } from '@opr-connect/opr';
import type { Mapping } from './mapping/mapping';

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/**
 * A live connection to one ConnectedServer. The verbs are those of the vendor's own adapter interface
 * (OMi Extensibility Guide, "Groovy script methods"); a method that is absent says what the tool cannot do:
 *
 * | with …                             | the server supports up to |
 * | ---------------------------------- | ------------------------- |
 * | `forwardEvent`                     | `notify`                  |
 * | + `forwardChange`                  | `notify_and_update`       |
 * | + `receiveChange` or `pollChanges` | `synchronize`             |
 *
 * Every method returns what was expected to happen and throws one of the errors of `errors.ts` otherwise, each named for
 * what happens next. Anything else that is thrown counts as `TransientError` for the delivery. Every call ends when its
 * signal aborts.
 */
export interface Adapter {
  /**
   * Finds or creates the record of this event. Called again with the same `delivery.key` after a lost answer, a crash or an
   * unknown outcome, so it looks for a record that carries the key (and checks that the one found really does) before it creates.
   */
  forwardEvent(event: OprEvent, delivery: Delivery): Promise<Written>;

  /**
   * Carries one change to the record. A repeat with the same `delivery.key` must not add a second annotation. A field that the tool
   * passes over without a word is written once more (`droppedFrom`), and the answer is told with `answerAfter`.
   */
  forwardChange?(change: EventChange, forwarded: Forwarded, delivery: Delivery): Promise<Written>;

  /** Says what a web hook of the tool tells: one `Seen` for each record it speaks of. Its signature was verified before. */
  receiveChange?(hook: HookRequest, signal: AbortSignal): Promise<Seen[]>;

  /** Says what changed since `cursor`, oldest first; `more` asks to be called again at once. */
  pollChanges?(cursor: Cursor | undefined, signal: AbortSignal): Promise<Polled>;

  /** Reads the record as it is now. Throws `UnreadableError` where the party offers no such read. */
  getExternalEvent?(forwarded: Forwarded, delivery: Delivery): Promise<Seen>;

  /**
   * Pure: the properties whose values differ between two snapshots of one record, in OPR words. Without `before`: every
   * property that the record holds. A field that this adapter cannot express in OPR words is left out.
   */
  changes?(before: Snapshot | undefined, after: Snapshot): PropertyChange[];

  /** Pure: negative, zero or positive as version `a` is older than, the same as, or newer than `b`. */
  compareVersions?(a: string, b: string): number;

  /** Pure: the texts that an operator sees of the external record, in the tool's own words. */
  describe?(snapshot: Snapshot): ExternalEvent;

  /** Checks the hook's signature over its raw bytes. Throws `ForgedHookError`. */
  verifyHook?(hook: HookRequest): void;

  /**
   * What would be sent for an event or, with `forwardChange`, for a change of it, to show to whoever tries a mapping. Sends
   * nothing.
   */
  preview?(message: Preview, delivery: Delivery): Promise<Json>;

  /** "Test connection": resolves when the tool answers and accepts our credentials. */
  ping?(signal: AbortSignal): Promise<void>;

  readonly traits?: Traits;

  /** How events are told in the words of the tool, if the settings of a server have a say in that: what `mapping check` reports on. */
  readonly mapping?: Mapping;
}

/** What the conversation must know of a party beyond which methods its adapter has. */
export interface Traits {
  /** The party speaks OPR: it sends its own changes to our services, and what we adopt from reading it is written back to it. */
  speaksOpr?: boolean;
  /** The party's hooks may arrive in another order than its changes were made. */
  hooksMayReorder?: boolean;
  /** Changes that wait for the party may be carried as one, with every annotation. Default: true. */
  mergesChanges?: boolean;
  /** The name by which we log in to the party: what its `forwarding_info` calls us. */
  ownLogin?: string;
}

export interface Delivery {
  /** The same on every retry. For `forwardEvent` the correlation key that the record must carry; else the id of the change, or of the read. */
  readonly key: string;
  /** 1 on the first try. */
  readonly attempt: number;
  /** Aborts at the deadline of the call, which is before the lease of the message ends. */
  readonly signal: AbortSignal;
  /**
   * For `forwardEvent` and `forwardChange`: the record of the event's cause at this tool ("causeExternalRefId" of the vendor's
   * adapters). Absent if the event names no cause, or one that has no record there; a change of `cause` without it unties the
   * record. A cause's record that is made later is told by a change of `cause`.
   */
  readonly cause?: ExternalRef;
}

export interface Preview {
  event: OprEvent;
  change?: EventChange;
}

/** The names of one record at the tool. */
export interface ExternalRef {
  /** What the tool's own interface addresses it by, for example a sys_id. */
  id: string;
  /** What people call it, for example INC0010001. */
  displayId?: string;
  /** Where people look at it. */
  url?: string;
}

/** The registry row that a change is carried for, or that is read. */
export interface Forwarded {
  /** The event as the hub holds it at that moment. */
  event: OprEvent;
  ref: ExternalRef;
  snapshot?: Snapshot;
  state: ForwardingState;
  /** The correlation key that the record carries. */
  key: string;
}

export interface Written {
  ref: ExternalRef;
  /**
   * The whole record right after the write. An adapter that has `changes` always answers one: it is what later snapshots
   * are compared with.
   */
  snapshot?: Snapshot;
  /**
   * The record existed already, or people were faster than the answer, so they may have changed it since. `snapshot` then is what it would hold had it just been
   * written, and the read that follows tells their edits.
   */
  found?: boolean;
  /** What people call the extra records of this event that this call closed as duplicates of `ref`. */
  duplicates?: string[];
}

/** An external record as its adapter keeps it: opaque to everybody else. */
export interface Snapshot {
  /** Grows with every change of the record; ordered by the adapter's `compareVersions`. */
  version?: string;
  fields: { [name: string]: Json };
}

/** What a hook, a poll or a read tells of one record: a tool its snapshot, a party that speaks OPR its event. */
export interface Seen {
  /** The tool's id of the record, or the correlation key that it carries. */
  id: string;
  snapshot?: Snapshot;
  event?: OprEvent;
  /** Values in OPR words, from a tool that tells changes and no record. */
  changes?: PropertyChange[];
  /**
   * Names what is told: the same however often it comes, so that it counts once. A party whose record cannot be read marks what
   * we wrote ourselves: it tells it under the `key` of the delivery that brought it.
   */
  changeId?: string;
  annotations: SeenAnnotation[];
  /** The record no longer exists; why, for operators. Nothing else that is told beside it counts. */
  gone?: string;
}

export interface SeenAnnotation {
  /**
   * The tool's id of this entry: the same however often and by whichever route it is told. Without one the `changeId` names it,
   * and without that its words.
   */
  id?: string;
  author?: string;
  text: string;
  /** ISO 8601. */
  time?: string;
  /** Written by the login that we use at the tool. */
  own: boolean;
}

export interface ExternalEvent {
  title?: string;
  description?: string;
  state?: string;
  severity?: string;
  priority?: string;
  assignedUser?: string;
  assignedGroup?: string;
}

export interface HookRequest {
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  /** The raw bytes: what the signature covers. */
  body: Buffer;
  /** ISO 8601. */
  receivedAt: string;
}

export type Cursor = Json;

export interface Polled {
  seen: Seen[];
  cursor: Cursor;
  more: boolean;
}
