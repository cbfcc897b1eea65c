import type { Seen } from '@opr-connect/adapter-kit';
import type { EventChange, OprEvent, PropertyChange } from '@opr-connect/opr';
import type {
  Conversation,
  Context,
  Decision,
  Delivered,
  Input,
  Party,
  ServerTraits,
  Target,
  Waiting,
} from './conversation';
import { decide, open } from './decide';
import { RULES, type Rules } from './rules';

const event: OprEvent = {
  id: '531d2673-683f-429f-a742-b8680ee01a76',
  title: 'Disk full',
  state: 'open',
  severity: 'major',
};

const state = (value: 'open' | 'in_progress' | 'closed'): PropertyChange => ({
  kind: 'state_change',
  propertyName: 'state',
  currentValue: value,
});
const note = (text: string, extra: { annotationId?: string; author?: string } = {}): PropertyChange => ({
  kind: 'annotation_property_change',
  propertyName: 'annotation',
  currentValue: text,
  changeOperation: 'insert',
  ...extra,
});

/** A conversation between `obm` and the servers named, with every message confirmed unless a test says otherwise. */
class Talk {
  conversation: Conversation;
  /** What was carried while `holdsBack` was set, and nobody has begun to carry. */
  waiting: Waiting[] = [];
  holdsBack = false;
  last: Decision;
  now = 1_000_000_000;
  private ids = 0;
  private readonly noted = new Set<string>();

  constructor(
    private readonly targets: Target[],
    private readonly traits: Partial<ServerTraits> = {},
    private readonly rules: Rules = RULES,
    of: OprEvent = event,
  ) {
    this.last = open(of, { server: 'obm', state: 'received', type: 'synchronize' }, this.context());
    this.conversation = this.last.conversation;
    this.keep();
  }

  say(input: Input): Decision {
    this.last = decide(this.conversation, input, this.context(), this.rules);
    this.conversation = this.last.conversation;
    this.keep();
    return this.last;
  }

  changed(server: string, changes: PropertyChange[], id?: string): Decision {
    return this.say({ kind: 'changed', from: this.party(server).id, changes, id });
  }

  /** Confirms everything that the last decision carried to a server. */
  confirm(server: string, answer: Partial<Delivered> = {}): Decision {
    for (const message of Object.keys(this.party(server).unsettled)) {
      this.say({
        kind: 'delivered',
        to: this.party(server).id,
        message,
        ref: { id: `${server}-1` },
        found: false,
        ...answer,
      });
    }
    return this.last;
  }

  party(server: string): Party {
    const party = this.conversation.parties.find((candidate) => candidate.server === server);
    if (!party) throw new Error(`no row for ${server}`);
    return party;
  }

  /** What the last decision carries, as `server: properties`. */
  carried(): string[] {
    return this.last.carry.map((carry) =>
      carry.kind === 'change'
        ? `${carry.server}: ${(carry.change.changedProperties ?? []).map((change) => change.propertyName).join(' ')}`
        : `${carry.server}: (${carry.kind})`,
    );
  }

  attempted(server: string): void {
    this.party(server).attempted = true;
  }

  private keep(): void {
    for (const { party, id } of this.last.seen) this.noted.add(`${party} ${id}`);
    const { carry, withdrawn } = this.last;
    this.waiting = this.waiting.filter(({ id }) => !withdrawn.includes(id) && !carry.some((one) => one.id === id));
    if (this.holdsBack) this.waiting.push(...carry.flatMap((one) => (one.kind === 'read' ? [] : [one])));
  }

  private context(): Context {
    return {
      waiting: this.waiting,
      now: this.now,
      newId: () => `00000000-0000-4000-8000-${String(++this.ids).padStart(12, '0')}`,
      seen: (party, id) => this.noted.has(`${party} ${id}`),
      route: () => this.targets,
      correlationKey: (server) => `key of ${server}`,
      hubName: 'hub',
      server: (name) => ({
        name,
        takesChanges: true,
        readable: true,
        speaksOpr: name === 'obm',
        hooksMayReorder: false,
        doubtWindow: 600_000,
        echoToSender: false,
        mergesChanges: true,
        floodWindow: 30_000,
        ...(name === 'obm' ? {} : this.traits),
      }),
    };
  }
}

const forwardedTo = (type: Party['type'], traits?: Partial<ServerTraits>, rules?: Rules): Talk => {
  const talk = new Talk([{ server: 'desk', type }], traits, rules);
  talk.attempted('desk');
  talk.confirm('desk');
  talk.now += 3_600_000;
  return talk;
};

