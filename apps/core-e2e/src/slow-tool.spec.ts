import { eventually, newEvent } from './support/events';
import { Installation } from './support/installation';

describe('a ServiceNow that answers after our time-out', () => {
  let installation: Installation;
  beforeAll(async () => {
    installation = await Installation.start({ answerWithin: 1, serviceNow: 'timeoutMs: 500' });
  });
  afterAll(() => installation.close());

  it('ends with one live incident, and with both ids valid', async () => {
    installation.serviceNow.faults.add({ kind: 'slow', method: 'POST', path: '/table/incident', beforeMs: 1_500 });
    const event = newEvent();
    const ownId = await installation.asObm.forward(event);
    await eventually(
      'nothing is pending',
      async () => (await installation.rows(`select 1 from outbox_message where state = 'pending'`)).length === 0,
    );
    // The late commit has happened by now, for it was asked for before everything else.
    await eventually('the incident', () => installation.serviceNow.incidents().length > 0);
    const [incident, ...more] = installation.live();
    expect(more).toEqual([]);
    for (const id of [ownId, String(incident?.['number'])]) {
      expect((await installation.asObm.event(`/event/${id}`)).id).toBe(event.id);
    }
  });
});
