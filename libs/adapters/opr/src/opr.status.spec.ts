import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSettings, type Delivery, type DeliveryError, type Forwarded } from '@opr-connect/adapter-kit';
import { OprAdapterFactory, type OprAdapter } from './opr.adapter';
import { OprSettings } from './opr.settings';
import {
  EARLY_ATTEMPTS,
  ENDPOINT_STATUSES,
  ruleFor,
  SYNC_STATUSES,
  type Operation,
  type StatusTable,
} from './opr.status';
import { FakeOprParty } from './testing';

const login = { user: 'hub', password: 'correct horse' };
const event = { id: 'e1', title: 'Disk full' };
const change = { id: 'c1' };

let party: FakeOprParty;
beforeAll(async () => {
  party = await FakeOprParty.start(login);
});
afterAll(() => party.close());

function connect(sides: Partial<OprSettings>): OprAdapter {
  const parsed = parseSettings(OprSettings, { ...login, ...sides });
  if (!parsed.ok) throw new Error(parsed.problems.join());
  const log = { info: () => undefined, warn: () => undefined };
  return new OprAdapterFactory().connect(parsed.value, { server: 'other', hubId: 'h', log });
}

const delivery = (attempt: number): Delivery => ({ key: 'k', attempt, signal: new AbortController().signal });
const row = (state: Forwarded['state']): Forwarded => ({ event, ref: { id: 'EXT1' }, state, key: 'k' });

/** What an adapter makes of one call: its error in short, or `ok`. */
async function outcomeOf(adapter: OprAdapter, operation: Operation, attempt: number, state: Forwarded['state']) {
  const calls: Record<Operation, () => Promise<unknown>> = {
    forward: () => adapter.forwardEvent(event, delivery(attempt)),
    change: () => adapter.forwardChange(change, row(state), delivery(attempt)),
    read: () => Promise.resolve(adapter.getExternalEvent?.(row(state), delivery(attempt))),
    ping: () => adapter.ping(delivery(1).signal),
  };
  try {
    await calls[operation]();
    return 'ok';
  } catch (error) {
    const { name, message } = error as DeliveryError;
    expect(message).toContain('told by the party');
    const { scope, retryAfterMs } = error as { scope?: string; retryAfterMs?: number };
    if (name === 'TransientError') expect(retryAfterMs).toBe(7_000);
    return name.replace(/Error$/, '') + (scope === 'server' ? ' (server)' : '');
  }
}

async function answered(status: number, operation: Operation, sides: Partial<OprSettings>, attempt = 1) {
  const headers = { 'Retry-After': '7', Location: `${party.url}/elsewhere` };
  // HEAD has no body to say anything in, so the reason comes with the GET that follows a 405.
  const head = operation === 'ping' ? [{ status: 405 }] : [];
  party.answerNext(...head, { status, headers, body: 'told by the party' });
  const outcome = await outcomeOf(connect(sides), operation, attempt, sides.syncUrl ? 'received' : 'forwarded');
  expect(party.requests.some(({ path }) => path === '/elsewhere')).toBe(false);
  return outcome;
}

type Expected = [status: number, forward: string, change: string, read: string, ping: string];

const [T, S, R, G, U, M] = [
  'Transient',
  'Transient (server)',
  'Rejected',
  'Gone',
  'Unreadable',
  'Misconfigured',
] as const;

const ENDPOINT: Expected[] = [
  [300, M, M, M, M],
  [301, M, M, M, M],
  [302, M, M, M, M],
  [307, M, M, M, M],
  [308, M, M, M, M],
  [401, M, M, M, M],
  [407, M, M, M, M],
  [404, M, G, U, M],
  [410, M, G, G, M],
  [405, M, R, U, M],
  [501, M, R, U, M],
  [408, T, T, T, T],
  [425, T, T, T, T],
  [429, S, S, S, S],
  [503, S, S, S, S],
  [400, R, R, U, M],
  [406, R, R, U, M],
  [409, R, R, U, M],
  [413, R, R, U, M],
  [415, R, R, U, M],
  [422, R, R, U, M],
  [499, R, R, U, M],
  [500, T, T, T, T],
  [502, T, T, T, T],
  [504, T, T, T, T],
  [599, T, T, T, T],
  [600, M, M, M, M],
  [999, M, M, M, M],
];

const ENDPOINT_LASTING: [status: number, at: Operation, early: string, later: string][] = [
  [403, 'forward', M, M],
  [403, 'change', T, R],
  [403, 'read', T, U],
  [403, 'ping', M, M],
];

