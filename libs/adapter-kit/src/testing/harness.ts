import type { Type } from '@nestjs/common';
import type { LifecycleState, Priority, Severity } from '@opr-connect/opr';
import type { Adapter } from '../adapter';
import type { AdapterFactory } from '../event-adapter';
import type { RefusalFault, WireFault } from './fake/faults';

/** What the contract needs to know of an adapter and of the fake of its tool. */
export interface Harness {
  /** The word that a connected server's `adapter:` names. */
  readonly name: string;
  readonly factory: AdapterFactory<object>;
  /** The class of its settings, with `timeoutMs` and `settleMs` among them. */
  readonly settings: Type<object>;
  /** Settings as a file has them, for a tool at this address. */
  plain(url: string): Settings;
  /** Settings, besides those, under which it carries the custom attribute `Customer`. */
  readonly carriesCustomer?: Settings;
  /** Settings under which genuine hooks are signed by somebody else: another secret. */
  readonly otherSecret?: Settings;
  /** Starts a fake that posts its hooks to `door`. */
  start(door: string): Promise<FakeTool>;
  /**
   * Words of OPR that the tool cannot tell apart from another: what each comes back as. Whatever is not named here comes back
   * as it went.
   */
  readonly collapses?: {
    severity?: Partial<Record<Severity, Severity>>;
    state?: Partial<Record<LifecycleState, LifecycleState>>;
  };
  /** How its records tell severities and states; in the words of OPR unless told. */
  readonly words?: {
    severity?: Partial<Record<Severity, string>>;
    priority?: Partial<Record<Priority, string>>;
    state?: Partial<Record<LifecycleState, string>>;
    /** The state of a finished record that was opened again, where that is not the one of a new record. */
    reopened?: string;
  };
  /** The login, as an event has it, of somebody whom the tool knows; `jane` unless told. */
  readonly assignee?: string;
  /** The name of a group that the tool knows; `operations` unless told. */
  readonly group?: string;
  /** Properties for which its records have no field, and why. */
  readonly unheld?: { readonly [property in RecordProperty]?: string };
  /** Properties that people can change in its records and that the adapter does not tell, and why. */
  readonly untold?: { readonly [property in RecordProperty]?: string };
  /** Why what the tool tells soon after it was written to is written back to it. Without it, it never is. */
  readonly writesBack?: string;
  /** Why a record that the tool refuses to tie is left without a tie, for good. Without it, it is tied once the refusals end. */
  readonly givesUpTies?: string;
  /** The longest page that the adapter asks a list of the tool for; 200 unless told. */
  readonly pageSize?: number;
  /** How often the hub asks it what changed, in seconds, if its fake posts no hooks. */
  readonly pollEverySeconds?: number;
  /** What its fake can be made to do beyond the faults of every tool; `lacks` says why a title cannot be dropped. */
  readonly troubles?: readonly Trouble[];
  /** What this tool cannot be made to do, and why. Cases that need it do not apply. */
  readonly lacks?: { readonly [ability in Ability]?: string };
  /** Cases that this adapter does not pass, by id, and why that is right. One that passes after all is an error. */
  readonly exempt?: { readonly [id: string]: string };
}

export type Settings = Readonly<Record<string, unknown>>;

/** What a case may need: a method of the adapter that is optional, or something that not every fake can do. */
export type Need = OptionalMethod | Ability;
export type OptionalMethod = {
  [Name in keyof Adapter]-?: undefined extends Adapter[Name] ? Name : never;
}[keyof Adapter];

/**
 * `lag`, `impostor`: the methods of `FakeTool`. `duplicates`: two records can carry one key for a moment. `deletion hook`: a hook
 * tells that a record was deleted. `ties`: a record can be tied to that of its event's cause. `drops`: the trouble `dropped title`.
 */
export type Ability = 'lag' | 'impostor' | 'duplicates' | 'deletion hook' | 'ties' | 'drops';

/** A fake tool, on loopback and in neutral words. Records are named by the `id` of their `ExternalRef`. */
export interface FakeTool {
  readonly url: string;
  /**
   * The live records of an event, oldest first: those that carry this key or, of a party that knows events by their own ids, this
   * event id. One that was retired as a duplicate is none.
   */
  records(key: string, eventId: string): ToolRecord[];
  /** A person, who is not us, changes a record. */
  edit(id: string, edit: Edit): void;
  /** The same person adds a note. */
  note(id: string, text: string): void;
  remove(id: string): void;
  /** Orders what goes wrong with the next call of this kind. */
  fault(fault: Fault): void;
  /** Orders one of the troubles that the harness names. */
  trouble?(trouble: Trouble): void;
  /** Forgets faults that have befallen nothing yet. */
  clearFaults?(): void;
  /** Whether search knows new records only so much later. */
  lag?(ms: number): void;
  /** From now on the look-up by this key answers a record that does not carry it. */
  impostor?(key: string): void;
  /** Resolves when every hook so far was posted. */
  quiet(): Promise<void>;
  /** How many calls have come in. */
  calls(): number;
  /** How many of them were to write something, those included that were refused, but not for their login. */
  writes?(): number;
  /** Refuses connections from now on. */
  down(): Promise<void>;
  /** Listens again, where it did. */
  up?(): Promise<void>;
  close(): Promise<void>;
}

export interface ToolRecord {
  id: string;
  title: string;
  description: string;
  /** In the tool's own words. */
  severity: string;
  priority?: string;
  state: string;
  solution?: string;
  category?: string;
  /** As an event has it; absent where nobody is assigned. */
  assignedUser?: string;
  assignedGroup?: string;
  /** The value of the custom attribute `Customer`. */
  customer?: string;
  /** The texts of its notes, oldest first, with what the adapter added to them. */
  notes: string[];
  /** The ids of the records that it is tied to as to its cause, one for each tie. */
  causes?: string[];
}

export type RecordProperty = Exclude<keyof ToolRecord, 'id' | 'notes'>;

/** In OPR words. */
export interface Edit {
  title?: string;
  description?: string;
  solution?: string;
  severity?: Severity;
  priority?: Priority;
  state?: LifecycleState;
  /** A login, as an event has it. */
  assignedUser?: string;
  /** A name, as an event has it. */
  assignedGroup?: string;
  /** The value of the custom attribute `Customer`. */
  customer?: string;
}

/**
 * Which calls a fault befalls. `create`: the one that makes a record; `change`: the one that writes fields of it; `note`: the one
 * that adds a note, which may be the same; `read`: the read of one record; `any`: whichever comes.
 */
export type Operation = 'create' | 'change' | 'note' | 'read' | 'whichever';

/**
 * What not every tool can do. `dropped title`: the next change of a record loses the title without a word; `expiring tokens`:
 * an access token is good for a few calls only. The others last: how hooks come, and a clock that is four minutes ahead.
 */
export type Trouble =
  | 'dropped title'
  | 'expiring tokens'
  | 'doubled hooks'
  | 'late hooks'
  | 'reordered hooks'
  | 'imitated hooks'
  | 'wrong clock';

export type Fault = { on: Operation; /** How many calls; 1 unless told, 0 for all. */ times?: number } & (
  WireFault | RefusalFault
);
