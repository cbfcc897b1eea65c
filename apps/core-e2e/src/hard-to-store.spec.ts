import { createHmac, randomBytes } from 'node:crypto';
import { eventually, newEvent, noteChange, stateChange } from './support/events';
import { Installation, SECRETS } from './support/installation';

/** What a party may say and PostgreSQL cannot hold as it is. None of it may be tried for ever. */
describe('what is hard to store', () => {
  let installation: Installation;
  beforeAll(async () => {
    installation = await Installation.start();
  });
  afterAll(() => installation.close());

  /** Random, so that PostgreSQL cannot make it fit into an index by compression. */
  const longId = () => randomBytes(4_000).toString('hex');

  const waitingHooks = () =>
    installation.rows(`select 1 from outbox_message where kind = 'hook' and state = 'pending'`);

  it('a change whose id is longer than an index entry is applied once', async () => {
    const event = newEvent();
    await installation.asObm.forward(event);
    const change = noteChange('with a long id', longId());
    for (let times = 0; times < 2; times += 1)
      expect((await installation.asObm.change(event.id, change)).status).toBe(200);
    const held = await installation.asObm.event(`/event/${event.id}`);
    expect(held.annotationList?.annotation?.map(({ text }) => text)).toEqual(['with a long id']);
  });

  it('an annotation whose id is longer than an index entry is applied once', async () => {
    const annotation = { id: longId(), author: 'jdoe', text: 'a long id of its own' };
    const event = newEvent({ annotationList: { annotation: [annotation] } });
    await installation.asObm.forward(event);
    await installation.asObm.forward(event);
    const held = await installation.asObm.event(`/event/${event.id}`);
    expect(held.annotationList?.annotation?.map(({ text }) => text)).toEqual(['a long id of its own']);
  });

  it('NUL in the ids of a hook does not hold up the hooks behind it', async () => {
    const event = newEvent();
    const number = await installation.asObm.forward(event);
    const incident = installation.serviceNow.incidents().find((row) => row['number'] === number);
    const key = String(incident?.['correlation_id']);
    const entry = { element: 'work_notes', sys_created_on: '2026-01-02 03:04:05', sys_created_by: 'itil.user' };
    const hook = (correlationId: string, noteId: string, value: string) => ({
      sys_id: incident?.['sys_id'],
      number,
      table: 'incident',
      correlation_id: correlationId,
      operation: 'update',
      sys_mod_count: '0',
      sys_created_on: incident?.['sys_created_on'],
      fields: {},
      journal: [{ ...entry, sys_id: noteId, value }],
    });
    for (const body of [hook('no\0key', 'n1', 'nobody'), hook(key, 'n\0two', 'first'), hook(key, 'n3', 'second')])
      expect(await post(JSON.stringify(body))).toBe(202);
    await eventually('both notes', async () => {
      const { annotationList } = await installation.asObm.event(`/event/${event.id}`);
      const texts = annotationList?.annotation?.map(({ text }) => text) ?? [];
      return texts.includes('first') && texts.includes('second');
    });
    await eventually('no hook waits', async () => (await waitingHooks()).length === 0);
  });

  it('NUL in the reason of a refusal is no reason to ask again', async () => {
    const error = { message: 'Insert\0Aborted', detail: null };
    installation.serviceNow.faults.add({ kind: 'status', method: 'POST', path: '/table/incident', status: 403, error });
    const event = newEvent();
    await installation.asObm.forward(event);
    await eventually('the refusal is told', async () => {
      const { annotationList } = await installation.asObm.event(`/event/${event.id}`);
      return annotationList?.annotation?.some(({ text }) => text?.includes('Not forwarded to servicenow'));
    });
  });

  it('a notification that no core sent does not end the process', async () => {
    await installation.rows(`select pg_notify('opr_connect', 'hello'), pg_notify('opr_connect', '{"settled":1}')`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const event = newEvent();
    await installation.asObm.forward(event);
    expect((await installation.asObm.change(event.id, stateChange('closed'))).status).toBe(200);
  });

  async function post(body: string): Promise<number> {
    const signature = createHmac('sha256', SECRETS.HOOK).update(body).digest('base64');
    const headers = { 'content-type': 'application/json', 'x-opr-connect-signature': signature };
    return (await fetch(`${installation.core.url}/hooks/servicenow`, { method: 'POST', headers, body })).status;
  }
});
