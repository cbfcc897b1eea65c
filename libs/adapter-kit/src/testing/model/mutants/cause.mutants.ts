import type { OprEvent } from '@opr-connect/opr';
import type { Delivery, Written } from '../../../adapter';
import type { Ticket } from '../model-tool';
import { ModelAdapter } from '../model.adapter';
import type { Mutant } from './mutant';

export const CAUSE_MUTANTS: readonly Mutant[] = [
  {
    caughtBy: 'cause.create',
    flaw: 'a new record is tied to nothing',
    adapter: class extends ModelAdapter {
      override forwardEvent(event: OprEvent, delivery: Delivery): Promise<Written> {
        return super.forwardEvent(event, { ...delivery, cause: undefined });
      }
    },
  },
  {
    caughtBy: 'cause.change',
    flaw: 'a record stays tied to what is its cause no more',
    adapter: class extends ModelAdapter {
      protected override tie(ticket: Ticket, cause: string | undefined, signal: AbortSignal): Promise<Ticket> {
        return super.tie({ ...ticket, causes: ticket.causes.filter((each) => each === cause) }, cause, signal);
      }
    },
  },
  {
    caughtBy: 'cause.once',
    flaw: 'a record is tied without a look whether it is',
    adapter: class extends ModelAdapter {
      protected override tie(ticket: Ticket, cause: string | undefined, signal: AbortSignal): Promise<Ticket> {
        return super.tie({ ...ticket, causes: ticket.causes.filter((each) => each !== cause) }, cause, signal);
      }
    },
  },
];
