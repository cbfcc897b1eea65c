import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Adapter, Delivery, Seen } from '@opr-connect/adapter-kit';
import { readEvent, type EventChange, type OprEvent } from '@opr-connect/opr';
import { readChanges } from './conversation/changes';
import { exitCodeOf, UsageError, withServer } from './one-server';

const USAGE = `npm run try -- <server> [--event <file>] [--hook <file> [--header '<name>: <value>'] …] [--json]
  Shows what would be sent to a connected server for an event (OPR XML; without a file, for one that is made up), and as
  what a hook with this body would be understood. Nothing is sent and nothing is stored.`;

const TIME_LIMIT_MS = 30_000;
const KEY = '00000000-0000-5000-8000-000000000000';

const SAMPLE: OprEvent = {
  ...{ id: '00000000-0000-4000-8000-000000000001', title: 'Error packets on eth0 above threshold' },
  ...{ description: '4.78 % error packets, threshold 3 %', state: 'open', severity: 'major', priority: 'medium' },
  ...{ category: 'Network', application: 'Interface', object: 'eth0', timeReceived: '2024-03-29T20:40:15.000Z' },
  customAttributeList: { customAttribute: [{ name: 'Customer', value: 'ACME' }] },
};
const CLOSED: EventChange = {
  ...{ id: '00000000-0000-4000-8000-000000000002', timeCreated: '2024-03-29T21:00:00.000Z' },
  changedProperties: [{ kind: 'state_change', propertyName: 'state', previousValue: 'open', currentValue: 'closed' }],
};

async function main(): Promise<void> {
  const { name, event, hook, headers, json } = readArguments();
  const tried = await withServer(name, async (adapter) => ({
    ...(hook === undefined && (await sent(adapter, event))),
    ...(hook !== undefined && { understood: await understood(adapter, hook, headers) }),
  }));
  process.stdout.write(json ? `${JSON.stringify(tried, null, 2)}\n` : inWords(name, tried));
}

function readArguments() {
  const options = {
    event: { type: 'string' },
    hook: { type: 'string' },
    header: { type: 'string', multiple: true },
    json: { type: 'boolean' },
  } as const;
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const [name, ...others] = positionals;
    if (name === undefined || others.length > 0) throw new UsageError(USAGE);
    return {
      name,
      event: values.event === undefined ? SAMPLE : readEvent(readFileSync(values.event, 'utf8')),
      hook: values.hook === undefined ? undefined : readFileSync(values.hook),
      headers: Object.fromEntries((values.header ?? []).map(headerOf)),
      json: values.json ?? false,
    };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function headerOf(text: string): [string, string] {
  const [, name, value] = /^([A-Za-z0-9-]+): *(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new UsageError(`--header ${text}: must be '<name>: <value>'`);
  return [name.toLowerCase(), value];
}

type Tried = { event?: unknown; change?: unknown; understood?: Seen[] };

async function sent(adapter: Adapter, event: OprEvent): Promise<Tried> {
  if (!adapter.preview) throw new UsageError('The adapter of this server cannot show what it would send');
  const delivery: Delivery = { key: KEY, attempt: 1, signal: AbortSignal.timeout(TIME_LIMIT_MS) };
  const tried: Tried = { event: await adapter.preview({ event }, delivery) };
  // Where changes are not carried there is nothing to show of one.
  if (adapter.forwardChange)
    tried.change = await adapter.preview({ event: { ...event, state: 'closed' }, change: CLOSED }, delivery);
  return tried;
}

function understood(adapter: Adapter, body: Buffer, headers: Record<string, string>): Promise<Seen[]> {
  if (!adapter.receiveChange) throw new UsageError('This server takes no hooks');
  const hook = { headers, body, receivedAt: new Date().toISOString() };
  return adapter.receiveChange(hook, AbortSignal.timeout(TIME_LIMIT_MS));
}

function inWords(name: string, { event, change, understood: seen }: Tried): string {
  // A party that speaks OPR is sent a document.
  const shown = (value: unknown) => (typeof value === 'string' ? value.trimEnd() : JSON.stringify(value, null, 2));
  const ofChange =
    change === undefined ? 'and nothing when it changes.' : `and when it is closed, as\n${shown(change)}`;
  if (!seen) return `An event would be sent to ${name} as\n${shown(event)}\n\n${ofChange}\n`;
  if (seen.length === 0) return 'The hook tells nothing.\n';
  return seen
    .map(({ id, changeId, changes = [], snapshot, annotations }) =>
      [
        `The event ${id}${changeId === undefined ? '' : `, told as ${changeId}`}:`,
        ...readChanges(changes).properties.map(({ property, value }) => `  ${property} is ${JSON.stringify(value)}`),
        ...Object.entries(snapshot?.fields ?? {}).map(([field, value]) => `  ${field} is ${JSON.stringify(value)}`),
        ...annotations.map(({ author, text }) => `  annotation${author ? ` of ${author}` : ''}: ${text}`),
        '',
      ].join('\n'),
    )
    .join('');
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = exitCodeOf(error);
});
