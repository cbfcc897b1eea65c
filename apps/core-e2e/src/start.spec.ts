import { writeEvent } from '@opr-connect/opr';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoreEnded, CoreProcess, OprClient } from '@opr-connect/core/testing';
import { eventually, newEvent } from './support/events';
import { Installation } from './support/installation';

const folders: string[] = [];

async function newFolder(config?: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'opr-connect-start-'));
  // Where the core runs as root, PostgreSQL runs as somebody else, who must get through.
  await chmod(folder, 0o711);
  folders.push(folder);
  if (config !== undefined) await writeFile(join(folder, 'opr-connect.yaml'), config);
  return folder;
}

afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/** How a start that must fail ended. */
async function endOf(environment: Record<string, string>, folder: string): Promise<CoreEnded> {
  try {
    const core = await CoreProcess.start(environment, folder);
    await core.kill();
  } catch (error) {
    if (error instanceof CoreEnded) return error;
    throw error;
  }
  throw new Error('the core started');
}

describe('The core on a data folder of its own', () => {
  const CONSOLE = 'operators of this core';
  let folder: string;
  let core: CoreProcess;
  const start = (): Promise<CoreProcess> =>
    CoreProcess.start({ OPR_CONNECT_DATA_DIR: join(folder, 'data'), CONSOLE }, folder);
  const said = (what: RegExp): Promise<boolean> => eventually(String(what), () => what.test(core.told.join('')), 5_000);
  const operator = (): OprClient => new OprClient(`${core.url}/opr-web/rest/9.10`, 'console', CONSOLE);

  beforeAll(async () => {
    folder = await newFolder();
    core = await start();
  });

  afterAll(() => core?.stop());

  it('starts with nothing configured, and says what to do next', async () => {
    await said(/Nothing is configured yet\. Write opr-connect\.yaml here[^]*docs\/configuration\.md/);
    const ready = await fetch(`${core.url}/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { status: 'up', quarantined: [], configuration: 'in force' },
    ]);
  });

  it('refuses a second start on the same folder, names the first and says what to do', async () => {
    const { code, said } = await endOf({ OPR_CONNECT_DATA_DIR: join(folder, 'data') }, folder);
    expect(code).toBe(69);
    expect(said).toMatch(/is in use by another core \(process \d+\)/);
    expect(said).toContain('OPR_CONNECT_DATA_DIR');
    expect((await fetch(`${core.url}/health/ready`)).status).toBe(200);
  });

  it('ends with 0 when it is told to, and starts again on what it has', async () => {
    expect(await core.stop()).toBe(0);
    await writeFile(join(folder, 'opr-connect.yaml'), "operators: [{ name: console, password: '${CONSOLE}' }]\n");
    core = await start();
    await said(/No connected servers are configured in .*opr-connect\.yaml/);
  });

  it('recovers by itself after it was killed, and holds what it had taken', async () => {
    const event = newEvent();
    expect((await operator().send('POST', '/event_list', writeEvent(event))).status).toBe(202);
    await core.kill();
    core = await start();
    expect(await operator().event(`/event_list/${event.id}`)).toMatchObject({ id: event.id, title: event.title });
  });
});

const BAD = `
hubId: 'not a name'
colour: red
operators: [{ name: console, password: plain }]
servers:
  - { name: local, adapter: opr, answerWithin: 90, password: '\${NOT_SET}' }
rules:
  - { name: nowhere, targets: [{ server: missing, type: sometimes }] }
`;

describe('A configuration that cannot be used', () => {
  it('ends the core with 78 and all problems by name, and no secret', async () => {
    const { code, said } = await endOf({ DATABASE_URL: 'postgresql://127.0.0.1:1/none' }, await newFolder(BAD));
    expect(code).toBe(78);
    for (const problem of [
      'hubId:',
      'colour',
      'operators[0].password:',
      'servers[0].name:',
      'servers[0].answerWithin:',
      'servers[0].password:',
      'NOT_SET',
      'rules[0].targets[0].server:',
      'rules[0].targets[0].type:',
    ])
      expect(said).toContain(problem);
    expect(said).not.toContain('plain');
  });

  it.each([
    ['what is no YAML', 'servers: [', {}, 78, 'opr-connect.yaml'],
    ['a file that is not there', undefined, { OPR_CONNECT_CONFIG: 'missing.yaml' }, 78, 'missing.yaml'],
    ['a port that is none', undefined, { OPR_CONNECT_PORT: 'http' }, 78, 'OPR_CONNECT_PORT'],
    [
      'a database that does not answer',
      undefined,
      { DATABASE_URL: 'postgresql://u:hush@127.0.0.1:1/x' },
      69,
      'DATABASE_URL',
    ],
  ])('%s ends it with a message for people', async (_what, config, environment, code, told) => {
    const ended = await endOf(
      { DATABASE_URL: 'postgresql://127.0.0.1:1/none', ...environment },
      await newFolder(config),
    );
    expect(ended.code).toBe(code);
    expect(ended.said).toContain(told);
    expect(ended.said).not.toMatch(/hush|\n\s+at /);
  });
});

describe('A server with bad settings', () => {
  let hub: Installation;

  beforeAll(async () => {
    hub = await Installation.start({
      config: ({ obm }) => `
operators: [{ name: console, password: '\${CONSOLE}' }]
servers:
  - { name: obm, adapter: opr, password: '\${OBM_IN}', settings: { syncUrl: '${obm.syncUrl}', user: opr-connect, password: '\${OBM_OUT}' } }
  - { name: servicenow, adapter: servicenow, settings: { url: nowhere, user: u, password: '\${SN}', hookSecret: '\${HOOK}' } }
  - { name: odd, adapter: fax }
rules:
  - { name: tickets, filter: { source: obm }, targets: [{ server: servicenow, type: synchronize }] }
`,
    });
  });

  afterAll(() => hub?.close());

  it('is quarantined by name, with the reason in the log, and the hub is ready', async () => {
    const ready = await fetch(`${hub.core.url}/health/ready`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({ status: 'up', quarantined: ['servicenow', 'odd'] });
    expect(hub.core.log.join('')).toMatch(/servicenow is quarantined: settings\.url/);
    expect(hub.core.log.join('')).toMatch(/odd is quarantined: adapter: must be one of jira, opr, servicenow, webhook/);
  });

  it('has its events wait, and who forwards them is answered with an id of ours', async () => {
    const event = newEvent();
    const id = await hub.asObm.forward(event);
    expect((await hub.asObm.event(`/event/${id}`)).id).toBe(event.id);
    const waiting = await hub.rows(
      `select m.kind, m.state, m.attempts from outbox_message m join forwarded_event f on f.id = m.forwarded_event
         join event e on e.id = f.event where e.event_id = '${event.id}'`,
    );
    expect(waiting).toEqual([{ kind: 'forward', state: 'pending', attempts: 0 }]);
  });
});
