import { eventually, newEvent, stateChange } from './support/events';
import { Installation } from './support/installation';

describe('a symptom and its cause in ServiceNow', () => {
  let installation: Installation;
  beforeAll(async () => {
    installation = await Installation.start();
  });
  afterAll(() => installation.close());

  const incident = (title: string) => installation.live().find((row) => row['short_description'] === title);

  it('stay tied when the record of the cause is closed for good and goes on in a new one', async () => {
    const cause = newEvent({ title: 'the switch is down' });
    const symptom = newEvent({ title: 'a host is down', cause: { targetId: cause.id } });
    for (const event of [cause, symptom]) await installation.asObm.forward(event);
    await installation.quiet();
    const closed = incident('the switch is down')?.['sys_id'] ?? '';
    expect(incident('a host is down')?.['parent_incident']).toBe(closed);

    const resolution = { close_code: 'Solution provided', close_notes: 'Cable replaced.' };
    installation.serviceNow.asPerson('itil.user').update(closed, { state: '7', ...resolution });
    const stateOf = async () => (await installation.asObm.event(`/event/${cause.id}`)).state;
    await eventually('the event is closed', async () => (await stateOf()) === 'closed');
    await installation.quiet();
    const reopened = stateChange('open', 'reopened');
    installation.obm.edit(cause.id, reopened);
    await installation.asObm.change(cause.id, reopened);
    await installation.quiet();

    const records = installation.live().filter((row) => row['short_description'] === 'the switch is down');
    const anew = records.find((row) => row['sys_id'] !== closed);
    expect(anew?.['state']).not.toBe('7');
    expect(incident('a host is down')?.['parent_incident']).toBe(anew?.['sys_id']);
  });
});
