import type {
  FakeTool,
  Fault,
  Harness,
  Operation,
  RefusalFault,
  Trouble,
  WireFault,
} from '@opr-connect/adapter-kit/testing';

/** What befalls a tool during a scenario. */
export interface Mishap {
  name: string;
  order(tool: FakeTool): void;
  /**
   * What it takes until all is well: nobody's help, or an operator who resumes the server and tries dead letters again. `apart`: for
   * some tools it never is.
   */
  ends: 'alone' | 'with help' | 'apart';
}

const OPERATIONS = ['create', 'change', 'note', 'read'] as const satisfies Operation[];

type Kind = WireFault | RefusalFault;

const RETRY_AFTER = { 'Retry-After': '1' };
const RETRY_DATE = () => ({ 'Retry-After': new Date(Date.now() + 1_000).toUTCString() });
const refusal = (status: number, says: string, headers?: Record<string, string>): Kind => ({
  ...{ kind: 'status', status, says },
  ...(headers && { headers }),
});

/** What every adapter survives without anybody's help. */
const PASSING: Readonly<Record<string, () => Kind>> = {
  'done and never answered': () => ({ kind: 'lost' }),
  'answered by half': () => ({ kind: 'cut' }),
  'answered byte by byte': () => ({ kind: 'drip', everyMs: 1 }),
  slow: () => ({ kind: 'slow', beforeMs: 700, afterMs: 700 }),
  'answered with 500': () => refusal(500, 'something broke'),
  'answered with 502': () => refusal(502, 'bad gateway'),
  'answered with 503': () => refusal(503, 'maintenance'),
  'answered with 429 and seconds': () => refusal(429, 'too many', RETRY_AFTER),
  'answered with 429 and a date': () => refusal(429, 'too many', RETRY_DATE()),
  'answered with 429 and no more': () => refusal(429, 'too many'),
};

/** What pauses the server or makes a dead letter, unless the adapter knows better. */
const REFUSING: Readonly<Record<string, () => Kind>> = {
  'answered with 401': () => refusal(401, 'who are you'),
  'answered with 403': () => refusal(403, 'you may not'),
  'answered with 409': () => refusal(409, 'conflict'),
  'answered with 413': () => refusal(413, 'too large'),
  'answered with 422': () => refusal(422, 'makes no sense'),
  'answered with a log-in page': () => ({ kind: 'html' }),
};

/** What may say of a record that it is gone for ever. Then nothing more is carried to it, so both sides end apart. */
const GONE: Readonly<Record<string, () => Kind>> = {
  'answered with 404': () => refusal(404, 'no such thing'),
  'answered with 410': () => refusal(410, 'gone'),
};

/** Each befalls the first call of a kind in each scenario. */
function mishapsOf(kinds: Readonly<Record<string, () => Kind>>, ends: (on: Operation) => Mishap['ends']): Mishap[] {
  return OPERATIONS.flatMap((on) =>
    Object.entries(kinds).map(([what, kind]) => ({
      name: `the first ${on} is ${what}`,
      order: (tool: FakeTool) => tool.fault({ on, ...kind() } as Fault),
      ends: ends(on),
    })),
  );
}

const MISHAPS: readonly Mishap[] = [
  ...mishapsOf(PASSING, () => 'alone'),
  ...mishapsOf(REFUSING, () => 'with help'),
  ...mishapsOf(GONE, (on) => (on === 'create' ? 'with help' : 'apart')),
];

/** What a mishap of this tool is called, and how it ends. */
const TROUBLES: Readonly<Record<Trouble, Pick<Mishap, 'name' | 'ends'>>> = {
  'dropped title': { name: 'the first change loses its title', ends: 'alone' },
  'expiring tokens': { name: 'tokens expire every few calls', ends: 'alone' },
  'doubled hooks': { name: 'every hook comes twice', ends: 'alone' },
  'late hooks': { name: 'every hook comes late', ends: 'alone' },
  'reordered hooks': { name: 'hooks come in the wrong order', ends: 'alone' },
  'imitated hooks': { name: 'somebody else imitates every hook', ends: 'alone' },
  'wrong clock': { name: 'the clock of the tool is wrong', ends: 'alone' },
};

const SEARCH_LAG_MS = 1_000;

/** Whatever can befall this tool. */
export function mishapsFor({ exempt = {}, lacks = {}, troubles = [] }: Harness): Mishap[] {
  return [
    // Where any 2xx is a success, a log-in page is one.
    ...MISHAPS.filter(({ name }) => !name.endsWith('log-in page') || exempt['failure.html'] === undefined),
    ...(lacks.lag === undefined
      ? [{ name: 'search lags behind', order: (tool: FakeTool) => tool.lag?.(SEARCH_LAG_MS), ends: 'alone' } as const]
      : []),
    ...troubles.map((trouble) => ({ ...TROUBLES[trouble], order: (tool: FakeTool) => tool.trouble?.(trouble) })),
  ];
}
