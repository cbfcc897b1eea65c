import { FakeOprParty } from '@opr-connect/adapter-opr/testing';
import type { OprEvent } from '@opr-connect/opr';
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const SECRETS = {
  IN: 'obm forwards with this',
  OUT: 'the hub answers with this',
  TOOL: 'tools take this',
  HOOK: 'hooks are signed with this',
};
const BASIC = { user: 'opr.connect', password: SECRETS.TOOL };

/** The servers of the story: how each logs in, and up to which type it gets events. */
const SERVERS = {
  'spec-told': { type: 'notify', login: BASIC },
  'spec-updated': { type: 'notify_and_update', login: { apiKey: SECRETS.TOOL } },
  'spec-pushed': { type: 'synchronize', login: { token: SECRETS.TOOL } },
  'spec-polled': { type: 'synchronize', login: BASIC },
  'spec-both': { type: 'synchronize', login: { apiKey: SECRETS.TOOL } },
} as const;
type Server = keyof typeof SERVERS;
const NAMES = Object.keys(SERVERS) as Server[];
const HEARING = NAMES.filter((name) => name !== 'spec-told');

/** The `testing` of a generated adapter: its fake, and its part in the demo. */
type FakeTesting = Record<string, { start(options: object): Promise<Fake> } | (() => unknown)>;
interface Fake {
  url: string;
  close(): Promise<void>;
}
interface Ticket {
  id: string;
  title: string;
  severity: string;
  status: string;
}

/** What is used of `@opr-connect/core/testing`. Not imported: the generator would have to be built after the core. */
interface CoreTesting {
  CoreProcess: { start(environment: Record<string, string>, folder: string): Promise<Core> };
  OprClient: new (root: string, name: string, password: string) => Obm;
  freePort(): Promise<number>;
}
interface Core {
  url: string;
  stop(): Promise<unknown>;
}
interface Obm {
  forward(event: OprEvent): Promise<string>;
}

/** A core of another workspace, with its embedded database, between an OBM and the fakes of generated adapters. */
export class Story {
  private readonly event: OprEvent = { id: randomUUID(), title: 'Link down', severity: 'major', state: 'open' };
  private readonly fakes = new Map<Server, Fake>();
  private core?: Core;
  private client?: Obm;

  private constructor(private readonly obm: FakeOprParty) {}

  static async begin(root: string): Promise<Story> {
    const story = new Story(await FakeOprParty.start({ user: 'opr-connect', password: SECRETS.OUT }));
    try {
      await story.start(root);
      return story;
    } catch (error) {
      await story.end();
      throw error;
    }
  }

  private async start(root: string): Promise<void> {
    const { CoreProcess, OprClient, freePort } = (await import(join(root, 'apps/core/dist/testing'))) as CoreTesting;
    const port = await freePort();
    for (const name of NAMES) {
      const hook = { url: `http://127.0.0.1:${port}/hooks/${name}`, secret: SECRETS.HOOK };
      const testing = (await import(join(root, `libs/adapters/${name}/dist/testing`))) as FakeTesting;
      for (const fake of Object.values(testing))
        if ('start' in fake) this.fakes.set(name, await fake.start({ ...SERVERS[name].login, hook }));
    }
    const home = join(root, 'home');
    mkdirSync(home);
    writeFileSync(join(home, 'opr-connect.yaml'), configuration(this.obm, this.fakes));
    this.core = await CoreProcess.start({ ...SECRETS, OPR_CONNECT_PORT: String(port) }, home);
    this.client = new OprClient(`${this.core.url}/opr/obm`, 'obm', SECRETS.IN);
  }

  /** OBM forwards an event; each tool then has one ticket of it. */
  async forward(): Promise<void> {
    this.obm.forwarded(this.event);
    await this.client?.forward(this.event);
    for (const name of NAMES)
      await eventually(`a ticket in ${name}`, async () => (await this.ticket(name))?.title === this.event.title);
  }

  /** A person edits the ticket in one tool; OBM and the tools that hear of changes follow. */
  async edit(name: Server, fields: Partial<Ticket>): Promise<void> {
    await this.call(name, 'PATCH', `tickets/${(await this.ticket(name))?.id}`, fields);
    await eventually(
      `OBM knows of ${JSON.stringify(fields)}`,
      () => this.obm.event(this.event.id ?? '')?.title === fields.title,
    );
    for (const other of HEARING)
      await eventually(`${other} has ${JSON.stringify(fields)}`, async () => {
        const ticket = await this.ticket(other);
        return Object.entries(fields).every(([field, value]) => ticket?.[field as keyof Ticket] === value);
      });
  }

  /** A person writes a note in one tool; OBM is told. */
  async note(name: Server, text: string): Promise<void> {
    await this.call(name, 'POST', `tickets/${(await this.ticket(name))?.id}/notes`, { text });
    await eventually('OBM has the annotation', () =>
      (this.obm.event(this.event.id ?? '')?.annotationList?.annotation ?? []).some((each) => each.text?.includes(text)),
    );
  }

  async end(): Promise<void> {
    await this.core?.stop();
    for (const fake of this.fakes.values()) await fake.close();
    await this.obm.close();
  }

  /** The one ticket that a tool has. */
  private async ticket(name: Server): Promise<Ticket | undefined> {
    const tickets = (await this.call(name, 'GET', 'tickets')) as Ticket[];
    if (tickets.length > 1) throw new Error(`${name} has ${tickets.length} tickets of one event`);
    return tickets[0];
  }

  private async call(name: Server, method: string, path: string, body?: object): Promise<unknown> {
    const url = `${this.fakes.get(name)?.url}/_fake/${path}`;
    const answer = await fetch(url, { method, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status}`);
    return answer.json();
  }
}

/** JSON is YAML too. */
function configuration(obm: FakeOprParty, fakes: ReadonlyMap<Server, Fake>): string {
  const settings = { syncUrl: obm.syncUrl, user: 'opr-connect', password: '${OUT}' };
  const servers = NAMES.map((name) => {
    const login = JSON.parse(JSON.stringify(SERVERS[name].login).replaceAll(SECRETS.TOOL, '${TOOL}')) as object;
    const isPushed = name === 'spec-pushed' || name === 'spec-both';
    const own = { url: fakes.get(name)?.url, ...login, ...(isPushed && { hookSecret: '${HOOK}' }), settleMs: 250 };
    return { name, adapter: name, pollEverySeconds: 1, settings: own };
  });
  const targets = NAMES.map((name) => ({ server: name, type: SERVERS[name].type }));
  return JSON.stringify({
    hubId: 'story',
    servers: [{ name: 'obm', adapter: 'opr', password: '${IN}', settings }, ...servers],
    rules: [{ name: 'from OBM', filter: { source: 'obm' }, targets }],
  });
}

async function eventually(what: string, is: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await is())) {
    if (Date.now() > end) throw new Error(`not in time: ${what}`);
    await sleep(50);
  }
}