describe('the gate', () => {
  it('lets nobody change an event before a forward to it was tried', () => {
    const talk = new Talk([{ server: 'desk', type: 'synchronize' }]);
    expect(talk.changed('desk', [state('closed')]).refusal).toEqual({ reason: 'not_forwarded' });
    talk.attempted('desk');
    expect(talk.changed('desk', [state('closed')]).refusal).toBeUndefined();
  });

  it.each(['notify', 'notify_and_update'] as const)('refuses sync-back for %s', (type) => {
    const talk = forwardedTo(type);
    expect(talk.changed('desk', [state('closed')]).refusal).toEqual({ reason: 'type_forbids_changes', type });
    expect(talk.conversation.event.state).toBe('open');
    expect(talk.carried()).toEqual([]);
  });

  it('refuses a change whole, by the name of the property that a connected server may not set', () => {
    const talk = forwardedTo('synchronize');
    const category: PropertyChange = { kind: 'string_property_change', propertyName: 'category', currentValue: 'OS' };
    expect(talk.changed('desk', [state('closed'), category]).refusal).toEqual({
      reason: 'property_not_settable',
      property: 'category',
    });
    expect(talk.conversation.event.state).toBe('open');
  });

  it('refuses to delete an annotation from a connected server, and takes it from the originator', () => {
    const talk = forwardedTo('synchronize');
    const annotationId = '1462ac86-aa34-491c-afda-d5e5d561c51f';
    talk.changed('obm', [note('checked', { annotationId })]);
    const gone: PropertyChange = {
      kind: 'annotation_property_change',
      propertyName: 'annotation',
      annotationId,
      changeOperation: 'delete',
    };
    expect(talk.changed('desk', [gone]).refusal).toMatchObject({
      reason: 'property_not_settable',
      operation: 'delete',
    });
    talk.changed('obm', [gone]);
    expect(talk.conversation.event.annotationList?.annotation).toEqual([]);
  });

  it('lets the originator change any property', () => {
    const talk = forwardedTo('synchronize');
    talk.changed('obm', [{ kind: 'string_property_change', propertyName: 'category', currentValue: 'OS' }]);
    expect(talk.conversation.event.category).toBe('OS');
    expect(talk.carried()).toEqual(['desk: category']);
  });
});

describe('news', () => {
  it('forwards by rule, never to the party that the event came from, and once to each server', () => {
    const talk = new Talk([
      { server: 'obm', type: 'synchronize' },
      { server: 'desk', type: 'synchronize' },
    ]);
    expect(talk.carried()).toEqual(['desk: (forward)']);
  });

  it('carries open, closed, open in full although each value was held before', () => {
    const talk = forwardedTo('synchronize');
    talk.changed('obm', [state('closed')]);
    talk.changed('obm', [state('open')]);
    expect(talk.carried()).toEqual(['desk: state']);
    expect(talk.last.carry[0]).toMatchObject({
      change: { changedProperties: [{ previousValue: 'closed', currentValue: 'open' }] },
    });
  });

  it('carries nothing to a server that was only notified', () => {
    const talk = forwardedTo('notify');
    talk.changed('obm', [state('closed')]);
    expect(talk.carried()).toEqual([]);
  });

  it('takes the same change once', () => {
    const talk = forwardedTo('synchronize');
    talk.changed('obm', [note('checked')], 'change-1');
    talk.changed('obm', [note('checked')], 'change-1');
    expect(talk.conversation.event.annotationList?.annotation).toHaveLength(1);
    expect(talk.last.history).toEqual([expect.objectContaining({ what: 'seen before' })]);
  });

  it('takes the same words of the same author once an hour when nothing has an id', () => {
    const talk = forwardedTo('synchronize');
    for (let times = 0; times < 2; times++) talk.changed('obm', [note('still failing', { author: 'probe' })]);
    expect(talk.conversation.event.annotationList?.annotation).toHaveLength(1);
    talk.now += 2 * 3_600_000;
    talk.changed('obm', [note('still failing', { author: 'probe' })]);
    expect(talk.conversation.event.annotationList?.annotation).toHaveLength(2);
  });

  it('forwards an event that a change made match a rule', () => {
    const targets: { server: string; type: Party['type'] }[] = [];
    const talk = new Talk(targets);
    targets.push({ server: 'desk', type: 'synchronize' });
    talk.changed('obm', [{ kind: 'severity_property_change', propertyName: 'severity', currentValue: 'critical' }]);
    expect(talk.last.carry).toEqual([
      expect.objectContaining({
        kind: 'forward',
        server: 'desk',
        event: expect.objectContaining({ severity: 'critical' }),
      }),
    ]);
  });
});

