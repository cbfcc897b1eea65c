import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from './sql';
import { SECRETS } from './secrets';

const MAIN = require.resolve('@opr-connect/core').replace(/index\.js$/, 'main.js');
const START_MS = 60_000;
const LONGEST_MS = 300_000;
const LOOK_MS = 100;

export interface CoreOptions {
  databaseUrl: string;
  config: string;
  /** A folder of its own. */
  folder: string;
  /** A folder for its CPU profile, written when it ends. */
  profiles: string | undefined;
}

/** The built core as a process of its own, as `npm start` runs it. */
export class Core {
  private constructor(
    private readonly process_: ChildProcess,
    readonly url: string,
    /** From its start until it listened. */
    readonly bootMs: number,
    private readonly databaseUrl: string,
  ) {}

  static async start({ databaseUrl, config, folder, profiles }: CoreOptions): Promise<Core> {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'opr-connect.yaml'), config);
    const flags = profiles ? ['--cpu-prof', `--cpu-prof-dir=${profiles}`] : [];
    const begun = performance.now();
    const child = spawn(process.execPath, [...flags, MAIN], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        LOG_LEVEL: 'warn',
        OPR_CONNECT_PORT: '0',
        DATABASE_URL: databaseUrl,
        ...SECRETS,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let told = '';
    const url = await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), START_MS);
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        told += text;
        const [, listening] = /listens on (\S+)/.exec(told) ?? [];
        if (!listening) return;
        clearTimeout(timer);
        resolve(listening);
      });
      child.once('exit', (code) => reject(new Error(`the core ended with ${code}: ${told}`)));
    });
    return new Core(child, url, performance.now() - begun, databaseUrl);
  }

  get pid(): number {
    return this.process_.pid ?? 0;
  }

  /** Where OBM forwards events to. */
  get eventUrl(): string {
    return `${this.url}/opr/obm/event`;
  }

  /** Resolves when no more than so many messages wait. */
  async carriedAll(butFor = 0): Promise<void> {
    const deadline = Date.now() + LONGEST_MS;
    for (;;) {
      const [row] = await sql<{ waiting: string }>(
        this.databaseUrl,
        `select count(*) as waiting from outbox_message where state = 'pending'`,
      );
      if (Number(row?.waiting) <= butFor) return;
      if (Date.now() > deadline) throw new Error(`${row?.waiting} messages wait, and there should be ${butFor}`);
      await sleep(LOOK_MS);
    }
  }

  async stop(): Promise<void> {
    if (this.process_.exitCode !== null || this.process_.signalCode !== null) return;
    const exited = once(this.process_, 'exit');
    this.process_.kill('SIGTERM');
    await exited;
  }
}

const opr = (name: string, endpoint: string) => `
  - name: ${name}
    adapter: opr
    idAttribute: ''
    urlAttribute: ''
    settings: { endpointUrl: '${endpoint}', user: opr-connect, password: '\${TOOL}', timeoutMs: 40000 }`;

export interface Target {
  name: string;
  /** The YAML of one entry under `servers`. */
  yaml: string;
}

export const oprTarget = (name: string, endpoint: string): Target => ({ name, yaml: opr(name, endpoint) });

export const serviceNowTarget = (url: string): Target => ({
  name: 'servicenow',
  yaml: `
  - name: servicenow
    adapter: servicenow
    idAttribute: ''
    urlAttribute: ''
    settings: { url: '${url}', user: opr.connect, password: '\${SN}', hookSecret: '\${HOOK}' }`,
});

/** A hub that OBM forwards to. Events whose category is the name of a target go there, and those of no target's nowhere. */
export const configOf = (obmSyncUrl: string, targets: readonly Target[]): string => `
hubId: bench
servers:
  - name: obm
    adapter: opr
    password: '\${OBM_IN}'
    answerWithin: 0
    settings: { syncUrl: '${obmSyncUrl}', user: opr-connect, password: '\${OBM_OUT}' }${targets.map(({ yaml }) => yaml).join('')}
rules:${targets
  .map(
    ({ name }) =>
      `\n  - { name: to ${name}, filter: { category: ${name} }, targets: [{ server: ${name}, type: synchronize }] }`,
  )
  .join('')}
`;
