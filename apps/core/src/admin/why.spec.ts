import type { ConnectedServer } from '../connected-servers/connected-server';
import type { RuleConfig } from '../config/hub-config';
import type { MessageFacts } from './event-histories';
import { whyNotForwarded, whyWaiting, type Situation } from './why';

const NOW = new Date('2026-03-01T12:00:00.000Z');
const LATER = new Date('2026-03-01T12:10:00.000Z');

const message = (more: Partial<MessageFacts> = {}): MessageFacts => ({
  ...{ id: 'm', event: 'e', row: 'r', server: 's', kind: 'forward', state: 'pending', underWay: false },
  ...{ attempts: 0, due: NOW, created: NOW, died: null, reasons: [] },
  ...more,
});

const failed = [{ at: '2026-03-01T11:59:00Z', attempt: 1, reason: 'the answer was lost' }];

const server = (more: Partial<ConnectedServer> = {}): ConnectedServer =>
  ({ ...{ name: 'desk', active: true, adapter: {}, problems: [], concurrency: 2 }, ...more }) as ConnectedServer;

const healthy = { server: 's', failures: 0, alarm: false };

const why = (one: MessageFacts, { messages = [one], ...more }: Partial<Situation> = {}): string =>
  whyWaiting(one, { now: NOW, server: server(), state: healthy, load: undefined, ...more, messages });

describe('Why a message waits:', () => {
  const change = message({ kind: 'change' });

  it.each<[string, string, string]>([
    ['it is carried', why(message({ underWay: true, due: LATER })), 'is being carried now'],
    [
      'it is dead',
      why(message({ state: 'dead', reasons: failed })),
      'is a dead letter until somebody retries or discards it: the answer was lost',
    ],
    [
      'another one is first',
      why(change, { messages: [message(), change] }),
      'waits for an earlier message of this event',
    ],
    [
      'a dead forward is first',
      why(change, { messages: [message({ state: 'dead' }), change] }),
      'waits for the forward of this event, which is a dead letter',
    ],
    [
      'a dead change holds up nobody',
      why(change, { messages: [message({ kind: 'change', state: 'dead' }), change] }),
      'is due and will be taken next',
    ],
    ['its server is gone', why(message(), { server: undefined }), 'waits for a server that is not configured any more'],
    [
      'its server is not active',
      why(message(), { server: server({ active: false, adapter: undefined }) }),
      'the server is not active',
    ],
    [
      'its server is set aside',
      why(message(), { server: server({ adapter: undefined, problems: ['url: must be a URL'] }) }),
      'the server is set aside, for its settings are wrong: url: must be a URL',
    ],
    [
      'a person holds the server',
      why(message(), { state: { ...healthy, heldAt: NOW, heldBy: 'ann', heldReason: 'upgrade' } }),
      'the server is held by ann: upgrade',
    ],
    [
      'the server is paused',
      why(message(), { state: { ...healthy, failures: 1, pausedUntil: LATER, reason: '429' } }),
      'the server is paused until 2026-03-01T12:10:00.000Z: 429',
    ],
    [
      'the pause is over',
      why(message(), { state: { ...healthy, failures: 1, pausedUntil: NOW, reason: '429' } }),
      'waits for its turn: the server failed and gets one call at a time until one succeeds',
    ],
    [
      'it failed',
      why(message({ due: LATER, reasons: failed })),
      'failed and is tried again at 2026-03-01T12:10:00.000Z: the answer was lost',
    ],
    ['a rule holds it', why(message({ due: LATER })), 'is held by the rule until 2026-03-01T12:10:00.000Z'],
    [
      'more duplicates may come',
      why(message({ kind: 'change', due: LATER })),
      'is held until 2026-03-01T12:10:00.000Z, for more duplicates to be counted',
    ],
    [
      'the rate is used up',
      why(message(), {
        server: server({ ratePerMinute: 6 }),
        load: { server: 's', underWay: 0, budget: 0, asOf: new Date('2026-03-01T11:59:55.000Z') },
      }),
      'waits for its turn: the rate of 6 calls a minute is used up',
    ],
    [
      'the rate has come back',
      why(message(), {
        server: server({ ratePerMinute: 6 }),
        load: { server: 's', underWay: 0, budget: 0, asOf: new Date('2026-03-01T11:59:50.000Z') },
      }),
      'is due and will be taken next',
    ],
    [
      'all places are taken',
      why(message(), { load: { server: 's', underWay: 2, budget: null, asOf: null } }),
      'waits for its turn: 2 calls are under way to the server',
    ],
    ['nothing', why(message()), 'is due and will be taken next'],
  ])('%s', (_what, said, expected) => {
    expect(said).toBe(expected);
  });
});

describe('Why an event is not forwarded:', () => {
  const rule = (more: Partial<RuleConfig>): RuleConfig => ({
    ...{ name: 'r', active: true, targets: [{ server: 'desk', type: 'notify' as const, hold: 0 }] },
    ...more,
  });
  const event = { severity: 'minor', title: 'Disk full', category: 'Storage', state: 'open' } as const;

  it.each<[string, RuleConfig[], typeof event | { state: 'closed' }, string[]]>([
    ['no rule', [], event, ['no rule names this server']],
    ['a rule of others', [rule({ targets: [] })], event, ['no rule names this server']],
    ['a rule that is off', [rule({ active: false })], event, ['rule "r" is not active']],
    [
      'a source',
      [rule({ filter: { source: ['b'] } })],
      event,
      ['rule "r" does not match: filter.source does not hold for "obm"'],
    ],
    [
      'a title',
      [rule({ filter: { severity: ['minor'], titleContains: 'cpu' } })],
      event,
      ['rule "r" does not match: filter.titleContains does not hold for "Disk full"'],
    ],
    [
      'no title at all',
      [rule({ filter: { titleContains: 'cpu' } })],
      { state: 'closed' },
      ['rule "r" does not match: filter.titleContains does not hold for ""'],
    ],
    ['a closed event', [rule({})], { state: 'closed' }, ['rule "r" matches now, but the event is closed']],
    [
      'a rule that is new',
      [rule({ filter: { titleContains: 'DISK' } })],
      event,
      ['rule "r" matches now, and did not when the event came or last changed'],
    ],
  ])('%s', (_what, rules, of, said) => {
    expect(whyNotForwarded(server(), rules, of, 'obm')).toEqual(said);
  });
});
