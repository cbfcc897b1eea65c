import type { OprEvent } from '@opr-connect/opr';
import type { Delivery, Written } from '../../../adapter';
import { OutcomeUnknownError } from '../../../errors';
import type { Ticket } from '../model-tool';
import { ModelAdapter } from '../model.adapter';
import { fieldsOf } from '../model.mapping';
import type { Mutant } from './mutant';

export const FORWARD_MUTANTS: readonly Mutant[] = [
  {
    caughtBy: 'forward.create',
    flaw: 'a new record has no annotations',
    adapter: class extends ModelAdapter {
      protected override create(values: Parameters<ModelAdapter['create']>[0], signal: AbortSignal): Promise<Ticket> {
        return super.create({ ...values, notes: [] }, signal);
      }
    },
  },
  {
    caughtBy: 'forward.names',
    flaw: 'the page of a record is a path',
    adapter: class extends ModelAdapter {
      protected override written(ticket: Ticket): Written {
        return {
          ...super.written(ticket),
          ref: { id: ticket.id, displayId: ticket.number, url: `/tickets/${ticket.id}` },
        };
      }
    },
  },
  {
    caughtBy: 'forward.repeat',
    flaw: 'a first attempt creates, whatever the look-up finds',
    adapter: class extends ModelAdapter {
      override async forwardEvent(event: OprEvent, delivery: Delivery): Promise<Written> {
        const { key, signal, attempt } = delivery;
        if (attempt > 1 || !(await this.find(key, signal))) return super.forwardEvent(event, delivery);
        return this.written(await this.create({ key, ...fieldsOf(event), notes: [] }, signal));
      }
    },
  },
  {
    caughtBy: 'forward.separate',
    flaw: 'an event with a known title is a known event',
    adapter: class extends ModelAdapter {
      private readonly known = new Map<string, Written>();

      override async forwardEvent(event: OprEvent, delivery: Delivery): Promise<Written> {
        const title = event.title ?? '';
        const written = this.known.get(title) ?? (await super.forwardEvent(event, delivery));
        this.known.set(title, written);
        return written;
      }
    },
  },
  {
    caughtBy: 'forward.concurrent',
    flaw: 'a second record stays',
    adapter: class extends ModelAdapter {
      protected override async retire(): Promise<void> {}
    },
  },
  {
    caughtBy: 'forward.duplicates',
    flaw: 'nobody hears of a second record',
    adapter: class extends ModelAdapter {
      override async forwardEvent(event: OprEvent, delivery: Delivery): Promise<Written> {
        return { ...(await super.forwardEvent(event, delivery)), duplicates: undefined };
      }
    },
  },
  {
    caughtBy: 'forward.lost',
    flaw: 'a create whose answer was lost is sent again at once',
    adapter: class extends ModelAdapter {
      private again = false;

      protected override async create(
        values: Parameters<ModelAdapter['create']>[0],
        signal: AbortSignal,
      ): Promise<Ticket> {
        try {
          return await super.create(values, signal);
        } catch (error) {
          if (!(error instanceof OutcomeUnknownError && error.message.includes('lost'))) throw error;
          this.again = true;
          return super.create(values, signal);
        }
      }

      protected override async retire(id: string, signal: AbortSignal): Promise<void> {
        if (!this.again) await super.retire(id, signal);
      }
    },
  },
  {
    caughtBy: 'forward.late',
    flaw: 'a call that timed out is over',
    adapter: class extends ModelAdapter {
      protected override async create(
        values: Parameters<ModelAdapter['create']>[0],
        signal: AbortSignal,
      ): Promise<Ticket> {
        try {
          return await super.create(values, signal);
        } catch (error) {
          if (!(error instanceof OutcomeUnknownError && error.message.includes('in time'))) throw error;
          throw new OutcomeUnknownError(error.message, { settleMs: 0 });
        }
      }
    },
  },
  {
    caughtBy: 'forward.meanwhile',
    flaw: 'what a new record holds when it is answered is what was written',
    adapter: class extends ModelAdapter {
      override async forwardEvent(event: OprEvent, delivery: Delivery): Promise<Written> {
        const written = await super.forwardEvent(event, delivery);
        if (written.found) return written;
        return { ...written, snapshot: this.snapshot(await this.ticket(written.ref.id, delivery.signal)) };
      }
    },
  },
  {
    caughtBy: 'forward.lag',
    flaw: 'it knows what the search knows',
    adapter: class extends ModelAdapter {
      protected override remember(): void {}
    },
  },
  {
    caughtBy: 'forward.impostor',
    flaw: 'what the look-up answers carries the key',
    adapter: class extends ModelAdapter {
      protected override carries(): boolean {
        return true;
      }
    },
  },
];
