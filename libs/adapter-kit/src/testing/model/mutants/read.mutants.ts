import type { OprEvent, PropertyChange } from '@opr-connect/opr';
import type { Delivery, ExternalEvent, Forwarded, Seen, Snapshot, Written } from '../../../adapter';
import { GoneError, TransientError } from '../../../errors';
import type { HttpAnswer } from '../../../http';
import { PAGE, type Note, type Ticket } from '../model-tool';
import { ModelAdapter } from '../model.adapter';
import type { Mutant } from './mutant';

/** Tells what was read in another way. */
const reading = (altered: (seen: Seen) => Seen) =>
  class extends ModelAdapter {
    override async getExternalEvent(forwarded: Forwarded, delivery: Delivery): Promise<Seen> {
      return altered(await super.getExternalEvent(forwarded, delivery));
    }
  };

export const READ_MUTANTS: readonly Mutant[] = [
  {
    caughtBy: 'read.now',
    flaw: 'a record is read once',
    adapter: class extends ModelAdapter {
      private readonly seen = new Map<string, Promise<Seen>>();

      override getExternalEvent(forwarded: Forwarded, delivery: Delivery): Promise<Seen> {
        const seen = this.seen.get(forwarded.ref.id) ?? super.getExternalEvent(forwarded, delivery);
        this.seen.set(forwarded.ref.id, seen);
        return seen;
      }
    },
  },
  {
    caughtBy: 'read.pages',
    flaw: 'only the first page of notes is read',
    adapter: class extends ModelAdapter {
      protected override async notes(id: string, signal: AbortSignal): Promise<Note[]> {
        return (await super.notes(id, signal)).slice(0, PAGE);
      }
    },
  },
  {
    caughtBy: 'read.gone',
    flaw: 'a record that is gone is read again later',
    adapter: class extends ModelAdapter {
      protected override failure(method: string, path: string, answer: HttpAnswer): Error {
        const error = super.failure(method, path, answer);
        return error instanceof GoneError && method === 'GET' ? new TransientError(error.message) : error;
      }
    },
  },
  {
    caughtBy: 'read.own',
    flaw: 'everything that is read was written by people',
    adapter: reading((seen) => ({ ...seen, annotations: seen.annotations.map((each) => ({ ...each, own: false })) })),
  },
  {
    caughtBy: 'snapshot.lossy',
    flaw: 'what was written counts as what the tool holds',
    adapter: class extends ModelAdapter {
      override async forwardEvent(event: OprEvent, delivery: Delivery): Promise<Written> {
        const { snapshot, ...written } = await super.forwardEvent(event, delivery);
        const fields = { ...snapshot?.fields, title: event.title ?? '' };
        return { ...written, snapshot: { ...snapshot, fields } };
      }
    },
  },
  {
    caughtBy: 'snapshot.found',
    flaw: 'a record that was found counts as just written',
    adapter: class extends ModelAdapter {
      protected override adopt(ticket: Ticket): Written {
        return { ...this.written(ticket), found: true };
      }
    },
  },
  {
    caughtBy: 'snapshot.stored',
    flaw: 'a comparison leaves its mark',
    adapter: class extends ModelAdapter {
      override changes(before: Snapshot | undefined, after: Snapshot): PropertyChange[] {
        after.fields['compared'] = true;
        return super.changes(before, after);
      }
    },
  },
  {
    caughtBy: 'snapshot.described',
    flaw: 'operators are shown no state',
    adapter: class extends ModelAdapter {
      override describe(snapshot: Snapshot): ExternalEvent {
        return { ...super.describe(snapshot), state: undefined };
      }
    },
  },
];
