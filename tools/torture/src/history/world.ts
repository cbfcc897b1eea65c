import { FakeOprParty } from '@opr-connect/adapter-opr/testing';
import { FakeServiceNow } from '@opr-connect/adapter-servicenow/testing';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster } from '../cluster';
import { newDatabase, Outbox } from '../outbox';
import { ObmSide } from '../parties';
import { HUB, OBM, TOOL } from '../proxies/dialects';
import { HookRelay } from '../proxies/hook-relay';
import { HttpProxy } from '../proxies/http-proxy';
import { Relay } from '../proxies/relay';
import { configuration, SECRETS } from '../secrets';
import { REPLICAS, type Plan, type Side } from './plan';
import { Replica } from './replica';

/** Three cores on one PostgreSQL behind a balancer, between an OBM and a ServiceNow, with every way between them breakable. */
export class World {
  private constructor(
    readonly cluster: Cluster,
    readonly replicas: readonly Replica[],
    readonly obm: FakeOprParty,
    readonly tool: FakeServiceNow,
    readonly ways: Readonly<Record<Side, HttpProxy>>,
    readonly hooks: HookRelay,
    readonly obmSide: ObmSide,
    readonly outbox: Outbox,
    private readonly closers: readonly (() => Promise<unknown>)[],
  ) {}

  static async start(plan: Plan): Promise<World> {
    const cluster = await Cluster.start();
    const folder = await mkdtemp(join(tmpdir(), 'opr-connect-history-'));
    const database = new URL(await newDatabase(cluster.url));
    const postgres = await Relay.start(() => new URL(cluster.url));
    database.port = String(postgres.port);

    const replicas = Array.from({ length: REPLICAS }, (_, n) => new Replica(String(n), database.href, folder));
    let turn = 0;
    const balancer = await HttpProxy.start(() => {
      const up = replicas.flatMap(({ url }) => url ?? []);
      turn += 1;
      return up[turn % up.length] ?? 'http://127.0.0.1:9';
    }, HUB);
    let hook = 0;
    const hooks = await HookRelay.start(
      () => balancer.url,
      () => plan.hooks[hook++ % plan.hooks.length] ?? { delayMs: 0, copies: 1 },
    );
    const tool = await FakeServiceNow.start({
      ...{ user: 'opr.connect', password: SECRETS.SN, hook: { url: hooks.url, secret: SECRETS.HOOK } },
    });
    const obm = await FakeOprParty.start({ user: 'opr-connect', password: SECRETS.OBM_OUT });
    const ways = {
      obm: await HttpProxy.start(() => obm.url, OBM),
      tool: await HttpProxy.start(() => tool.url, TOOL),
    };
    const sync = ways.obm.url + new URL(obm.syncUrl).pathname;
    await writeFile(join(folder, 'opr-connect.yaml'), configuration(sync, ways.tool.url));
    const outbox = await Outbox.open(database.href);
    const obmSide = new ObmSide(obm, () => balancer.url);
    const parts = [ways.obm, ways.tool, balancer, hooks, tool, obm, outbox, postgres];
    const world = new World(cluster, replicas, obm, tool, ways, hooks, obmSide, outbox, [
      () => Promise.all(replicas.map((replica) => replica.kill())),
      ...parts.map((part) => () => part.close()),
      () => cluster.stop(),
      () => rm(folder, { recursive: true, force: true }),
    ]);
    await Promise.all(replicas.map((replica) => replica.start())).catch(async (error: unknown) => {
      await world.close();
      throw error;
    });
    return world;
  }

  async close(): Promise<void> {
    for (const close of this.closers) await close();
  }
}