describe('an event that is posted again', () => {
  it('does not reopen what was closed since', () => {
    const talk = forwardedTo('synchronize');
    talk.changed('desk', [state('closed')]);
    talk.say({ kind: 'resent', from: talk.party('obm').id, event });
    expect(talk.conversation.event.state).toBe('closed');
    expect(talk.carried()).toEqual([]);
  });

  it('tells what differs from the copy that this party sent last', () => {
    const talk = forwardedTo('synchronize');
    talk.say({ kind: 'resent', from: talk.party('obm').id, event: { ...event, severity: 'critical' } });
    expect(talk.carried()).toEqual(['desk: severity']);
  });

  it('is no news, and not refused, from a party that it is only about to be forwarded to', () => {
    const talk = new Talk([{ server: 'desk', type: 'synchronize' }]);
    talk.say({ kind: 'resent', from: talk.party('desk').id, event: { ...event, state: 'closed' } });
    expect(talk.last.refusal).toBeUndefined();
    expect(talk.conversation.event.state).toBe('open');
  });

  it('adds an annotation without an id once', () => {
    const annotated: OprEvent = {
      ...event,
      annotationList: { annotation: [{ author: 'operator', text: 'checked', timeCreated: '2026-01-01T00:00:00Z' }] },
    };
    const talk = new Talk([{ server: 'desk', type: 'synchronize' }], {}, RULES, annotated);
    talk.now += 5 * 3_600_000;
    talk.say({ kind: 'resent', from: talk.party('obm').id, event: annotated });
    expect(talk.conversation.event.annotationList?.annotation).toHaveLength(1);
  });
});

describe('doubt', () => {
  it('reads the party once ours is settled, and takes what it reads', () => {
    const talk = forwardedTo('synchronize');
    talk.changed('obm', [state('in_progress')]);
    talk.changed('desk', [state('closed')]);
    expect(talk.conversation.event.state).toBe('in_progress');
    talk.confirm('desk');
    expect(talk.carried()).toEqual(['desk: (read)']);
    const [read] = talk.last.carry;
    talk.say({
      kind: 'read',
      from: talk.party('desk').id,
      message: read!.id,
      outcome: { id: 'desk-1', event: { ...event, state: 'closed' }, annotations: [] },
    });
    expect(talk.conversation.event.state).toBe('closed');
    expect(talk.carried()).toEqual(['obm: state']);
  });

  it('ends with the doubt window', () => {
    const talk = forwardedTo('synchronize');
    talk.changed('obm', [state('in_progress')]);
    talk.confirm('desk');
    talk.now += 600_001;
    talk.changed('desk', [state('closed')]);
    expect(talk.conversation.event.state).toBe('closed');
  });

  it('believes a party that cannot be read, and writes back to it what was believed', () => {
    const talk = forwardedTo('synchronize', { readable: false });
    talk.changed('obm', [state('in_progress')]);
    talk.confirm('desk');
    talk.changed('desk', [state('closed')]);
    expect(talk.conversation.event.state).toBe('closed');
    expect(talk.carried()).toEqual(['obm: state', 'desk: state']);
    const echoed = talk.last.carry[1]!.id;
    talk.changed('desk', [state('closed')], echoed);
    expect(talk.last.history).toEqual([expect.objectContaining({ what: 'seen before' })]);
  });

  it('counts no JSON hook twice, and none that an unreadable party marks with our delivery key', () => {
    const talk = forwardedTo('synchronize', { readable: false });
    const from = talk.party('desk').id;
    const seen = (changeId: string, value: 'open' | 'in_progress' | 'closed', text?: string) =>
      talk.say({
        ...{ kind: 'seen', from },
        seen: { id: 'desk-1', changeId, changes: [state(value)], annotations: text ? [{ text, own: false }] : [] },
      });
    seen('key of desk', 'closed');
    expect(talk.last.history).toEqual([expect.objectContaining({ what: 'seen before' })]);
    talk.changed('obm', [state('in_progress'), note('looking')]);
    const carried = talk.last.carry[0]!.id;
    talk.confirm('desk');
    seen(carried, 'in_progress', 'looking');
    expect(talk.last.history).toEqual([expect.objectContaining({ what: 'seen before' })]);
    seen('hook-1', 'closed', 'looking');
    expect(talk.conversation.event.annotationList?.annotation).toHaveLength(2);
    seen('hook-1', 'closed', 'looking');
    expect(talk.last.history).toEqual([expect.objectContaining({ what: 'seen before' })]);
    expect(talk.conversation.event.annotationList?.annotation).toHaveLength(2);
  });

  it('takes an attribute that comes while its removal is on the way for doubtful', () => {
    const talk = forwardedTo('synchronize', { readable: false });
    const owner = (currentValue: string | undefined): PropertyChange => ({
      ...{ kind: 'custom_attribute_property_change', propertyName: 'custom_attribute', key: 'owner', currentValue },
      changeOperation: currentValue === undefined ? 'delete' : 'insert',
    });
    talk.changed('obm', [owner('ops')]);
    talk.changed('obm', [owner(undefined)]);
    talk.changed('desk', [owner('desk')]);
    expect(talk.carried()).toEqual(['obm: custom_attribute', 'desk: custom_attribute']);
  });

  it('believes the hint of a party that refuses to be read', () => {
    const talk = forwardedTo('synchronize');
    talk.changed('obm', [state('in_progress')]);
    talk.confirm('desk');
    talk.changed('desk', [state('closed')]);
    const [read] = talk.last.carry;
    talk.say({ kind: 'read', from: talk.party('desk').id, message: read!.id, outcome: 'unreadable' });
    expect(talk.conversation.event.state).toBe('closed');
    expect(talk.carried()).toEqual(['obm: state', 'desk: state']);
  });
});

