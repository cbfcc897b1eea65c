import { FakeOprParty } from '@opr-connect/adapter-opr/testing';
import { FakeServiceNow } from '@opr-connect/adapter-servicenow/testing';
import type { CoreProcess } from '@opr-connect/core/testing';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ObmSide } from '../parties';
import { newDatabase, Outbox } from '../outbox';
import { OBM, TOOL } from '../proxies/dialects';
import { HookRelay } from '../proxies/hook-relay';
import { HttpProxy } from '../proxies/http-proxy';
import { PostgresProxy } from '../proxies/postgres-proxy';
import { configuration, SECRETS } from '../secrets';
import { startCore } from '../start-core';
import { Timeline } from './timeline';

const LOOK_MS = 50;
const QUIET_MS = 180_000;

/** One core between an OBM and a ServiceNow, on a database of its own, with a proxy on every way out of it. */
export class Site {
  private core!: CoreProcess;
  private closers: (() => Promise<unknown>)[] = [];

  private constructor(
    readonly timeline: Timeline,
    readonly obm: FakeOprParty,
    readonly tool: FakeServiceNow,
    readonly relay: HookRelay,
    readonly ways: { obm: HttpProxy; tool: HttpProxy },
    readonly obmSide: ObmSide,
    private readonly outbox: Outbox,
    private readonly database: string,
    private readonly folder: string,
  ) {}

  static async start(cluster: string): Promise<Site> {
    const timeline = new Timeline();
    const folder = await mkdtemp(join(tmpdir(), 'opr-connect-crash-'));
    const database = await newDatabase(cluster);
    const postgres = await PostgresProxy.start(new URL(database), timeline);
    const url = (): string => site.core.url;
    const relay = await HookRelay.start(url);
    const hook = { url: relay.url, secret: SECRETS.HOOK };
    const tool = await FakeServiceNow.start({ user: 'opr.connect', password: SECRETS.SN, hook });
    // As the manual's business rule: what the hub writes is not told back. The histories do not spare it that.
    tool.hooks.behaviour.echo = false;
    const obm = await FakeOprParty.start({ user: 'opr-connect', password: SECRETS.OBM_OUT });
    const ways = {
      obm: await HttpProxy.start(() => obm.url, OBM, timeline),
      tool: await HttpProxy.start(() => tool.url, TOOL, timeline),
    };
    const outbox = await Outbox.open(database);
    const obmSide = new ObmSide(obm, url);
    const site: Site = new Site(timeline, obm, tool, relay, ways, obmSide, outbox, postgres.url, folder);
    site.closers = [ways.obm, ways.tool, relay, tool, obm, outbox, postgres].map((each) => () => each.close());
    await writeFile(
      join(folder, 'opr-connect.yaml'),
      configuration(ways.obm.url + new URL(obm.syncUrl).pathname, ways.tool.url),
    );
    await site.startCore();
    return site;
  }

  async startCore(): Promise<void> {
    this.core = await startCore(this.database, this.folder);
  }

  async kill(): Promise<void> {
    await this.core.kill();
  }

  /** Resolves when nothing is under way or due anywhere. @throws after a time, with what is still there */
  async quiet(): Promise<void> {
    for (const deadline = Date.now() + QUIET_MS; ; await sleep(LOOK_MS)) {
      const pending = await this.unrest();
      if (pending === undefined) return;
      if (Date.now() > deadline) throw new Error(`not quiet: ${pending}`);
    }
  }

  /** What will never be delivered. */
  async deadLetters(): Promise<string[]> {
    return this.outbox.dead();
  }

  async close(): Promise<void> {
    await this.kill();
    for (const close of this.closers) await close();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async unrest(): Promise<string | undefined> {
    await this.tool.hooks.quiet();
    if (this.relay.open > 0) return 'a hook is on its way';
    const pending = await this.outbox.pending();
    if (pending.length > 0) return `waiting: ${pending.join(', ')}`;
    if (this.ways.obm.open + this.ways.tool.open + this.relay.open > 0) return 'a call is under way';
    return undefined;
  }
}
