import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Cursor, HookRequest, Polled, Seen, SeenAnnotation } from '../../../adapter';
import { ForgedHookError } from '../../../errors';
import { HOOK_SECRET, type Note, type Ticket } from '../model-tool';
import { ModelAdapter } from '../model.adapter';
import type { Mutant } from './mutant';

/** Tells the hook in another way. */
const hearing = (altered: (seen: Seen) => Seen[]) =>
  class extends ModelAdapter {
    override async receiveChange(hook: HookRequest): Promise<Seen[]> {
      return (await super.receiveChange(hook)).flatMap(altered);
    }
  };

const telling = (altered: (annotation: SeenAnnotation) => SeenAnnotation) =>
  hearing((seen) => [{ ...seen, annotations: seen.annotations.map(altered) }]);

/** Verifies the hook in another way. */
const verifying = (verify: (hook: HookRequest, usual: (hook: HookRequest) => void, secret: string) => void) =>
  class extends ModelAdapter {
    override verifyHook(hook: HookRequest): void {
      verify(hook, (each) => super.verifyHook(each), this.settings.hookSecret);
    }
  };

const signatureOf = (body: string | Buffer, secret: string): string =>
  createHmac('sha256', secret).update(body).digest('hex');

let versions = 0;

export const HOOK_MUTANTS: readonly Mutant[] = [
  {
    caughtBy: 'hook.edit',
    flaw: 'a record is told by a name that nobody was given',
    adapter: hearing((seen) => [seen.gone ? seen : { ...seen, id: `M-${seen.id}` }]),
  },
  {
    caughtBy: 'hook.note',
    flaw: 'only the first line of a note is told',
    adapter: telling(({ text, ...each }) => ({ ...each, text: text.split('\n')[0] ?? '' })),
  },
  {
    caughtBy: 'hook.two-notes',
    flaw: 'a note is named by its words',
    adapter: telling(({ author, text, own }) => ({ author, text, own })),
  },
  {
    caughtBy: 'hook.echo',
    flaw: 'every note that a hook brings is by a person',
    adapter: telling((each) => ({ ...each, own: false })),
  },
  {
    caughtBy: 'hook.twice',
    flaw: 'a note has a new name each time',
    adapter: telling((each) => ({ ...each, id: randomUUID() })),
  },
  {
    caughtBy: 'hook.late',
    flaw: 'the last hook is the newest',
    adapter: hearing((seen) => [
      { ...seen, snapshot: seen.snapshot && { ...seen.snapshot, version: String(1_000 + ++versions) } },
    ]),
  },
  {
    caughtBy: 'hook.gone',
    flaw: 'that a record was deleted is passed over',
    adapter: hearing((seen) => (seen.gone ? [] : [seen])),
  },
  {
    caughtBy: 'hook.genuine',
    flaw: 'the signature is made over Latin-1',
    adapter: verifying((hook, usual, secret) => {
      if (/[^\0-\x7f]/.test(hook.body.toString())) {
        const expected = signatureOf(Buffer.from(hook.body.toString(), 'latin1'), secret);
        if (hook.headers['x-model-signature'] !== expected) throw new ForgedHookError('does not fit');
      }
      usual(hook);
    }),
  },
  {
    caughtBy: 'hook.unsigned',
    flaw: 'a hook without a signature is believed',
    adapter: verifying((hook, usual) => {
      if (hook.headers['x-model-signature'] !== undefined) usual(hook);
    }),
  },
  {
    caughtBy: 'hook.junk',
    flaw: 'signatures of different length are compared',
    adapter: verifying((hook, usual, secret) => {
      const given = hook.headers['x-model-signature'];
      if (given !== undefined) timingSafeEqual(Buffer.from(given, 'hex'), Buffer.from(signatureOf('', secret), 'hex'));
      usual(hook);
    }),
  },
  {
    caughtBy: 'hook.wrong-key',
    flaw: 'another secret opens the door too',
    adapter: verifying((hook, usual) => {
      if (hook.headers['x-model-signature'] !== signatureOf(hook.body, HOOK_SECRET)) usual(hook);
    }),
  },
  {
    caughtBy: 'hook.altered',
    flaw: 'not the raw bytes are verified, but what they mean',
    adapter: verifying((hook, usual) => {
      let body = hook.body;
      try {
        body = Buffer.from(JSON.stringify(JSON.parse(body.toString())));
      } catch {
        // Verified as it is.
      }
      usual({ ...hook, body });
    }),
  },
  {
    caughtBy: 'hook.garbage',
    flaw: 'every hook is taken for one',
    adapter: class extends ModelAdapter {
      protected override parse(body: Buffer): ReturnType<ModelAdapter['parse']> {
        return JSON.parse(body.toString()) as { event: string; ticket: Ticket; notes: Note[] };
      }
    },
  },
  {
    caughtBy: 'poll.once',
    flaw: 'what was told is told again',
    adapter: class extends ModelAdapter {
      override async pollChanges(cursor: Cursor | undefined, signal: AbortSignal): Promise<Polled> {
        const polled = await super.pollChanges(cursor, signal);
        return { ...polled, cursor: { ...(polled.cursor as object), told: {} } };
      }
    },
  },
  {
    caughtBy: 'poll.pages',
    flaw: 'after the first page there is no more',
    adapter: class extends ModelAdapter {
      override async pollChanges(cursor: Cursor | undefined, signal: AbortSignal): Promise<Polled> {
        return { ...(await super.pollChanges(cursor, signal)), more: false };
      }
    },
  },
  {
    caughtBy: 'poll.same-moment',
    flaw: 'a record is known by the time of its last change',
    adapter: class extends ModelAdapter {
      protected override print({ updated }: Ticket): number {
        return updated;
      }
    },
  },
];
