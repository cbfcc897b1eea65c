import { writeEvent, writeEventChange } from '@opr-connect/opr';
import { eventually, newEvent, noteChange, stateChange } from './support/events';
import { Installation } from './support/installation';

let installation: Installation;
beforeAll(async () => {
  installation = await Installation.start();
});
afterAll(() => installation.close());
afterEach(() => installation.serviceNow.faults.clear());

const incidentOf = (title: string) => installation.live().filter((incident) => incident['short_description'] === title);
const uniqueTitle = (about: string) => `${about} ${Math.random().toString(36).slice(2)}`;

/** Forwards an event from OBM and waits until ServiceNow has it. */
async function forwarded(about: string) {
  const event = newEvent({ title: uniqueTitle(about) });
  const number = await installation.asObm.forward(event);
  const [incident] = incidentOf(event.title ?? '');
  if (!incident) throw new Error('no incident');
  return { event, number, sysId: String(incident['sys_id']) };
}

describe('forwarding', () => {
  it('opens one incident, and answers its number and its address', async () => {
    const event = newEvent({ title: uniqueTitle('answered') });
    const answer = await installation.asObm.send('POST', '/event', writeEvent(event));
    const [incident] = incidentOf(event.title ?? '');
    expect(answer.status).toBe(200);
    expect(answer.body).toContain(`<id>${incident?.['number']}</id>`);
    expect(answer.body).toContain(String(incident?.['sys_id']));
    expect(incident).toMatchObject({ impact: '1', urgency: '1', state: '1' });
  });

  it('opens one incident when the same event is posted twice, and answers an id of the same row', async () => {
    const event = newEvent({ title: uniqueTitle('twice') });
    const first = await installation.asObm.forward(event);
    const second = await installation.asObm.forward(event);
    expect(second).toBe(first);
    expect(incidentOf(event.title ?? '')).toHaveLength(1);
  });

  it('opens one incident when the same event is posted 50 times at once, and every answer is an id of the same row', async () => {
    const event = newEvent({ title: uniqueTitle('fifty') });
    const ids = await Promise.all(Array.from({ length: 50 }, () => installation.asObm.forward(event)));
    await eventually('the incident', () => incidentOf(event.title ?? '').length === 1);
    for (const id of new Set(ids)) {
      expect((await installation.asObm.event(`/event/${id}`)).id).toBe(event.id);
    }
    expect(incidentOf(event.title ?? '')).toHaveLength(1);
  });

  it('does not reopen a closed event when its first copy is posted late', async () => {
    const { event, number } = await forwarded('late copy');
    await installation.asObm.change(number, stateChange('closed', 'c-1'));
    await eventually('resolved', () => installation.serviceNow.incident(number)['state'] === '6');
    await installation.asObm.forward(event);
    expect((await installation.asObm.event(`/event/${event.id}`)).state).toBe('closed');
  });
});

