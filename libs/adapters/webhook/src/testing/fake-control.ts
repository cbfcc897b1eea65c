import type { ServerResponse } from 'node:http';
import type { Fault } from './fake-faults';
import type { HookBehaviour, HookTarget } from './fake-hooks';
import type { Fields } from './fake-tickets';
import type { FakeWebhookReceiver } from './fake-webhook-receiver';

/**
 * The control desk, for people and for specs of other processes:
 *
 * | call | does |
 * | --- | --- |
 * | `GET /_fake/state` | counts, tickets, faults that wait, hooks that were sent |
 * | `POST /_fake/as/<login>/<number>` | changes fields as that person; `comment` adds a comment |
 * | `DELETE /_fake/as/<login>/<number>` | deletes the ticket |
 * | `POST /_fake/faults`, `DELETE /_fake/faults` | orders a fault (`Fault` as JSON), forgets all |
 * | `POST /_fake/hooks` | changes the behaviour of hooks (`HookBehaviour`) and their target (`url`, `secret`) |
 * | `POST /_fake/clock` | sets the clock ahead by `{"skewMs": …}` |
 * | `POST /_fake/down` | refuses connections for `{"forMs": …}` |
 */
export function control(
  fake: FakeWebhookReceiver,
  method: string,
  url: URL,
  body: string,
  response: ServerResponse,
): void {
  const say = (status: number, value: unknown) =>
    void response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value, null, 2));
  const [, , verb, login = '', ticket = ''] = url.pathname.split('/').map(decodeURIComponent);
  try {
    switch (`${method} ${verb}`) {
      case 'GET state':
        return say(200, {
          ...{ counts: fake.counts, tickets: fake.tickets(), faults: fake.faults.list(), hooks: fake.hooks.sent },
        });
      case 'POST as': {
        const { comment, ...fields } = jsonOf<Fields & { comment?: string }>(body);
        if (Object.keys(fields).length > 0) fake.asPerson(login).update(ticket, fields);
        if (comment !== undefined) fake.asPerson(login).comment(ticket, comment);
        return say(200, fake.ticket(ticket));
      }
      case 'DELETE as':
        fake.asPerson(login).delete(ticket);
        return say(200, {});
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
      case 'POST clock':
        fake.clockSkewMs = jsonOf<{ skewMs: number }>(body).skewMs;
        return say(200, { skewMs: fake.clockSkewMs });
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
    return say(400, { error: error instanceof Error ? error.message : String(error) });
  }
}

const jsonOf = <T>(body: string): T => JSON.parse(body || '{}') as T;
