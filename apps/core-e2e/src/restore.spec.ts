import { eventually, newEvent, noteChange, stateChange } from './support/events';
import { Installation } from './support/installation';

let hub: Installation;
const titled = (about: string) => newEvent({ title: `${about} ${Math.random().toString(36).slice(2)}` });

/** Forwarded and quiet before the backup. */
const before = titled('before');
/** Its note waited in the outbox when the backup was made. */
const noted = titled('noted');
/** Its forward waited in the outbox when the backup was made. */
const queued = titled('queued');
/** Forwarded after the backup: the hub knows nothing of them once it has gone back. */
const later = titled('later');
const resolved = titled('resolved later');
const after = [later, resolved];
const numbers = new Map<string, string>();

async function forward(event: { id: string }): Promise<string> {
  const number = await hub.asObm.forward(event);
  numbers.set(event.id, number);
  return number;
}

const incidentsOf = ({ title }: { title?: string }) =>
  hub.live().filter((incident) => incident['short_description'] === title);
const numberOf = ({ id }: { id: string }): string => numbers.get(id) ?? '';
const notesIn = (event: { id: string }) => hub.serviceNow.journal(numberOf(event)).map(({ value }) => value);

const quiet = async (): Promise<void> => {
  await hub.serviceNow.hooks.quiet();
  await eventually(
    'nothing waits',
    async () => (await hub.rows(`select 1 from outbox_message where state = 'pending'`)).length === 0,
  );
};

beforeAll(async () => {
  hub = await Installation.start();
  for (const event of [before, noted, queued, ...after]) hub.obm.forwarded(event);
  await forward(before);
  await forward(noted);
  await quiet();
  await hub.serviceNow.down();
  await hub.asObm.change(numberOf(noted), noteChange('from OBM', '0f5b7a34-24a5-4f1e-9b0d-6f9f5b1e1b11'));
  await hub.asObm.forward(queued);
  const backup = await hub.backup();

  await hub.serviceNow.up();
  await quiet();
  for (const event of [queued, ...after]) await forward(event);
  await hub.asObm.change(numberOf(before), stateChange('in_progress'));
  await quiet();
  hub.serviceNow.asPerson('itil.user').workNote(numberOf(before), 'A person wrote this after the backup.');
  hub.serviceNow.asPerson('itil.user').resolve(numberOf(resolved), 'Done after the backup.');
  await quiet();
  for (const event of [before, noted, queued, ...after]) expect(incidentsOf(event)).toHaveLength(1);
  await hub.restore(backup);
});
afterAll(() => hub?.close());

describe('A hub that goes back to an old backup', () => {
  it('knows nothing of what was forwarded later, and passes over what the tool tells of it', async () => {
    hub.serviceNow.asPerson('itil.user').workNote(numberOf(later), 'Told to a hub that knows nothing of it.');
    await quiet();
    expect((await hub.asObm.send('GET', `/event/${later.id}`)).status).toBe(404);
    expect((await hub.api('GET', '/dead-letters')).body.deadLetters).toEqual([]);
  });

  it('carries again what waited then, which makes neither a second ticket nor a second note', async () => {
    await quiet();
    expect(incidentsOf(queued)).toMatchObject([{ number: numberOf(queued) }]);
    expect(notesIn(noted)).toEqual([expect.stringContaining('from OBM')]);
  });

  it('finds the tickets of events that are sent again, and what people did with them', async () => {
    for (const event of [...after, queued, before]) {
      expect(await hub.asObm.forward(event)).toBe(numberOf(event));
      expect(incidentsOf(event)).toHaveLength(1);
    }
    await eventually('closed', async () => (await hub.asObm.event(`/event/${resolved.id}`)).state === 'closed');
    await eventually('OBM is told', () => hub.obm.event(resolved.id)?.state === 'closed');
    await quiet();
    expect(hub.live()).toHaveLength(5);
  });

  it('is brought up to date by a reconciliation', async () => {
    const { body } = await hub.api('POST', '/servers/servicenow/reconciliations', { dryRun: false });
    const path = `/servers/servicenow/reconciliations/${body.id}`;
    const { counts } = await eventually('it is done', async () => {
      const found = (await hub.api('GET', path)).body;
      return found.state === 'done' && found;
    });
    expect(counts).toMatchObject({ missed_annotation: 1 });
    const texts = async () =>
      (await hub.asObm.event(`/event/${before.id}`)).annotationList?.annotation?.map(({ text }) => text);
    await eventually('the note', async () => (await texts())?.includes('A person wrote this after the backup.'));
    await quiet();
    expect(hub.live()).toHaveLength(5);
  });

  it('goes on as before', async () => {
    for (const event of [before, later]) {
      hub.obm.edit(event.id, stateChange('closed'));
      await hub.asObm.change(numberOf(event), stateChange('closed'));
      await eventually('resolved', () => hub.serviceNow.incident(numberOf(event))['state'] === '6');
    }
  });
});