describe('changes from OBM', () => {
  it('reach the incident in order', async () => {
    const { number } = await forwarded('ordered');
    for (const [index, text] of ['one', 'two', 'three'].entries()) {
      expect((await installation.asObm.change(number, noteChange(text, `note-${number}-${index}`))).status).toBe(200);
    }
    // Notes that wait behind a call on its way go together in the next.
    const told = () =>
      installation.serviceNow.journal(number).flatMap(({ value }) => String(value).match(/one|two|three/g) ?? []);
    await eventually('the last note', () => told().includes('three'));
    expect(told()).toEqual(['one', 'two', 'three']);
  });

  it('are applied once when they come twice', async () => {
    const { number } = await forwarded('doubled');
    const change = noteChange('checked the cable', '8b2102d6-e242-44f5-bc02-c38811344b34');
    const answers = await Promise.all([1, 2, 3].map(() => installation.asObm.change(number, change)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    await installation.asObm.change(number, noteChange('and after it', 'after-it'));
    await eventually('the later note', () =>
      installation.serviceNow.journal(number).some((entry) => String(entry['value']).includes('and after it')),
    );
    const notes = installation.serviceNow
      .journal(number)
      .filter((entry) => String(entry['value']).includes('checked the cable'));
    expect(notes).toHaveLength(1);
  });

  it('close the incident with a resolution that the instance knows', async () => {
    const { number } = await forwarded('closed in OBM');
    await installation.asObm.change(number, stateChange('closed'));
    await eventually('resolved', () => installation.serviceNow.incident(number)['state'] === '6');
    expect(installation.serviceNow.incident(number)['close_code']).not.toBe('');
  });

  it('find their event by the number, by the hub’s own id and by the event id', async () => {
    const { event, number } = await forwarded('three names');
    const byEventId = await installation.asObm.send(
      'POST',
      '/event_change',
      writeEventChange({ ...noteChange('by event id'), eventRef: { targetGlobalId: event.id } }),
    );
    expect(byEventId.status).toBe(200);
    expect((await installation.asObm.change(number, noteChange('by number'))).status).toBe(200);
    expect((await installation.asObm.event(`/event/${number}`)).annotationList?.annotation).toHaveLength(2);
  });
});

describe('work in ServiceNow', () => {
  it('annotates, moves and closes the event in OBM, each once, and comes back to nobody', async () => {
    const { event, number } = await forwarded('worked on');
    const person = installation.serviceNow.asPerson('itil.user');
    person.workNote(number, 'Spare part ordered.');
    person.update(number, { state: '2' });
    person.resolve(number, 'Replaced.');
    const mine = () => installation.obm.changes.filter(({ id }) => id === event.id);
    const kinds = () =>
      mine().flatMap(({ change }) => (change.changedProperties ?? []).map(({ propertyName }) => propertyName));
    await eventually('the event is closed in OBM', () => installation.obm.event(event.id)?.state === 'closed');
    await installation.quiet();
    expect(kinds().filter((kind) => kind === 'annotation')).toHaveLength(1);
    expect(
      installation.serviceNow.journal(number).filter((entry) => String(entry['value']).includes('Spare part')),
    ).toHaveLength(1);
    expect(installation.serviceNow.incident(number)['state']).toBe('6');
  });
});

describe('when ServiceNow is in trouble', () => {
  it('OBM gets its 2xx with our own id, the incident is opened when ServiceNow returns, and both ids work afterwards', async () => {
    await installation.serviceNow.down();
    const event = newEvent({ title: uniqueTitle('down') });
    const ownId = await installation.asObm.forward(event);
    expect(ownId).toMatch(/^[0-9a-f-]{36}$/);
    await installation.serviceNow.up();
    const number = await eventually('the incident', () => incidentOf(event.title ?? '')[0]?.['number']);
    await eventually(
      'the number is known',
      async () => (await installation.asObm.send('GET', `/event/${number}`)).status === 200,
    );
    const named = await eventually('OBM is told the number', () =>
      installation.obm
        .event(event.id)
        ?.customAttributeList?.customAttribute?.find(({ name }) => name === 'servicenow id'),
    );
    expect(named.value).toBe(number);
    for (const id of [ownId, number, event.id])
      expect((await installation.asObm.event(`/event/${id}`)).id).toBe(event.id);
    expect((await installation.asObm.change(ownId, noteChange('by our own id'))).status).toBe(200);
    await eventually('the note', () =>
      installation.serviceNow.journal(number).some((entry) => String(entry['value']).includes('by our own id')),
    );
  });

  it('one live incident remains when an answer is lost after the commit', async () => {
    installation.serviceNow.faults.add({ kind: 'lost', method: 'POST', path: '/table/incident' });
    const event = newEvent({ title: uniqueTitle('lost answer') });
    await installation.asObm.forward(event);
    await installation.quiet();
    expect(incidentOf(event.title ?? '')).toHaveLength(1);
  });

  it('a note is written once when the answer to it is lost', async () => {
    const { number } = await forwarded('lost note');
    installation.serviceNow.faults.add({ kind: 'lost', method: 'PATCH' });
    await installation.asObm.change(number, noteChange('written once'));
    await installation.quiet();
    expect(
      installation.serviceNow.journal(number).filter((entry) => String(entry['value']).includes('written once')),
    ).toHaveLength(1);
  });

  it('a rejected event is told to OBM as an annotation, and is a dead letter', async () => {
    installation.serviceNow.faults.add({
      kind: 'status',
      status: 403,
      method: 'POST',
      path: '/table/incident',
      error: { message: 'Operation Failed', detail: 'Data Policy Exception: caller is mandatory' },
    });
    const event = newEvent({ title: uniqueTitle('rejected') });
    await installation.asObm.forward(event);
    const annotation = await eventually(
      'OBM is told',
      () => installation.obm.event(event.id)?.annotationList?.annotation?.[0],
    );
    expect(annotation.text).toContain('Data Policy Exception: caller is mandatory');
    const [row] = await installation.rows<{ state: string }>(
      `select f.state from forwarded_event f join event e on e.id = f.event where e.event_id = '${event.id}' and f.state <> 'received'`,
    );
    expect(row?.state).toBe('failed');
  });
});

describe('a storm', () => {
  it('of 200 events at once opens 200 incidents, and every one is taken over', async () => {
    const title = uniqueTitle('storm');
    const events = Array.from({ length: 200 }, (_, index) => newEvent({ title: `${title} ${index}` }));
    const ids = await Promise.all(events.map((event) => installation.asObm.forward(event)));
    expect(new Set(ids).size).toBe(200);
    const mine = () =>
      installation.live().filter((incident) => String(incident['short_description']).startsWith(title));
    await eventually('all incidents', () => mine().length >= 200);
    await installation.quiet();
    expect(mine()).toHaveLength(200);
  });
});