const rejectedTitle = (rules?: Rules): Talk => {
  const changes: ServerTraits['changes'] = (before, after) =>
    before?.fields['title'] === after.fields['title']
      ? []
      : [{ kind: 'string_property_change', propertyName: 'title', currentValue: String(after.fields['title']) }];
  const talk = new Talk([{ server: 'desk', type: 'synchronize' }], { changes }, rules);
  talk.attempted('desk');
  talk.confirm('desk', { snapshot: { fields: { title: 'Disk full' } } });
  talk.changed('obm', [{ kind: 'string_property_change', propertyName: 'title', currentValue: 'Disk very full' }]);
  const [message] = talk.last.carry;
  talk.say({ kind: 'rejected', to: talk.party('desk').id, message: message!.id, reason: 'too long' });
  // Told again, the title is news to the desk once more.
  talk.changed('obm', [
    { kind: 'string_property_change', propertyName: 'title', currentValue: 'Disk very full' },
    state('closed'),
  ]);
  return talk;
};

describe('failure', () => {
  it('tells the originator of a rejected forward, and parks what comes after it', () => {
    const talk = new Talk([{ server: 'desk', type: 'synchronize' }]);
    const [forward] = talk.last.carry;
    talk.say({
      kind: 'rejected',
      to: talk.party('desk').id,
      message: forward!.id,
      reason: 'short_description is mandatory',
    });
    expect(talk.party('desk').state).toBe('failed');
    expect(talk.carried()).toEqual(['obm: annotation']);
    expect(talk.conversation.event.annotationList?.annotation?.[0]?.text).toBe(
      'Not forwarded to desk: short_description is mandatory',
    );
    talk.changed('obm', [state('closed')]);
    expect(talk.carried()).toEqual(['desk: state']);
  });

  it('believes after a rejected change that the party holds what its record said', () => {
    const talk = rejectedTitle();
    expect(talk.party('desk').known['title']).toEqual({ value: 'Disk full' });
  });

  it('carries nothing more to a record that is gone', () => {
    const talk = forwardedTo('synchronize');
    talk.changed('obm', [state('in_progress')]);
    talk.say({ kind: 'gone', to: talk.party('desk').id, message: talk.last.carry[0]!.id, reason: 'deleted' });
    talk.changed('obm', [state('closed')]);
    expect(talk.carried()).toEqual([]);
  });
});

describe('what a tool tells of a record that is gone', () => {
  it('ends the row: nothing more is carried to it, and nothing that is told beside it counts', () => {
    const talk = forwardedTo('synchronize');
    const seen: Seen = { id: 'desk', gone: 'deleted', snapshot: { fields: { state: '6' } }, annotations: [] };
    talk.say({ kind: 'seen', from: talk.party('desk').id, seen });
    expect(talk.party('desk').state).toBe('cancelled');
    expect(talk.last.history).toMatchObject([{ what: 'gone', detail: 'deleted' }]);
    talk.changed('obm', [state('closed')]);
    expect(talk.carried()).toEqual([]);
  });
});

