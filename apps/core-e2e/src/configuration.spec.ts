import { FakeServiceNow } from '@opr-connect/adapter-servicenow/testing';
import { OprClient } from '@opr-connect/core/testing';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, newEvent } from './support/events';
import { Installation, SECRETS, usual, type InstallationOptions } from './support/installation';

type Config = NonNullable<InstallationOptions['config']>;

const QUICK: InstallationOptions = { answerWithin: 0 };

/** The usual configuration with something else in it. */
const altered =
  (...changes: [string, string][]): Config =>
  (parts) =>
    changes.reduce((text, [from, to]) => {
      if (!text.includes(from)) throw new Error(`the configuration has no ${from}`);
      return text.replace(from, to);
    }, usual(QUICK)(parts));

/** What changes in the file, or in a file that it names, counts without a restart. */
describe('The configuration, while the core runs', () => {
  let hub: Installation;
  let second: FakeServiceNow;

  beforeAll(async () => {
    second = await FakeServiceNow.start({ user: 'opr.connect', password: SECRETS.SN });
    hub = await Installation.start(QUICK);
  });

  afterAll(async () => {
    await hub?.close();
    await second?.close();
  });

  afterEach(async () => {
    await hub.configure(usual(QUICK));
    await eventually('the usual configuration', async () => (await servers()).join() === 'obm,servicenow,desk');
    await eventually('it is in force', async () => (await ready())['configuration'] === 'in force');
  });

  const ready = async (): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${hub.core.url}/health/ready`);
    expect(answer.status).toBe(200);
    return (await answer.json()) as Record<string, unknown>;
  };
  const servers = async (): Promise<string[]> => {
    const { body } = await hub.api('GET', '/servers');
    return (body as { servers: { name: string }[] }).servers.map(({ name }) => name);
  };
  const logged = (what: RegExp): Promise<boolean> =>
    eventually(String(what), () => what.test(hub.core.log.join('')), 10_000);
  const statusOf = async (name: string, password: string): Promise<number> =>
    (await new OprClient(`${hub.core.url}/opr/${name}`, name, password).send('GET', '')).status;

  it('takes a server that is added: its login, its rules, and what is carried to it', async () => {
    const more = `  - name: second
    adapter: servicenow
    password: '\${DESK_IN}'
    settings: { url: '${second.url}', user: opr.connect, password: '\${SN}', hookSecret: '\${HOOK}' }
rules:
  - { name: to the second, filter: { source: second }, targets: [{ server: servicenow, type: notify }] }
  - { name: also to the second, filter: { titleContains: second }, targets: [{ server: second, type: synchronize }] }
`;
    expect(await statusOf('second', SECRETS.DESK_IN)).toBe(401);
    await hub.configure(altered(['rules:\n', more]));
    await eventually('its login', async () => (await statusOf('second', SECRETS.DESK_IN)) === 200);
    await hub.asObm.forward(newEvent({ title: 'one for the second too' }));
    await eventually('its incident', () => second.incidents().length === 1);
  });

  it('replaces the adapter of a server that changed; a call under way ends with the one it began with', async () => {
    const [before, there] = [hub.live().length, second.incidents().length];
    hub.serviceNow.faults.add({ kind: 'slow', method: 'POST', path: '/table/incident', afterMs: 4_000 });
    await hub.asObm.forward(newEvent());
    await eventually('the call', () => hub.serviceNow.incidents().length > before);
    await hub.configure(altered([hub.serviceNow.url, second.url]));
    await logged(/servicenow has new settings/);
    await hub.asObm.forward(newEvent());
    await eventually('an incident in the other place', () => second.incidents().length === there + 1);
    await eventually('all is carried', async () => (await hub.rows(PENDING)).length === 0);
    expect([hub.live().length, second.incidents().length]).toEqual([before + 1, there + 1]);
    const attempts = await hub.rows<{ said: number }>(`select count(*)::int as said from outbox_message`);
    expect(attempts).toEqual([{ said: 0 }]);
  });

  it('takes a new password from a secret file, also where the folder is a link that is turned', async () => {
    const folder = join(hub.home, 'secrets');
    for (const [version, password] of Object.entries({ v1: 'the first', v2: 'the other' })) {
      await mkdir(join(folder, version), { recursive: true });
      await writeFile(join(folder, version, 'desk'), `${password}\n`);
    }
    await symlink('v1', join(folder, 'data'));
    await hub.configure(altered(["'${DESK_IN}'", 'file:secrets/data/desk']));
    await eventually('the first password', async () => (await statusOf('desk', 'the first')) === 200);
    await symlink('v2', join(folder, 'next'));
    await rename(join(folder, 'next'), join(folder, 'data'));
    const began = performance.now();
    await eventually('the other password', async () => (await statusOf('desk', 'the other')) === 200, 10_000);
    expect(await statusOf('desk', 'the first')).toBe(401);
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it('stays as it was when the file cannot be used, says why and quotes nothing', async () => {
    await hub.write('opr-connect.yaml', 'operators: [{ name: console, password: plainly visible }]\ncolour: red\n');
    await eventually('it is refused', async () => (await ready())['configuration'] === 'refused');
    await logged(/the configuration stays as it was.*colour: is not a known field/);
    expect(hub.core.log.join('')).not.toContain('plainly visible');
    expect(await servers()).toEqual(['obm', 'servicenow', 'desk']);
    await hub.asObm.forward(newEvent());
  });

  it.each([
    ['hubId', altered(['hubId: e2e', 'hubId: another'])],
    ['servers[1].uuid', altered(['  - name: servicenow\n', '  - name: servicenow\n    aliases: [incidents]\n'])],
  ])('refuses another %s', async (field, config) => {
    await hub.configure(config);
    await eventually('it is refused', async () => (await ready())['configuration'] === 'refused');
    expect(hub.core.log.join('')).toContain(`${field}: cannot change while the hub runs`);
  });

  it('quarantines one server with bad settings, as at the start, and the rest runs', async () => {
    await hub.configure(altered([`url: '${hub.serviceNow.url}'`, 'url: nowhere']));
    await eventually('the quarantine', async () => String((await ready())['quarantined']) === 'servicenow');
    await hub.asObm.forward(newEvent());
  });

  it('keeps what waits for a server that is removed, says so, and goes on when it returns', async () => {
    const before = hub.live().length;
    await eventually('nothing waits', async () => (await hub.rows(PENDING)).length === 0);
    await hub.serviceNow.down();
    const event = newEvent();
    await hub.asObm.forward(event);
    const [start, end] = ['  - name: servicenow', '  - name: desk'];
    const text = usual(QUICK)(hub);
    const without =
      text.slice(0, text.indexOf(start)) + text.slice(text.indexOf(end), text.indexOf('  - { name: from'));
    await hub.configure(() => without.replace('rules:\n', ''));
    await eventually('it is gone', async () => (await servers()).join() === 'obm,desk');
    const { uuid } = (await hub.rows<{ uuid: string }>(`select server as uuid from outbox_message limit 1`))[0]!;
    await logged(new RegExp(`${uuid}, which is not configured: they are kept`));
    await hub.serviceNow.up();
    expect(await hub.rows(PENDING)).toHaveLength(1);
    await hub.configure(usual(QUICK));
    await eventually('the incident', () => hub.live().length === before + 1);
  });
});

const PENDING = `select 1 from outbox_message where state = 'pending'`;
