import type { ServerResponse } from 'node:http';
import type { Fault } from './fake-faults';
import type { HookBehaviour, HookTarget } from './fake-hooks';
import { Refusal } from './fake-issues';
import type { FakeJira } from './fake-jira';
import type { FakeTransition } from './fake-workflow';

/**
 * The control desk, for people and for specs of other processes:
 *
 * | call | does |
 * | --- | --- |
 * | `GET /_fake/state` | counts, issues with their comments, faults that wait, hooks that were sent |
 * | `POST /_fake/as/<login>/<id or key>/comment` | `{"text"}` |
 * | `…/transition` | `{"to", "resolution"?}` |
 * | `…/assign` | `{"to": <login> or null}` |
 * | `…/edit` | `{"summary"?, "description"?, "priority"?, "labels"?}` |
 * | `…/move` | `{"project"}` |
 * | `…/delete`, `…/clone` | |
 * | `POST /_fake/faults`, `DELETE /_fake/faults` | orders a fault (`Fault` as JSON), forgets all |
 * | `POST /_fake/hooks` | changes the hook's behaviour (`HookBehaviour`) and target (`url`, `secret`) |
 * | `POST /_fake/search` | `{"lagMs"}`: how far the search lags behind |
 * | `POST /_fake/limits` | `{"limits": [{"writes", "withinMs"}]}`: writes to one issue |
 * | `POST /_fake/workflow` | `{"transitions": […]}` replaces them |
 * | `POST /_fake/clock` | `{"skewMs"}`: how far the site's clock goes before ours |
 * | `POST /_fake/down` | refuses connections for `{"forMs": …}` |
 */
export function control(fake: FakeJira, method: string, url: URL, body: string, response: ServerResponse): void {
  const say = (status: number, value: unknown) =>
    void response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value, null, 2));
  const [, , verb, ...names] = url.pathname.split('/').map(decodeURIComponent);
  try {
    switch (`${method} ${verb}`) {
      case 'GET state':
        return say(200, stateOf(fake));
      case 'POST as': {
        const [login = '', issue = '', action = ''] = names;
        return say(200, act(fake, login, issue, action, jsonOf(body)));
      }
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
      case 'POST search':
        fake.index.lagMs = jsonOf<{ lagMs: number }>(body).lagMs;
        return say(200, { lagMs: fake.index.lagMs });
      case 'POST limits':
        fake.limits.limits = jsonOf<{ limits: { writes: number; withinMs: number }[] }>(body).limits;
        return say(200, fake.limits.limits);
      case 'POST workflow':
        fake.workflow.transitions = jsonOf<{ transitions: FakeTransition[] }>(body).transitions;
        return say(200, fake.workflow.transitions);
      case 'POST clock':
        fake.issues.skewMs = jsonOf<{ skewMs: number }>(body).skewMs;
        return say(200, { skewMs: fake.issues.skewMs });
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

function act(fake: FakeJira, login: string, issue: string, action: string, said: Record<string, unknown>): unknown {
  const person = fake.asPerson(login);
  const text = (name: string) => String(said[name] ?? '');
  switch (action) {
    case 'comment':
      person.comment(issue, text('text'));
      break;
    case 'transition':
      person.transition(issue, text('to'), said['resolution'] === undefined ? undefined : text('resolution'));
      break;
    case 'assign':
      person.assign(issue, said['to'] === null ? null : text('to'));
      break;
    case 'edit':
      person.edit(issue, said);
      break;
    case 'move':
      person.move(issue, text('project'));
      break;
    case 'delete':
      person.delete(issue);
      return { deleted: issue };
    case 'clone':
      return person.clone(issue);
    default:
      throw new Refusal(404, [`nobody can ${action}`]);
  }
  return fake.issue(issue);
}

const jsonOf = <T = Record<string, unknown>>(body: string): T => JSON.parse(body || '{}') as T;

const stateOf = (fake: FakeJira) => ({
  counts: fake.counts,
  issues: fake.all(),
  faults: fake.faults.list(),
  hooks: fake.hooks.sent,
});
