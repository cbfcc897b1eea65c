import type { EventChange, PropertyChange } from '@opr-connect/opr';
import type { Delivery, Forwarded, Written } from '../../../adapter';
import { GoneError, RejectedError } from '../../../errors';
import type { HttpAnswer } from '../../../http';
import type { Ticket } from '../model-tool';
import { ModelAdapter } from '../model.adapter';
import type { Mutant } from './mutant';

/** Carries another change instead. */
const carrying = (altered: (changes: PropertyChange[], forwarded: Forwarded) => PropertyChange[]) =>
  class extends ModelAdapter {
    override forwardChange(change: EventChange, forwarded: Forwarded, delivery: Delivery): Promise<Written> {
      const changedProperties = altered(change.changedProperties ?? [], forwarded);
      return super.forwardChange({ ...change, changedProperties }, forwarded, delivery);
    }
  };

export const CHANGE_MUTANTS: readonly Mutant[] = [
  {
    caughtBy: 'change.arrives',
    flaw: 'a new description is not carried',
    adapter: carrying((changes) => changes.filter(({ propertyName }) => propertyName !== 'description')),
  },
  {
    caughtBy: 'change.order',
    flaw: 'what changed is carried last first',
    adapter: carrying((changes) => changes.toReversed()),
  },
  {
    caughtBy: 'change.once',
    flaw: 'a note is added without a look whether it is there',
    adapter: class extends ModelAdapter {
      protected override async addNotes(
        id: string,
        notes: Parameters<ModelAdapter['addNotes']>[1],
        signal: AbortSignal,
      ): Promise<void> {
        for (const note of notes) await this.call('POST', `/tickets/${id}/notes`, signal, note);
      }
    },
  },
  {
    caughtBy: 'change.only',
    flaw: 'every change carries the severity too',
    adapter: carrying((changes, { event }) => [
      { kind: 'severity_property_change', propertyName: 'severity', currentValue: event.severity },
      ...changes,
    ]),
  },
  {
    caughtBy: 'change.dropped',
    flaw: 'what was answered with success is taken to be written',
    adapter: class extends ModelAdapter {
      protected override async update(...[id, fields, , signal]: Parameters<ModelAdapter['update']>): Promise<void> {
        await this.call('PATCH', `/tickets/${id}`, signal, fields);
      }
    },
  },
  {
    caughtBy: 'change.meanwhile',
    flaw: 'what a record holds when a change is answered is what was written',
    adapter: class extends ModelAdapter {
      protected override answered(ticket: Ticket): Written {
        return this.written(ticket);
      }
    },
  },
  {
    caughtBy: 'change.unmapped',
    flaw: 'what there is no field for is refused',
    adapter: carrying((changes) => {
      if (changes.some(({ kind }) => kind === 'integer_property_change')) throw new RejectedError('no such field');
      return changes;
    }),
  },
  {
    caughtBy: 'change.answers',
    flaw: 'a note is answered without the record',
    adapter: class extends ModelAdapter {
      override async forwardChange(change: EventChange, forwarded: Forwarded, delivery: Delivery): Promise<Written> {
        const written = await super.forwardChange(change, forwarded, delivery);
        const isNote = change.changedProperties?.every(({ kind }) => kind === 'annotation_property_change');
        return isNote ? { ref: written.ref } : written;
      }
    },
  },
  {
    caughtBy: 'change.page',
    flaw: 'whatever is answered to a change is a success',
    adapter: class extends ModelAdapter {
      protected override read<T>(answer: HttpAnswer, what: string): T {
        const isPage = answer.body.startsWith('<') && what.startsWith('PATCH');
        return isPage ? ({ id: '7' } as T) : super.read<T>(answer, what);
      }
    },
  },
  {
    caughtBy: 'change.gone',
    flaw: 'a record that is gone is a message that is wrong',
    adapter: class extends ModelAdapter {
      protected override failure(method: string, path: string, answer: HttpAnswer): Error {
        const error = super.failure(method, path, answer);
        return error instanceof GoneError && method === 'PATCH' ? new RejectedError(error.message) : error;
      }
    },
  },
];
