import { FakeOprParty } from '@opr-connect/adapter-opr/testing';
import { FakeServiceNow } from '@opr-connect/adapter-servicenow/testing';
import type { OprEvent } from '@opr-connect/opr';
import { CoreProcess, freePort, OprClient } from '@opr-connect/core/testing';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { eventually } from './events';

export const SECRETS = {
  OBM_IN: 'obm forwards with this',
  OBM_OUT: 'the hub synchronises back with this',
  DESK_IN: 'the desk logs in with this',
  CONSOLE: 'operators log in with this',
  SN: 'servicenow takes this',
  HOOK: 'hooks are signed with this',
  WEBHOOK_OUT: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  WEBHOOK_IN: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
  BEYOND_ASCII: 'größer: als 日本:',
};

export interface InstallationOptions {
  /** The forwarding type of the rule to ServiceNow. */
  type?: string;
  /** Seconds that an answer may wait for the number. */
  answerWithin?: number;
  /** More lines of YAML for the ServiceNow server's settings. */
  serviceNow?: string;
  /** The URL of a database of its own. Default: a new one. */
  database?: string;
  /** Where the core listens. Default: a free port. */
  port?: number;
  /** More variables of the core's environment. */
  environment?: Record<string, string>;
  /** Another configuration altogether. */
  config?: (parts: { obm: FakeOprParty; serviceNow: FakeServiceNow }) => string;
}

/** An OBM that knows what it forwards, so that the hub may tell it of that. */
class ForwardingObm extends OprClient {
  constructor(
    root: string,
    private readonly obm: FakeOprParty,
  ) {
    super(root, 'obm', SECRETS.OBM_IN);
  }

  override forward(event: OprEvent): Promise<string> {
    if (!this.obm.event(event.id ?? '')) this.obm.forwarded(event);
    return super.forward(event);
  }
}

/** An answer of the API: each test knows what it asked for. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type ApiBody = any;

/** The built core between an OBM and a ServiceNow, on a database of its own. */
export class Installation {
  core!: CoreProcess;

  private constructor(
    readonly obm: FakeOprParty,
    readonly serviceNow: FakeServiceNow,
    /** The folder of the configuration file. */
    readonly home: string,
    private database: string,
    private readonly port: number,
    private readonly environment: Record<string, string>,
  ) {}

  static async start(options: InstallationOptions = {}): Promise<Installation> {
    const folder = await mkdtemp(join(tmpdir(), 'opr-connect-core-'));
    const database = options.database ?? (await newDatabase());
    const port = options.port ?? (await freePort());
    const obm = await FakeOprParty.start({ user: 'opr-connect', password: SECRETS.OBM_OUT });
    obm.forwardsAll = true;
    const hook = { url: `http://127.0.0.1:${port}/hooks/servicenow`, secret: SECRETS.HOOK };
    const serviceNow = await FakeServiceNow.start({ user: 'opr.connect', password: SECRETS.SN, hook });
    const installation = new Installation(obm, serviceNow, folder, database, port, options.environment ?? {});
    await writeFile(join(folder, 'opr-connect.yaml'), (options.config ?? usual(options))({ obm, serviceNow }));
    await installation.restart().catch(async (error: unknown) => {
      await Promise.all([obm.close(), serviceNow.close()]);
      throw error;
    });
    return installation;
  }

  /** Starts the core, again after a `kill`. */
  async restart(): Promise<void> {
    this.core = await this.coreOn(this.port);
  }

  /** Another core on the same database, with the same configuration. Whoever starts it stops it. */
  coreOn(port: number): Promise<CoreProcess> {
    return CoreProcess.start(
      { ...SECRETS, ...this.environment, DATABASE_URL: this.database, OPR_CONNECT_PORT: String(port) },
      this.home,
    );
  }

  /** Copies the database as it is. Answers a name for `restore`. */
  async backup(): Promise<string> {
    await this.core.stop();
    const name = await newDatabase(nameOf(this.database));
    await this.restart();
    return name;
  }

  /** Goes back to a copy, as docs/backup-and-retention.md says. */
  async restore(backup: string): Promise<void> {
    await this.core.stop();
    this.database = await newDatabase(nameOf(backup));
    await this.rows(`update outbox_message set attempts = attempts + 1 where state = 'pending' and kind <> 'hook'`);
    await this.restart();
  }

  async close(): Promise<void> {
    await this.core.kill();
    await this.obm.close();
    await this.serviceNow.close();
    await rm(this.home, { recursive: true, force: true });
  }

