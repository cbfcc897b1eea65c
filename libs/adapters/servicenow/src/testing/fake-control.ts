import type { ServerResponse } from 'node:http';
import type { Fault } from './fake-faults';
import type { HookBehaviour, HookTarget } from './fake-hooks';
import type { ImportMap } from './fake-import';
import { TASK_KINDS } from './fake-kinds';
import type { FakeServiceNow } from './fake-servicenow';
import { Refusal, type Row } from './fake-tables';

/**
 * The control desk, for people and for specs of other processes:
 *
 * | call | does |
 * | --- | --- |
 * | `GET /_fake/state` | counts, records with their journals (`incidents`, and `records` by table), faults that wait, hooks that were sent |
 * | `POST /_fake/as/<login>/<number or sys_id>` | changes fields as that person; `work_notes` and `comments` add entries |
 * | `POST /_fake/delete/<number or sys_id>` | deletes a record; no rule runs |
 * | `POST /_fake/faults`, `DELETE /_fake/faults` | orders a fault (`Fault` as JSON), forgets all |
 * | `POST /_fake/hooks` | changes the hook's behaviour (`HookBehaviour`) and target (`url`, `secret`) |
 * | `POST /_fake/imports/<staging table>` | what its transform map does (`ImportMap`) |
 * | `POST /_fake/tokens` | `{"lifetime"?: seconds, "callsPerToken"?, "expire"?: true, "revoke"?: true}`: what becomes of access tokens |
 * | `POST /_fake/search` | `{"lagMs"}`: how long after its creation a query does not find a record |
 * | `POST /_fake/clock` | `{"skewMs"}`: how far the instance's clock goes before ours |
 * | `POST /_fake/down` | refuses connections for `{"forMs": …}` |
 */
export function control(fake: FakeServiceNow, method: string, url: URL, body: string, response: ServerResponse): void {
  const say = (status: number, value: unknown) =>
    void response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value, null, 2));
  const [, , verb, ...names] = url.pathname.split('/').map(decodeURIComponent);
  try {
    switch (`${method} ${verb}`) {
      case 'GET state':
        return say(200, stateOf(fake));
      case 'POST as': {
        const [login = '', record = ''] = names;
        return say(200, fake.asPerson(login).update(record, jsonOf<Row>(body)));
      }
      case 'POST delete':
        fake.tables.remove(names[0] ?? '');
        return say(200, { deleted: names[0] });
      case 'POST faults':
        fake.faults.add(jsonOf<Fault>(body));
        return say(200, fake.faults.list());
      case 'DELETE faults':
        fake.faults.clear();
        return say(200, []);
      case 'POST hooks': {
        const { url: target, secret, ...behaviour } = jsonOf<Partial<HookBehaviour & HookTarget>>(body);
        Object.assign(fake.hooks.behaviour, behaviour);
        if (target && secret) fake.hooks.target = { url: target, secret };
        return say(200, fake.hooks.behaviour);
      }
      case 'POST imports': {
        const [staging = ''] = names;
        const map = { target: 'incident', onUpdate: 'ignore' as const, omits: [], ...jsonOf<Partial<ImportMap>>(body) };
        return say(200, (fake.imports.maps[staging] = map));
      }
      case 'POST tokens': {
        const { expire, revoke, ...ends } = jsonOf<TokenEnds & { expire?: boolean; revoke?: boolean }>(body);
        Object.assign(fake.logins, ends);
        if (expire) fake.logins.expire();
        if (revoke) fake.logins.revoke();
        const { lifetime, grants } = fake.logins;
        return say(200, { lifetime, grants });
      }
      case 'POST search':
        fake.lagMs = jsonOf<{ lagMs: number }>(body).lagMs;
        return say(200, { lagMs: fake.lagMs });
      case 'POST clock':
        fake.tables.skewMs = jsonOf<{ skewMs: number }>(body).skewMs;
        return say(200, { skewMs: fake.tables.skewMs });
      case 'POST down': {
        const { forMs } = jsonOf<{ forMs: number }>(body);
        say(200, { down: true, forMs });
        // Answered first: going down cuts this connection too.
        response.once('close', () => void fake.downFor(forMs));
        return;
      }
      default:
        return say(404, { error: 'no such control' });
    }
  } catch (error) {
    const status = error instanceof Refusal ? error.status : 400;
    return say(status, { error: error instanceof Error ? error.message : String(error) });
  }
}

type TokenEnds = Partial<Pick<FakeServiceNow['logins'], 'lifetime' | 'callsPerToken'>>;

const jsonOf = <T>(body: string): T => JSON.parse(body || '{}') as T;

const withJournal = (fake: FakeServiceNow, table: string) =>
  fake.records(table).map((row) => ({ ...row, journal: fake.journal(row['sys_id'] ?? '') }));

const stateOf = (fake: FakeServiceNow) => ({
  counts: fake.counts,
  incidents: withJournal(fake, 'incident'),
  records: Object.fromEntries(Object.keys(TASK_KINDS).map((table) => [table, withJournal(fake, table)])),
  faults: fake.faults.list(),
  hooks: fake.hooks.sent,
});
