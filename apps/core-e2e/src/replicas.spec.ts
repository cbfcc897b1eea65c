import { type CoreProcess, freePort, OprClient } from '@opr-connect/core/testing';
import { readEvent, writeEvent, writeEventChange } from '@opr-connect/opr';
import { eventually, newEvent, noteChange } from './support/events';
import { Installation, SECRETS, usual } from './support/installation';

/** Cores on one PostgreSQL: there is no leader among them, and whoever calls need not care which one answers. */
describe('Several cores', () => {
  let hub: Installation;
  let cores: CoreProcess[];
  let ports: number[];

  beforeAll(async () => {
    hub = await Installation.start();
    ports = [Number(new URL(hub.core.url).port), await freePort(), await freePort()];
    cores = [hub.core, ...(await Promise.all(ports.slice(1).map((port) => hub.coreOn(port))))];
  });

  afterAll(async () => {
    await Promise.all((cores ?? []).map((core) => core.kill()));
    await hub?.close();
  });

  const at = (index: number): OprClient => asObm(cores[index]!.url);
  const asObm = (url: string): OprClient => new OprClient(`${url}/opr/obm`, 'obm', SECRETS.OBM_IN);
  const idle = () => eventually('nothing waits', async () => (await hub.rows(PENDING)).length === 0);
  const hooksGoTo = (core: CoreProcess): void => {
    hub.serviceNow.hooks.target = { url: `${core.url}/hooks/servicenow`, secret: SECRETS.HOOK };
  };
  const api = async (core: CoreProcess, method: string, path: string, body?: object) => {
    const client = new OprClient(`${core.url}/api`, 'console', SECRETS.CONSOLE);
    const text = body && JSON.stringify(body);
    const answer = await client.send(method, path, text, { 'content-type': 'application/json' });
    expect(answer.status).toBe(200);
    return JSON.parse(answer.body) as { label?: string; state: { paused: boolean } };
  };

  it('answer alike: an event at one, a change at another, a hook at the third', async () => {
    const event = newEvent();
    hub.obm.forwarded(event);
    const number = await at(0).forward(event);
    expect(number).toMatch(/^INC/);
    expect((await at(1).change(number, noteChange('from OBM'))).status).toBe(200);
    await eventually('the note', () => hub.serviceNow.journal(number).length === 1);
    hooksGoTo(cores[2]!);
    hub.serviceNow.asPerson('itil.user').update(number, { state: '2' });
    await eventually('the change at the OBM', () => hub.obm.event(event.id)?.state === 'in_progress');
    await idle();
    const told = await Promise.all([0, 1, 2].map((core) => at(core).send('GET', `/event/${number}`)));
    expect(new Set(told.map(({ status, body }) => `${status} ${body}`)).size).toBe(1);
    expect(readEvent(told[0]!.body)).toMatchObject({ state: 'in_progress', title: event.title });
    expect(await Promise.all([0, 1, 2].map((core) => at(core).forward(event)))).toEqual([number, number, number]);
  });

  it('pause and resume a server together', async () => {
    await api(cores[0]!, 'POST', '/servers/servicenow/pause', { reason: 'maintenance' });
    for (const core of cores)
      await eventually('it is paused', async () => (await api(core, 'GET', '/servers/servicenow')).state.paused);
    const events = [newEvent(), newEvent(), newEvent()];
    await Promise.all(events.map((event, core) => at(core).forward(event)));
    // Each core looks for what is due once more, and has other work.
    for (const core of cores) {
      const ours = newEvent();
      const operator = new OprClient(`${core.url}/opr-web/rest/9.10`, 'console', SECRETS.CONSOLE);
      expect((await operator.send('POST', '/event_list', writeEvent(ours))).status).toBe(202);
      await eventually('the desk has it', () => hub.obm.externalId(ours.id));
    }
    const ids = events.map(({ id }) => `'${id}'`).join();
    const forwards = await hub.rows(
      `select m.attempts from outbox_message m join forwarded_event f on f.id = m.forwarded_event join event e on e.id = f.event
        where m.kind = 'forward' and e.event_id in (${ids})`,
    );
    expect(forwards).toEqual(events.map(() => ({ attempts: 0 })));
    const before = hub.live().length;
    await api(cores[2]!, 'POST', '/servers/servicenow/resume', {});
    await idle();
    expect(hub.live()).toHaveLength(before + events.length);
  });

  it('take over another configuration within a second or so', async () => {
    await hub.configure((parts) => usual({})(parts).replace('- name: desk', '- name: desk\n    label: another desk'));
    const began = performance.now();
    const took = cores.map(async (core) => {
      const label = async () => (await api(core, 'GET', '/servers/desk')).label === 'another desk';
      await eventually('the label', label, 10_000);
      return Math.round(performance.now() - began);
    });
    process.stdout.write(`another configuration was in force after ${(await Promise.all(took)).join(', ')} ms\n`);
    await hub.configure(usual({}));
  });

  it('are restarted one after the other under load: nothing is lost, and nothing exists twice', async () => {
    const balancer = new Balancer(cores.map(({ url }) => url));
    const done: { number: string; title: string }[] = [];
    let going = true;
    const client = async (): Promise<void> => {
      while (going) {
        const event = newEvent();
        event.title = `load ${event.id}`;
        const forwarded = await balancer.send('POST', '/event', writeEvent(event));
        const id = readEvent(forwarded).id ?? '';
        for (const text of ['one', 'two'])
          await balancer.send('POST', `/event_change/${id}`, writeEventChange(noteChange(text, `${event.id} ${text}`)));
        done.push({ number: id, title: event.title });
      }
    };
    const clients = Array.from({ length: 2 }, client);
    for (const [index, port] of ports.entries()) {
      expect(await cores[index]!.stop()).toBe(0);
      const so = done.length;
      await eventually('the others go on', () => done.length > so + 4);
      cores[index] = await hub.coreOn(port);
    }
    going = false;
    await Promise.all(clients);
    await idle();
    const titles = hub.live().map((one) => String(one['short_description']));
    for (const { title } of done) expect(titles.filter((one) => one === title)).toEqual([title]);
    for (const incident of hub.live().filter((one) => String(one['short_description']).startsWith('load'))) {
      const notes = hub.serviceNow.journal(String(incident['number'])).map((entry) => String(entry['value']));
      // Two that waited together go out as one entry.
      expect(notes.join('\n').match(/\b(one|two)\b/g)).toEqual(['one', 'two']);
    }
    expect(await hub.rows(`select 1 from outbox_message where state = 'dead'`)).toEqual([]);
  }, 120_000);

  it('take over the work of one that is killed while it calls', async () => {
    const [first, ...others] = cores;
    await Promise.all(others.map((core) => core.stop()));
    hub.serviceNow.faults.add({ kind: 'slow', method: 'POST', path: '/table/incident', afterMs: 20_000 });
    const event = newEvent();
    event.title = `taken over ${event.id}`;
    const mine = () => hub.live().filter((one) => one['short_description'] === event.title);
    const lost = asObm(first!.url)
      .send('POST', '/event', writeEvent(event))
      .catch(() => undefined);
    await eventually('the call', () => mine().length === 1);
    cores[1] = await hub.coreOn(ports[1]!);
    await first!.kill();
    await lost;
    // OBM was told nothing, so it sends again.
    const number = await at(1).forward(event);
    await idle();
    expect(mine()).toHaveLength(1);
    expect((await at(1).event(`/event/${number}`)).id).toBe(event.id);
    expect(await hub.rows(`select 1 from outbox_message where claim is not null`)).toEqual([]);
  });
});

const PENDING = `select 1 from outbox_message where state = 'pending'`;

/** Sends to one core after the other, and tries the next one where one is not there or says 503, as any balancer can. */
class Balancer {
  private next = 0;

  constructor(private readonly urls: readonly string[]) {}

  /** The body of the answer. @throws when the answer is anything but 200 */
  send(method: string, path: string, body: string): Promise<string> {
    return eventually(`an answer to ${path}`, async () => {
      const url = this.urls[(this.next += 1) % this.urls.length]!;
      const client = new OprClient(`${url}/opr/obm`, 'obm', SECRETS.OBM_IN);
      const answer = await client.send(method, path, body).catch(() => undefined);
      if (answer === undefined || answer.status === 503) return undefined;
      if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.body}`);
      return answer.body;
    });
  }
}
