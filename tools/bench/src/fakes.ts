import { FakeOprParty } from '@opr-connect/adapter-opr/testing';
import { FakeServiceNow } from '@opr-connect/adapter-servicenow/testing';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveCalls } from './child';
import { SECRETS } from './secrets';

export interface FakeUrls {
  /** An OBM: its Event Synchronization Web Service. */
  obm: string;
  /** A tool that speaks OPR and is well: its endpoint. */
  healthy: string;
  /** Takes connections and never says a word. */
  mute: string;
  /** Nobody listens there. */
  down: string;
  serviceNow: string;
}

export type FakeCalls = {
  start(): Promise<FakeUrls>;
  /** Where the business rule of ServiceNow posts to. */
  hookTo(url: string): void;
  /** OBM holds these events and has forwarded them. */
  obmForwards(ids: readonly string[]): void;
  /** Events that the healthy tool took over until now. */
  taken(): number;
  /** Resolves every incident as it appears, until OBM holds all these events as closed. */
  resolveAll(ids: readonly string[]): Promise<void>;
};

const LOOK_MS = 5;
const LONGEST_MS = 120_000;

async function fakes(): Promise<FakeCalls> {
  const obm = await FakeOprParty.start({ user: 'opr-connect', password: SECRETS.OBM_OUT });
  const healthy = await FakeOprParty.start({ user: 'opr-connect', password: SECRETS.TOOL });
  const serviceNow = await FakeServiceNow.start({ user: 'opr.connect', password: SECRETS.SN });
  const mute = createServer((socket) => socket.on('error', () => undefined));
  const portOf = (server: typeof mute) => (server.address() as AddressInfo).port;
  const listen = (server: typeof mute) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const gone = createServer();
  await Promise.all([listen(mute), listen(gone)]);
  const down = portOf(gone);
  await new Promise((resolve) => gone.close(resolve));
  let resolved = 0;

  return {
    start: async () => ({
      obm: obm.syncUrl,
      healthy: healthy.endpointUrl,
      mute: `http://127.0.0.1:${portOf(mute)}/opr/hub`,
      down: `http://127.0.0.1:${down}/opr/hub`,
      serviceNow: serviceNow.url,
    }),
    hookTo: (url) => void (serviceNow.hooks.target = { url, secret: SECRETS.HOOK }),
    obmForwards: (ids) => ids.forEach((id) => obm.forwarded({ id, state: 'open' })),
    taken: () => healthy.requests.filter(({ path }) => path.endsWith('/event')).length,
    resolveAll: async (ids) => {
      const person = serviceNow.asPerson('jdoe');
      const [open, deadline] = [new Set(ids), Date.now() + LONGEST_MS];
      for (;;) {
        for (const id of open) if (obm.event(id)?.state === 'closed') open.delete(id);
        if (open.size === 0) return;
        if (Date.now() > deadline) throw new Error(`${open.size} of ${ids.length} events were not closed in time`);
        const incidents = serviceNow.tables.table('incident');
        for (; resolved < incidents.length; resolved += 1)
          person.resolve(incidents[resolved]?.['sys_id'] ?? '', 'The controller was replaced.');
        await sleep(LOOK_MS);
      }
    },
  };
}

if (require.main === module) void fakes().then(serveCalls);