describe('an OPR endpoint', () => {
  it.each(ENDPOINT)(
    'that answers %i means %s to an event, %s to a change, %s to a read, %s to a ping',
    async (...row) => {
      const [status, forward, change, read, ping] = row;
      const sides = { endpointUrl: party.endpointUrl };
      for (const attempt of [1, EARLY_ATTEMPTS + 1]) {
        expect(await answered(status, 'forward', sides, attempt)).toBe(forward);
        expect(await answered(status, 'change', sides, attempt)).toBe(change);
        expect(await answered(status, 'read', sides, attempt)).toBe(read);
      }
      expect(await answered(status, 'ping', sides)).toBe(ping);
    },
  );

  it.each(ENDPOINT_LASTING)('that answers %i to a %s means %s at first, %s in the end', async (...row) => {
    const [status, operation, early, later] = row;
    const sides = { endpointUrl: party.endpointUrl };
    for (const attempt of [1, 8]) expect(await answered(status, operation, sides, attempt)).toBe(early);
    for (const attempt of [9, 99]) expect(await answered(status, operation, sides, attempt)).toBe(later);
  });

  it.each([200, 201, 202, 204, 299])('that answers %i to a change has taken it', async (status) => {
    party.answerNext({ status, body: status === 204 ? undefined : 'anything' });
    expect(await outcomeOf(connect({ endpointUrl: party.endpointUrl }), 'change', 1, 'forwarded')).toBe('ok');
  });
});

const SYNC: [status: number, change: string, read: string, ping: string][] = [
  [300, M, M, M],
  [302, M, M, M],
  [308, M, M, M],
  [401, M, M, M],
  [407, M, M, M],
  [410, G, G, M],
  [405, R, U, M],
  [501, R, U, M],
  [408, T, T, T],
  [425, T, T, T],
  [429, S, S, S],
  [503, S, S, S],
  [400, R, U, M],
  [409, R, U, M],
  [413, R, U, M],
  [415, R, U, M],
  [422, R, U, M],
  [499, R, U, M],
  [500, T, T, T],
  [502, T, T, T],
  [504, T, T, T],
  [599, T, T, T],
  [600, M, M, M],
];

const SYNC_LASTING: [status: number, at: Operation, early: string, later: string][] = [
  [403, 'change', T, R],
  [403, 'read', T, U],
  [403, 'ping', M, M],
  [404, 'change', T, G],
  [404, 'read', T, G],
  [404, 'ping', M, M],
];

describe('a sync service', () => {
  it.each(SYNC)('that answers %i means %s to a change, %s to a read, %s to a ping', async (...row) => {
    const [status, change, read, ping] = row;
    const sides = { syncUrl: party.syncUrl };
    for (const attempt of [1, EARLY_ATTEMPTS + 1]) {
      expect(await answered(status, 'change', sides, attempt)).toBe(change);
      expect(await answered(status, 'read', sides, attempt)).toBe(read);
    }
    expect(await answered(status, 'ping', sides)).toBe(ping);
  });

  it.each(SYNC_LASTING)('that answers %i to a %s means %s at first, %s in the end', async (...row) => {
    const [status, operation, early, later] = row;
    const sides = { syncUrl: party.syncUrl };
    for (const attempt of [1, 8]) expect(await answered(status, operation, sides, attempt)).toBe(early);
    for (const attempt of [9, 99]) expect(await answered(status, operation, sides, attempt)).toBe(later);
  });

  it.each([200, 201, 202, 204, 299])('that answers %i to a change has taken it', async (status) => {
    party.answerNext({ status, body: status === 204 ? undefined : 'anything' });
    expect(await outcomeOf(connect({ syncUrl: party.syncUrl }), 'change', 1, 'received')).toBe('ok');
  });
});

describe.each<[string, StatusTable<Operation> | typeof SYNC_STATUSES, number[]]>([
  ['an endpoint', ENDPOINT_STATUSES, [...ENDPOINT, ...ENDPOINT_LASTING].map(([status]) => status)],
  ['a sync service', SYNC_STATUSES, [...SYNC, ...SYNC_LASTING].map(([status]) => status)],
])('the table of %s', (_, table, tested) => {
  it('has no row that is not tested', () => {
    const met = new Set(tested.map((status) => ruleFor(table, status)));
    expect(table.filter((rule) => !met.has(rule))).toEqual([]);
  });

  it('has a row for every status', () => {
    for (let status = 0; status <= 999; status += 1) expect(ruleFor(table, status)).toBeDefined();
  });
});

it('is what the manual says, row by row', () => {
  const lines = readFileSync(join(__dirname, '../../../../docs/opr-adapter.md'), 'utf8')
    .split('\n')
    .filter((line) => /^\| *\d/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim())
        .join(' | '),
    );
  const inWords = <O extends Operation>(table: StatusTable<O>, ...operations: O[]): string[] =>
    table.map((rule) =>
      [
        rule.status.map((part) => (typeof part === 'number' ? part : part.join('–'))).join(', '),
        ...operations.map((operation) => rule[operation]),
      ].join(' | '),
    );
  expect(lines).toEqual([
    ...inWords(ENDPOINT_STATUSES, 'forward', 'change', 'read', 'ping'),
    ...inWords(SYNC_STATUSES, 'change', 'read', 'ping'),
  ]);
});
