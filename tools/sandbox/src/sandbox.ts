import {
  Configuration,
  readEnvironment,
  startEmbeddedPostgres,
  startHub,
  type EmbeddedPostgres,
  type Hub,
} from '@opr-connect/core';
import type { StartStory, StoryTool } from '@opr-connect/adapter-kit/testing';
import { freePort } from '@opr-connect/core/testing';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How the hubs are wired: A plays OBM, B is the product. Secrets are references, as in any configuration. */
const OBM = (hub: string, echo: boolean) => `
hubId: demo-obm
operators: [{ name: console, password: '\${A_OPERATOR}' }]
servers:
  - name: opr-connect
    label: OPR Connect
    adapter: opr
    password: '\${P2}'
    echoToSender: ${echo}
    settings: { endpointUrl: '${hub}/opr/obm', user: obm, password: '\${P1}' }
rules:
  - name: everything critical
    filter: { severity: [critical, major] }
    targets: [{ server: opr-connect, type: synchronize }]
`;

const HUB = (obm: string, name: string, tool: StoryTool) => `
hubId: demo-hub
operators: [{ name: console, password: '\${B_OPERATOR}' }]
servers:
  - name: obm
    label: Operations Bridge Manager
    adapter: opr
    password: '\${P1}'
    settings:
      syncUrl: ${obm}/opr-gateway/rest/9.10/synchronization
      user: opr-connect
      password: '\${P2}'
  - name: ${name}
    label: ${tool.name}
    adapter: ${name}
    pollEverySeconds: ${tool.pollEverySeconds ?? 300}
    settings: ${tool.settings}
rules:
  - name: from OBM
    filter: { source: obm }
    targets: [{ server: ${name}, type: ${tool.type ?? 'synchronize'} }]
`;

export interface SandboxOptions {
  echo: boolean;
  /** The word that a configuration names its adapter by. */
  tool: string;
  startTool: StartStory;
  onProgress: (line: string) => void;
}

/** The demo's installation: two hubs on one PostgreSQL, and a fake tool. Everything is on loopback. */
export class Sandbox {
  private constructor(
    readonly obm: Hub,
    readonly hub: Hub,
    readonly tool: StoryTool,
    readonly operatorPassword: string,
    private readonly closers: (() => Promise<unknown>)[],
  ) {}

  static async start(options: SandboxOptions): Promise<Sandbox> {
    const closers: (() => Promise<unknown>)[] = [];
    try {
      return await Sandbox.build(options, closers);
    } catch (error) {
      await closeAll(closers);
      throw error;
    }
  }

  async close(): Promise<void> {
    await closeAll(this.closers);
  }

  private static async build(
    { echo, tool: toolName, startTool, onProgress }: SandboxOptions,
    closers: (() => Promise<unknown>)[],
  ): Promise<Sandbox> {
    const folder = await mkdtemp(join(tmpdir(), 'opr-connect-demo-'));
    closers.push(() => rm(folder, { recursive: true, force: true }));
    // PostgreSQL may run as another user than we do.
    await chmod(folder, 0o711);
    const postgres: EmbeddedPostgres = await startEmbeddedPostgres({ dataDir: join(folder, 'data'), onProgress });
    closers.push(() => postgres.stop());

    const secret = () => randomBytes(18).toString('base64url');
    const signing = () => `whsec_${randomBytes(24).toString('base64')}`;
    const secrets = {
      P1: secret(),
      P2: secret(),
      TOOL: signing(),
      HOOK: signing(),
      A_OPERATOR: secret(),
      B_OPERATOR: secret(),
    };
    // Both hubs must know each other's before either listens.
    const [obmPort, hubPort] = [await freePort(), await freePort()];
    const [obmUrl, hubUrl] = [`http://127.0.0.1:${obmPort}`, `http://127.0.0.1:${hubPort}`];

    const tool = await startTool({
      door: `${hubUrl}/hooks/${toolName}`,
      secret: secrets.TOOL,
      hookSecret: secrets.HOOK,
    });
    closers.push(() => tool.close());
    onProgress(`${tool.name}, a fake, listens on ${tool.url}`);

    const start = async (name: string, port: number | undefined, yaml: string) => {
      const file = join(folder, `${name}.yaml`);
      await writeFile(file, yaml);
      const environment = readEnvironment(
        {
          ...secrets,
          OPR_CONNECT_CONFIG: file,
          OPR_CONNECT_PORT: String(port),
          LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'silent',
        },
        folder,
      );
      const hub = await startHub(environment, Configuration.load(environment), await postgres.ensureDatabase(name));
      closers.push(() => hub.close());
      onProgress(`${name === 'obm' ? 'a hub that plays OBM' : 'OPR Connect'} listens on ${hub.url}`);
      return hub;
    };
    const hub = await start('hub', hubPort, HUB(obmUrl, toolName, tool));
    const obm = await start('obm', obmPort, OBM(hubUrl, echo));
    return new Sandbox(obm, hub, tool, secrets.A_OPERATOR, closers);
  }
}

async function closeAll(closers: (() => Promise<unknown>)[]): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}
