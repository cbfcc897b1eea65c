import { writeEvent, writeEventChange } from '@opr-connect/opr';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { eventually, newEvent, stateChange } from './support/events';
import { Installation } from './support/installation';
import type { Answer } from '@opr-connect/core/testing';
import { refusalIn } from './support/refusals';

let hub: Installation;
const known = newEvent();

beforeAll(async () => {
  hub = await Installation.start({
    config: ({ obm, serviceNow }) => `
operators: [{ name: console, password: '\${CONSOLE}' }]
servers:
  - name: obm
    adapter: opr
    password: '\${OBM_IN}'
    answerWithin: 0.2
    strict: true
    settings: { syncUrl: '${obm.syncUrl}', user: opr-connect, password: '\${OBM_OUT}' }
  - name: servicenow
    adapter: servicenow
    settings: { url: '${serviceNow.url}', user: opr.connect, password: '\${SN}', hookSecret: '\${HOOK}' }
  - name: desk
    adapter: opr
    password: '\${DESK_IN}'
    settings: { endpointUrl: '${obm.endpointUrl}', user: opr-connect, password: '\${OBM_OUT}' }
rules:
  - { name: tickets, filter: { source: obm, category: Storage }, targets: [{ server: servicenow, type: synchronize }] }
  - { name: told, filter: { source: local, category: told }, targets: [{ server: desk, type: notify }] }
  - { name: shared, filter: { source: local, category: shared }, targets: [{ server: desk, type: synchronize }] }
`,
  });
  await eventually('the number', async () => (await post('/event', writeEvent(known))).status === 200);
});

afterAll(() => hub?.close());

const post = (path: string, body: string, headers?: Record<string, string>): Promise<Answer> =>
  hub.asObm.send('POST', path, body, headers);
const closing = writeEventChange(stateChange('closed'));

/** Another client to the whole PostgreSQL, from where a database can be closed. */
async function admin(...statements: string[]): Promise<void> {
  const client = new Client({ connectionString: process.env['E2E_DATABASE_URL'] });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

/** An event of the hub itself that the desk shares. */
async function sharedWithDesk(category: 'told' | 'shared'): Promise<string> {
  const event = newEvent({ category });
  await hub.asOperator.send('POST', '/event_list', writeEvent(event));
  await eventually('the desk has it', () => hub.obm.externalId(event.id));
  return event.id;
}

async function contradicting(): Promise<Answer> {
  const other = newEvent({ category: 'none' });
  await hub.asObm.forward(other);
  return hub.asObm.change(known.id, { ...stateChange('closed'), eventRef: { targetId: other.id } });
}

async function unsettable(): Promise<Answer> {
  return hub.asServer('desk').change(await sharedWithDesk('shared'), {
    changedProperties: [{ kind: 'string_property_change', propertyName: 'category', currentValue: 'x' }],
  });
}

async function whileTheToolIsDown(): Promise<Answer> {
  await hub.serviceNow.down();
  const event = newEvent();
  const answer = await post('/event', writeEvent(event));
  expect(await hub.rows(`select 1 from event where event_id = '${event.id}'`)).toHaveLength(1);
  await hub.serviceNow.up();
  await eventually('the number', async () => (await post('/event', writeEvent(event))).status === 200);
  return answer;
}

async function whileTheDatabaseIsAway(): Promise<Answer> {
  const [row] = await hub.rows<{ name: string }>('select current_database() as name');
  const name = row?.name ?? '';
  await admin(
    `alter database ${name} allow_connections false`,
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
  );
  try {
    return await post('/event', writeEvent(newEvent()));
  } finally {
    await admin(`alter database ${name} allow_connections true`);
  }
}

/** An event that was closed long ago. */
async function retired(): Promise<string> {
  const event = newEvent({ category: 'none' });
  await post('/event', writeEvent(event));
  await hub.rows(`update event set retired_at = now() where event_id = '${event.id}'`);
  return event.id;
}

/** The hub's contract: what it answers for which reason. `docs/status-codes.md` says the same. */
const CONTRACT: [string, number, () => Promise<Answer>][] = [
  ['accepted', 200, () => post('/event', writeEvent(known))],
  ['submitted', 202, () => hub.asOperator.send('POST', '/event_list', writeEvent(newEvent()))],
  ['not_well_formed', 400, () => post('/event', '<event')],
  ['ids_contradict', 400, () => contradicting()],
  ['not_logged_in', 401, () => post('/event', writeEvent(newEvent()), { authorization: 'Basic eDp5' })],
  ['not_your_path', 403, () => hub.asServer('desk', '/opr/obm').send('GET', '')],
  ['not_forwarded', 403, () => hub.asServer('desk').send('GET', `/event/${known.id}`)],
  [
    'type_forbids_changes',
    403,
    async () => hub.asServer('desk').change(await sharedWithDesk('told'), stateChange('closed')),
  ],
  ['property_not_settable', 403, () => unsettable()],
  ['not_held', 404, () => post('/event_change/nothing', closing)],
  ['id_retired', 409, async () => post('/event', writeEvent(newEvent({ id: await retired() })))],
  ['retired', 410, async () => hub.asObm.change(await retired(), stateChange('open'))],
  ['too_large', 413, () => post('/event', 'x'.repeat(8 * 1024 * 1024 + 1))],
  ['wrong_media_type', 415, () => post('/event', writeEvent(newEvent()), { 'content-type': 'text/plain' })],
  ['wrong_document', 422, () => post('/event', closing)],
  ['id_missing', 422, () => post('/event_change', closing)],
  ['not_yet', 503, () => whileTheToolIsDown()],
  ['database_unavailable', 503, () => whileTheDatabaseIsAway()],
];

describe('What the hub answers', () => {
  it.each(CONTRACT)('%s: %d', async (reason, status, request) => {
    const answer = await request();
    expect([answer.status, answer.body]).toEqual([status, expect.any(String)]);
    if (status < 400) return;
    expect(refusalIn(answer)).toMatchObject({ status: String(status), reason });
    expect(answer.headers.get('retry-after')).toBe(status === 503 ? '5' : null);
    expect(answer.headers.get('www-authenticate') !== null).toBe(status === 401);
  });

  it('works again when the database is back', async () => {
    await eventually('the database', async () => (await post('/event', writeEvent(known))).status === 200);
  });

  it('is what the manual says', () => {
    const manual = readFileSync(join(__dirname, '../../../docs/status-codes.md'), 'utf8');
    const [, section = ''] = /### To parties that speak OPR\n([^]*?)\n###/.exec(manual) ?? [];
    const rows = [...section.matchAll(/^\| (\d{3}) +\| `(\w+)`/gm)].map(([, status, reason]) => `${status} ${reason}`);
    const refusals = CONTRACT.filter(([, status]) => status >= 400).map(([reason, status]) => `${status} ${reason}`);
    // What no client can be brought to see, and what the HTTP layer says of paths.
    const others = ['400 bad_request', '404 not_found', '414 path_too_long', '500 internal', '503 unavailable'];
    expect(rows.filter((row) => !others.includes(row)).sort()).toEqual(refusals.sort());
  });
});
