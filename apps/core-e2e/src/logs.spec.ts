import { eventually, newEvent, noteChange } from './support/events';
import { Installation, SECRETS } from './support/installation';

let hub: Installation;
beforeAll(async () => {
  hub = await Installation.start();
});
afterAll(() => hub?.close());

type Line = Record<string, unknown>;

const lines = (): Line[] =>
  hub.core.log
    .join('')
    .split('\n')
    .flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as Line] : []));

const lineOf = (fields: Line): Promise<Line> =>
  eventually(JSON.stringify(fields), () =>
    lines().find((line) => Object.entries(fields).every(([field, value]) => line[field] === value)),
  );

describe('The log tells in one line each', () => {
  let id: string;
  let event: string;
  beforeAll(async () => {
    const sent = newEvent();
    id = sent.id;
    hub.serviceNow.faults.add({ kind: 'status', status: 500, method: 'POST', path: '/table/incident' });
    await hub.asObm.forward(sent);
    event = String((await lineOf({ eventId: id, input: 'received' }))['event']);
  });

  it('what was decided about an event, under the ids of the hub and of its source', async () => {
    expect(await lineOf({ event, input: 'delivered' })).toMatchObject({
      ...{ msg: 'decided', eventId: id },
      decided: expect.arrayContaining([
        { what: 'delivered', detail: expect.stringMatching(/^INC/), party: expect.any(String) },
      ]),
    });
  });

  it('every attempt to carry something: to whom, for which event, how it ended and how long it took', async () => {
    const about = { event, eventId: id, server: 'servicenow', kind: 'forward' };
    const failed = await lineOf({ ...about, attempt: 1 });
    expect(failed).toMatchObject({
      ...{ msg: 'not carried', outcome: 'later', ms: expect.any(Number), reason: expect.stringContaining('500') },
    });
    const done = await lineOf({ ...about, attempt: 2 });
    expect(done).toMatchObject({ msg: 'carried', outcome: 'done', ms: expect.any(Number) });
    expect(done['message']).toBe(failed['message']);
  });

  it('every hook that was translated, and of which events it told', async () => {
    await hub.asObm.change(id, noteChange('told'));
    const [incident] = hub.live();
    hub.serviceNow.asPerson('itil.user').workNote(incident?.['number'] ?? '', 'Spare part ordered.');
    const told = await eventually('the hook', () =>
      lines().find((line) => line['kind'] === 'hook' && (line['events'] as string[] | undefined)?.includes(event)),
    );
    expect(told).toMatchObject({
      ...{ msg: 'translated', server: 'servicenow', outcome: 'done', attempt: 1, records: 1 },
      ...{ message: expect.any(String), ms: expect.any(Number) },
    });
  });

  it('every request that was refused, without its query', async () => {
    expect((await hub.asServer('desk', '/opr/obm').send('GET', '?token=nobody-reads-this')).status).toBe(403);
    expect(await lineOf({ msg: 'answered', status: 403 })).toMatchObject({
      ...{ method: 'GET', url: '/opr/obm', from: '127.0.0.1', ms: expect.any(Number), level: 40 },
    });
    expect(hub.core.log.join('')).not.toContain('nobody-reads-this');
  });

  it('nothing that is secret, and nothing that people wrote', () => {
    const written = hub.core.log.join('');
    for (const text of [...Object.values(SECRETS), 'Spare part ordered.', 'Controller 1 of array A'])
      for (const spelling of [text, encodeURIComponent(text), Buffer.from(text).toString('base64')])
        expect(written).not.toContain(spelling);
  });
});