  /** An OBM that forwards to its root URL path. */
  get asObm(): OprClient {
    return new ForwardingObm(`${this.core.url}/opr/obm`, this.obm);
  }

  /** A connected server at the Event Synchronization Web Service. */
  asServer(name: 'obm' | 'desk' = 'desk', root = '/opr-gateway/rest/9.10/synchronization'): OprClient {
    return new OprClient(this.core.url + root, name, name === 'obm' ? SECRETS.OBM_IN : SECRETS.DESK_IN);
  }

  get asOperator(): OprClient {
    return new OprClient(`${this.core.url}/opr-web/rest/9.10`, 'console', SECRETS.CONSOLE);
  }

  /** An operator at the hub's own API. */
  async api(method: 'GET' | 'POST', path: string, body: object = {}): Promise<{ status: number; body: ApiBody }> {
    const text = method === 'GET' ? undefined : JSON.stringify(body);
    const client = new OprClient(`${this.core.url}/api`, 'console', SECRETS.CONSOLE);
    const answer = await client.send(method, path, text, { 'content-type': 'application/json' });
    return { status: answer.status, body: JSON.parse(answer.body) as ApiBody };
  }

  /** Puts another configuration in the place of the first. */
  async configure(config: NonNullable<InstallationOptions['config']>): Promise<void> {
    await this.write('opr-connect.yaml', config(this));
  }

  /** Replaces a file beside the configuration as a whole. */
  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.home, `${name}.new`), text);
    await rename(join(this.home, `${name}.new`), join(this.home, name));
  }

  /** What the database holds: for what cannot be seen from outside, such as that nothing was stored. */
  async rows<Row>(sql: string): Promise<Row[]> {
    const client = await this.connection();
    try {
      return (await client.query(sql)).rows as Row[];
    } finally {
      await client.end();
    }
  }

  /** For who asks the database often. Whoever opens it ends it. */
  async connection(): Promise<Client> {
    const client = new Client({ connectionString: this.database });
    await client.connect();
    return client;
  }

  /** Nothing is on its way to anybody, or waits for that. */
  async quiet(): Promise<void> {
    await eventually('all is quiet', async () => {
      await this.serviceNow.hooks.quiet();
      return (await this.rows(`select from outbox_message where state = 'pending'`)).length === 0;
    });
  }

  /** Incidents that are not closed as duplicates of others. */
  live(): ReturnType<FakeServiceNow['incidents']> {
    return this.serviceNow.incidents().filter((incident) => incident['correlation_display'] === 'OPR Connect');
  }
}

export const usual =
  ({ type = 'synchronize', answerWithin = 5, serviceNow: more = '' }: InstallationOptions) =>
  ({ obm, serviceNow }: { obm: FakeOprParty; serviceNow: FakeServiceNow }): string => `
hubId: e2e
operators: [{ name: console, password: '\${CONSOLE}' }]
servers:
  - name: obm
    adapter: opr
    password: '\${OBM_IN}'
    answerWithin: ${answerWithin}
    settings: { syncUrl: '${obm.syncUrl}', user: opr-connect, password: '\${OBM_OUT}' }
  - name: servicenow
    adapter: servicenow
    # What a test breaks is for what it does itself.
    pollEverySeconds: 0
    settings:
      url: '${serviceNow.url}'
      user: opr.connect
      password: '\${SN}'
      hookSecret: '\${HOOK}'
      settleMs: 500
      ${more}
  - name: desk
    adapter: opr
    password: '\${DESK_IN}'
    settings: { endpointUrl: '${obm.endpointUrl}', user: opr-connect, password: '\${OBM_OUT}' }
rules:
  - { name: from OBM, filter: { source: obm }, targets: [{ server: servicenow, type: ${type} }] }
  - { name: our own to the desk, filter: { source: local }, targets: [{ server: desk, type: ${type} }] }
`;

const nameOf = (database: string): string => new URL(database).pathname.slice(1);

async function newDatabase(template = 'template1'): Promise<string> {
  const url = new URL(process.env['E2E_DATABASE_URL'] ?? '');
  const name = `e2e_${randomUUID().replaceAll('-', '')}`;
  const client = new Client({ connectionString: url.href });
  await client.connect();
  await client.query(`create database ${name} template ${template}`);
  await client.end();
  url.pathname = `/${name}`;
  return url.href;
}
