import type { EventChange } from '@opr-connect/opr';
import type { Delivery, Forwarded, HookRequest, Seen, Snapshot, Written } from '../../../adapter';
import type { HttpCall } from '../../../http';
import { ModelAdapter } from '../model.adapter';
import { textOf } from '../model.mapping';
import type { Mutant } from './mutant';

/** Writes other values into new records. */
const creating = (altered: (values: Parameters<ModelAdapter['create']>[0]) => object) =>
  class extends ModelAdapter {
    protected override create(values: Parameters<ModelAdapter['create']>[0], signal: AbortSignal) {
      return super.create({ ...values, ...altered(values) }, signal);
    }
  };

/** Sends another body. */
const sending = (altered: (body: string) => string) =>
  class extends ModelAdapter {
    protected override send(call: HttpCall) {
      return super.send({ ...call, body: call.body && altered(call.body) });
    }
  };

export const VALUE_MUTANTS: readonly Mutant[] = [
  {
    caughtBy: 'values.severity',
    flaw: 'a warning is written as minor',
    adapter: creating(({ level }) => ({ level: level === 'p4' ? 'p3' : level })),
  },
  {
    caughtBy: 'values.state',
    flaw: 'in progress is written as new',
    adapter: class extends ModelAdapter {
      override forwardChange(change: EventChange, forwarded: Forwarded, delivery: Delivery): Promise<Written> {
        const changedProperties = change.changedProperties?.map((each) =>
          each.kind === 'state_change' && each.currentValue === 'in_progress'
            ? { ...each, currentValue: 'open' as const }
            : each,
        );
        return super.forwardChange({ ...change, changedProperties }, forwarded, delivery);
      }
    },
  },
  {
    caughtBy: 'values.person',
    flaw: 'a hook tells normal as warning',
    adapter: class extends ModelAdapter {
      override async receiveChange(hook: HookRequest): Promise<Seen[]> {
        const read = (snapshot: Snapshot): Snapshot =>
          snapshot.fields['level'] === 'p5' ? { ...snapshot, fields: { ...snapshot.fields, level: 'p4' } } : snapshot;
        const seen = await super.receiveChange(hook);
        return seen.map((each) => ({ ...each, snapshot: each.snapshot && read(each.snapshot) }));
      }
    },
  },
  {
    caughtBy: 'text.unicode',
    flaw: 'letters are composed',
    adapter: sending((body) => body.normalize('NFC')),
  },
  {
    caughtBy: 'text.markup',
    flaw: 'markup is not escaped',
    adapter: sending((body) => body.replaceAll('&lt;', '<').replaceAll('&amp;', '&')),
  },
  {
    caughtBy: 'text.control',
    flaw: 'control characters are sent',
    adapter: class extends ModelAdapter {
      override forwardEvent(event: Parameters<ModelAdapter['forwardEvent']>[0], delivery: Delivery): Promise<Written> {
        const isPlain = !/\u0007/.test(event.title ?? '');
        this.raw = isPlain ? undefined : event.title;
        return super.forwardEvent(event, delivery);
      }

      private raw: string | undefined;

      protected override create(values: Parameters<ModelAdapter['create']>[0], signal: AbortSignal) {
        return super.create({ ...values, title: this.raw ?? values.title }, signal);
      }
    },
  },
  {
    caughtBy: 'text.lines',
    flaw: 'a description is one line',
    adapter: creating(({ text }) => ({ text: text.replace(/\s+/g, ' ') })),
  },
  {
    caughtBy: 'text.title-limit',
    flaw: 'a title is cut without a mark',
    adapter: creating(({ title }) => ({ title: title.replace(/…$/, '') })),
  },
  {
    caughtBy: 'text.megabyte',
    flaw: 'a description is cut without a mark',
    adapter: creating(({ text }) => ({ text: text.length > 50_000 ? textOf(text).slice(0, 50_000) : text })),
  },
];