describe('what is found and what is known already', () => {
  const found = (rules?: Rules): Talk => {
    const changes: ServerTraits['changes'] = (before, after) =>
      before?.fields['state'] === after.fields['state'] ? [] : [state('closed')];
    const talk = new Talk([{ server: 'desk', type: 'synchronize' }], { changes }, rules);
    talk.attempted('desk');
    talk.confirm('desk', { snapshot: { fields: { state: '1' } }, found: true });
    return talk;
  };

  it('reads a record that existed before its forward was confirmed, for people may have changed it', () => {
    expect(found().carried()).toEqual(['desk: (read)']);
  });

  const echoed = (rules?: Rules): Talk => {
    const talk = forwardedTo('synchronize', {}, rules);
    talk.changed('obm', [state('closed')]);
    talk.confirm('desk');
    talk.changed('desk', [state('closed')]);
    return talk;
  };

  it('takes an echo for what it is: nothing is read and nothing carried', () => {
    expect(echoed().carried()).toEqual([]);
    expect(echoed().last.history).toEqual([expect.objectContaining({ what: 'no news' })]);
  });

  const crossed = (rules?: Rules): Talk => {
    const talk = forwardedTo('synchronize', {}, rules);
    talk.changed('desk', [state('closed')]);
    talk.say({ kind: 'rejected', to: talk.party('obm').id, message: talk.last.carry[0]!.id, reason: 'not now' });
    talk.now += 3_600_000;
    talk.changed('obm', [state('closed'), note('closed here too')]);
    return talk;
  };

  it('carries a value only to a party that does not hold it', () => {
    expect(crossed().carried()).toEqual(['desk: annotation']);
    expect(crossed().last.history).toContainEqual(expect.objectContaining({ what: 'accepted', detail: 'state' }));
  });

  // The mutants of the rules that the simulation cannot tell, each seen by the example that states the rule.
  it.each<[keyof Rules, Partial<Rules>, (rules: Rules) => boolean]>([
    [
      'refusal',
      { refusal: () => undefined },
      (rules) => {
        const talk = forwardedTo('notify', {}, rules);
        talk.changed('desk', [state('closed')]);
        return talk.conversation.event.state === 'open';
      },
    ],
    ['isReadAfterFound', { isReadAfterFound: () => false }, (rules) => found(rules).carried().includes('desk: (read)')],
    ['isEcho', { isEcho: () => false }, (rules) => echoed(rules).carried().length === 0],
    ['isNews', { isNews: () => true }, (rules) => crossed(rules).carried().join() === 'desk: annotation'],
    [
      'beliefAfterRejection',
      { beliefAfterRejection: () => ({ value: 'Disk very full' }) },
      (rules) => 'title' in rejectedTitle(rules).party('desk').known,
    ],
  ])('needs the rule %s', (_rule, mutant, holds) => {
    expect(holds(RULES)).toBe(true);
    expect(holds({ ...RULES, ...mutant })).toBe(false);
  });
});

describe('what waits and was never tried', () => {
  const count = (value: number): PropertyChange => ({
    kind: 'integer_property_change',
    propertyName: 'duplicate_count',
    currentValue: value,
  });
  const changeIn = (talk: Talk) => talk.last.carry.flatMap((one) => (one.kind === 'change' ? [one] : []))[0];

  it('takes up the changes that come after it, with the last value and every annotation', () => {
    const talk = forwardedTo('notify_and_update');
    talk.holdsBack = true;
    talk.changed('obm', [state('in_progress'), note('first')], 'c1');
    const id = changeIn(talk)?.id;
    talk.changed('obm', [state('closed'), note('second')], 'c2');
    const merged = changeIn(talk);
    expect(merged?.id).toBe(id);
    expect(merged?.change.changedProperties).toEqual([
      expect.objectContaining({ currentValue: 'first' }),
      expect.objectContaining({ currentValue: 'second' }),
      expect.objectContaining({ propertyName: 'state', previousValue: 'open', currentValue: 'closed' }),
    ]);
    expect(Object.keys(talk.party('desk').unsettled)).toEqual([id]);
  });

  it('is left alone for a party that takes one change at a time', () => {
    const talk = forwardedTo('notify_and_update', { mergesChanges: false });
    talk.holdsBack = true;
    talk.changed('obm', [state('in_progress')], 'c1');
    talk.changed('obm', [state('closed')], 'c2');
    expect(talk.waiting).toHaveLength(2);
  });

  it('waits for the next count of duplicates, and no longer once anything else is told', () => {
    const talk = forwardedTo('notify_and_update');
    talk.holdsBack = true;
    talk.changed('obm', [count(2)], 'c1');
    expect(changeIn(talk)?.after).toBe(30_000);
    talk.changed('obm', [count(3)], 'c2');
    expect(changeIn(talk)).toMatchObject({ after: 30_000, change: { changedProperties: [{ currentValue: 3 }] } });
    talk.changed('obm', [state('in_progress')], 'c3');
    expect(changeIn(talk)?.after).toBeUndefined();
    expect(talk.waiting).toHaveLength(1);
  });

  it('is withdrawn when the event is closed while its forward is held, and made up for when it is opened again', () => {
    const talk = new Talk([{ server: 'desk', type: 'synchronize', hold: 60_000 }]);
    talk.holdsBack = true;
    talk.waiting = talk.last.carry.flatMap((one) => (one.kind === 'forward' ? [one] : []));
    const held = talk.waiting[0]?.id;
    talk.changed('obm', [note('flapping')], 'c1');
    const last = talk.changed('obm', [state('closed')], 'c2');
    expect(last.withdrawn).toContain(held);
    expect(talk.waiting).toEqual([]);
    expect(talk.party('desk')).toMatchObject({ state: 'cancelled', unsettled: {} });
    talk.changed('obm', [state('open')], 'c3');
    expect(talk.last.carry).toMatchObject([{ kind: 'forward', event: { state: 'open' } }]);
    expect(talk.party('desk')).toMatchObject({ state: 'queued', known: {} });
  });

  it('is not withdrawn when its forward is merely late', () => {
    const talk = new Talk([{ server: 'desk', type: 'synchronize' }]);
    talk.waiting = talk.last.carry.flatMap((one) => (one.kind === 'forward' ? [one] : []));
    talk.changed('obm', [state('closed')], 'c1');
    expect(talk.last.withdrawn).toEqual([]);
  });
});

describe('a dead letter', () => {
  const refused = (): { talk: Talk; message: string; change: EventChange } => {
    const talk = forwardedTo('notify_and_update');
    talk.changed('obm', [state('in_progress'), note('look here')], 'c1');
    const [carried] = talk.last.carry;
    if (carried?.kind !== 'change') throw new Error('no change was carried');
    talk.say({ kind: 'rejected', to: carried.party, message: carried.id, reason: 'no' });
    return { talk, message: carried.id, change: carried.change };
  };

  it('that is retried carries what the party still lacks, as it is now', () => {
    const { talk, message, change } = refused();
    talk.holdsBack = true;
    talk.changed('obm', [state('closed')], 'c2');
    talk.confirm('desk');
    talk.waiting = [];
    talk.say({ kind: 'retried', to: talk.party('desk').id, message, dead: { kind: 'change', change } });
    expect(talk.last.withdrawn).toEqual([message]);
    expect(talk.carried()).toEqual(['desk: annotation']);
  });

  it('that was a forward and is rejected again is told to the originator again only for another reason', () => {
    const talk = new Talk([{ server: 'desk', type: 'synchronize' }]);
    const [forward] = talk.last.carry;
    if (!forward) throw new Error('nothing was forwarded');
    talk.attempted('desk');
    const about = { to: forward.party, message: forward.id };
    const told = ['no', 'no', 'never'].map((reason) => {
      talk.say({ kind: 'rejected', ...about, reason });
      const carried = talk.carried();
      talk.say({ kind: 'retried', ...about, dead: { kind: 'forward' } });
      return carried;
    });
    expect(told).toEqual([['obm: annotation'], [], ['obm: annotation']]);
  });

  it('that was a forward is queued again, and once discarded nothing is carried any more', () => {
    const talk = new Talk([{ server: 'desk', type: 'synchronize' }]);
    const [forward] = talk.last.carry;
    if (!forward) throw new Error('nothing was forwarded');
    talk.attempted('desk');
    talk.say({ kind: 'rejected', to: forward.party, message: forward.id, reason: 'no' });
    expect(talk.party('desk').state).toBe('failed');
    talk.say({ kind: 'retried', to: forward.party, message: forward.id, dead: { kind: 'forward' } });
    expect(talk.party('desk').state).toBe('queued');
    talk.say({ kind: 'discarded', to: forward.party, message: forward.id, dead: { kind: 'forward' } });
    expect(talk.last.withdrawn).toContain(forward.id);
    talk.changed('obm', [state('closed')], 'c1');
    expect(talk.carried()).toEqual([]);
  });
});

describe('The external id of an event', () => {
  const attributes = { id: 'desk id', url: 'desk url' };
  const late = { ref: { id: 'sys-1', displayId: 'INC1', url: 'https://desk/1' }, late: true };

  it('is told to the originator by custom attributes when its answer came too early, and to nobody else', () => {
    const talk = new Talk([{ server: 'desk', type: 'synchronize' }], { attributes });
    talk.confirm('desk', late);
    expect(talk.carried()).toEqual(['obm: custom_attribute custom_attribute']);
    const [told] = talk.last.carry;
    expect(told?.kind === 'change' && told.change.changedProperties).toMatchObject([
      { key: 'desk id', currentValue: 'INC1', changeOperation: 'insert' },
      { key: 'desk url', currentValue: 'https://desk/1', changeOperation: 'insert' },
    ]);
    const held = talk.conversation.event.customAttributeList?.customAttribute?.map(({ name, value }) => [name, value]);
    expect(held).toEqual([
      ['desk id', 'INC1'],
      ['desk url', 'https://desk/1'],
    ]);
    // The copy of the event that the originator posted again lacks them, which takes nothing away.
    talk.say({ kind: 'resent', from: talk.party('obm').id, event });
    expect(talk.carried()).toEqual([]);
    expect(talk.conversation.event.customAttributeList?.customAttribute).toHaveLength(2);
  });

  it.each([
    ['the answer carried it', { attributes }, { ...late, late: false }],
    ['no attribute is to hold it', { attributes: { id: '', url: '' } }, late],
    ['the server has no names for it', {}, late],
  ])('is told by nothing more where %s', (_why, traits, answer) => {
    const talk = new Talk([{ server: 'desk', type: 'synchronize' }], traits);
    talk.confirm('desk', answer);
    expect(talk.carried()).toEqual([]);
  });
});

describe('The record of a cause', () => {
  const cause = '6e1f3f0c-1c0a-4b1e-8d5f-3b1a2c4d5e6f';
  const symptom: OprEvent = { ...event, cause: { targetId: cause } };
  const symptomAt = (traits?: Partial<ServerTraits>, of = symptom): Talk =>
    new Talk([{ server: 'desk', type: 'synchronize' }], traits, RULES, of);
  const causeMade = (talk: Talk): string[] => {
    talk.say({ kind: 'cause_made', to: talk.party('desk').id });
    return talk.carried();
  };

  it('that is made later than that of its symptom is told by a change of the cause', () => {
    const talk = symptomAt();
    talk.confirm('desk');
    expect(causeMade(talk)).toEqual(['desk: cause']);
    const [told] = talk.last.carry;
    expect(told?.kind === 'change' && told.change.changedProperties).toMatchObject([{ currentValue: cause }]);
    talk.confirm('desk');
    expect(talk.say({ kind: 'compared', from: talk.party('desk').id, held: [] }).found).toBeUndefined();
  });

  it('that is made while the symptom is being forwarded is told behind the forward', () => {
    const talk = symptomAt();
    talk.attempted('desk');
    expect(causeMade(talk)).toEqual(['desk: cause']);
  });

  it('is found by a forward that nobody has begun to carry', () => {
    const talk = new Talk([]);
    talk.conversation = { ...talk.conversation, event: symptom };
    talk.holdsBack = true;
    talk.say({ kind: 'forward', targets: [{ server: 'desk', type: 'synchronize' }] });
    expect(causeMade(talk)).toEqual([]);
  });

  it('that was there after the write and not before it is told by another one', () => {
    const talk = symptomAt();
    talk.confirm('desk', { causeMade: true });
    expect(talk.carried()).toEqual(['desk: cause']);
  });

  it.each([
    ['the event has lost its cause since', symptomAt({}, event)],
    ['the party speaks OPR', symptomAt({ speaksOpr: true })],
    ['the party takes no changes', symptomAt({ takesChanges: false })],
  ])('is not told where %s', (_why, talk) => {
    talk.confirm('desk');
    expect(causeMade(talk)).toEqual([]);
  });

  it('is not told of an event that is over', () => {
    const talk = symptomAt();
    talk.confirm('desk');
    talk.conversation = { ...talk.conversation, retired: true };
    expect(causeMade(talk)).toEqual([]);
  });
});

describe('a party that is compared', () => {
  const changes = (before: { fields: object } | undefined, after: { fields: object }): PropertyChange[] => {
    const now = (after.fields as { state: 'open' | 'closed' }).state;
    return (before?.fields as { state?: string } | undefined)?.state === now ? [] : [state(now)];
  };
  const tool = (type: Party['type'] = 'synchronize'): Talk => {
    const talk = new Talk([{ server: 'desk', type }], { changes } as Partial<ServerTraits>);
    talk.attempted('desk');
    talk.confirm('desk', { snapshot: { fields: { state: 'open' } } });
    talk.now += 3_600_000;
    return talk;
  };
  const compared = (talk: Talk, held: string[] = [], outcome?: Seen): Decision =>
    talk.say({ kind: 'compared', from: talk.party('desk').id, held, outcome });
  const record = (value: string, ...texts: string[]): Seen => ({
    ...{ id: 'desk-1', snapshot: { fields: { state: value } } },
    annotations: texts.map((text) => ({ id: text, text, own: false })),
  });

  it('and is in order is left alone', () => {
    const talk = tool();
    expect(compared(talk, [], record('open')).found).toBeUndefined();
    expect(talk.last).toMatchObject({ carry: [], history: [], withdrawn: [] });
  });

  it('is read once more when its record says something new, and nothing is adopted before', () => {
    const talk = tool();
    expect(compared(talk, [], record('closed', 'a note')).found).toEqual([
      { kind: 'missed_change', detail: 'state' },
      { kind: 'missed_annotation', detail: '1' },
    ]);
    expect(talk.carried()).toEqual(['desk: (read)']);
    expect(talk.conversation.event.state).toBe('open');
  });

  it('is not judged by its record while something is under way to it', () => {
    const talk = tool();
    talk.changed('obm', [state('in_progress')], 'c1');
    const held = talk.last.carry.map(({ id }) => id);
    expect(compared(talk, held, record('closed')).found).toBeUndefined();
    expect(talk.last.carry).toEqual([]);
  });

  it('is sent what it lacks when the message that carried it is lost', () => {
    const talk = tool();
    talk.changed('obm', [state('in_progress')], 'c1');
    expect(compared(talk).found).toEqual([{ kind: 'not_sent', detail: 'state' }]);
    expect(talk.carried()).toEqual(['desk: state']);
    expect(Object.keys(talk.party('desk').unsettled)).toHaveLength(1);
  });

  it('is sent nothing that it is never sent', () => {
    const talk = tool('notify');
    talk.changed('obm', [state('in_progress')], 'c1');
    expect(talk.party('desk').known).not.toEqual({});
    expect(compared(talk).found).toBeUndefined();
    expect(talk.carried()).toEqual([]);
  });

  it('is sent nothing while a dead letter waits for a person, nor what a person discarded, until it changes again', () => {
    const talk = tool();
    talk.changed('obm', [state('in_progress')], 'c1');
    const [carried] = talk.last.carry;
    if (carried?.kind !== 'change') throw new Error('no change was carried');
    const { id: message, party: to, change } = carried;
    talk.say({ kind: 'rejected', to, message, reason: 'no' });
    expect(compared(talk, [message]).found).toBeUndefined();
    talk.say({ kind: 'discarded', to, message, dead: { kind: 'change', change } });
    expect(compared(talk).found).toBeUndefined();
    talk.changed('obm', [state('closed')], 'c2');
    expect(talk.carried()).toEqual(['desk: state']);
    expect(compared(talk).found).toEqual([{ kind: 'not_sent', detail: 'state' }]);
  });

  it('is forwarded to when its forward is lost, with the event as it is now', () => {
    const talk = new Talk([{ server: 'desk', type: 'synchronize' }]);
    talk.changed('obm', [state('in_progress')], 'c1');
    const [behind] = talk.last.carry;
    expect(compared(talk, behind ? [behind.id] : []).found).toEqual([{ kind: 'not_forwarded' }]);
    expect(talk.last.withdrawn).toEqual([behind?.id]);
    expect(talk.last.carry).toMatchObject([{ kind: 'forward', event: { state: 'in_progress' } }]);
  });

  it('is read when the message that would have read it is lost', () => {
    const talk = tool();
    compared(talk, [], record('closed'));
    expect(compared(talk).found).toBeUndefined();
    expect(talk.carried()).toEqual(['desk: (read)']);
  });

  it('shares nothing any more when its record is gone', () => {
    const talk = tool();
    const gone = { id: 'desk-1', annotations: [], gone: 'deleted' };
    expect(compared(talk, [], gone).found).toEqual([{ kind: 'record_gone', detail: 'deleted' }]);
    expect(talk.party('desk').state).toBe('cancelled');
  });
});

describe('an event that is over', () => {
  it('is changed by nothing', () => {
    const talk = forwardedTo('synchronize');
    talk.conversation = { ...talk.conversation, retired: true };
    const before = talk.conversation;
    expect(talk.changed('obm', [state('closed')], 'c1')).toMatchObject({ refusal: { reason: 'retired' }, carry: [] });
    expect(talk.conversation).toBe(before);
  });
});
