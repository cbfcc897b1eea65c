import { eventually, newEvent } from './support/events';
import { Installation } from './support/installation';

/** The core is killed as a machine dies, at three points of the two walks. What it promised is kept after its restart. */
describe('kill -9', () => {
  let installation: Installation;
  beforeEach(async () => {
    installation = await Installation.start({ answerWithin: 0 });
  });
  afterEach(() => installation.close());

  const isIdle = async () =>
    (await installation.rows(`select 1 from outbox_message where state = 'pending'`)).length === 0;

  it('before the tool is called: the incident is opened after the restart', async () => {
    await installation.serviceNow.down();
    const event = newEvent();
    const ownId = await installation.asObm.forward(event);
    await installation.core.kill();
    await installation.serviceNow.up();
    await installation.restart();
    await eventually('the incident', () => installation.live().length > 0);
    await eventually('nothing is pending', isIdle);
    expect(installation.live()).toHaveLength(1);
    expect((await installation.asObm.event(`/event/${ownId}`)).id).toBe(event.id);
  });

  it('after the tool has committed and before we know: the incident is found, and there is one', async () => {
    installation.serviceNow.faults.add({ kind: 'slow', method: 'POST', path: '/table/incident', afterMs: 10_000 });
    const event = newEvent();
    await installation.asObm.forward(event);
    const number = String(await eventually('the commit', () => installation.serviceNow.incidents()[0]?.['number']));
    await installation.core.kill();
    // What people do meanwhile is not lost either, although the hook finds nobody.
    installation.serviceNow.asPerson('itil.user').update(number, { state: '2' });
    await installation.restart();
    await eventually('nothing is pending', isIdle);
    expect(installation.live()).toHaveLength(1);
    expect(installation.obm.event(event.id)?.state).toBe('in_progress');
  });

  it('before the sync-back is sent: OBM gets it after the restart, once', async () => {
    const event = newEvent();
    await installation.asObm.forward(event);
    const number = String(await eventually('the incident', () => installation.live()[0]?.['number']));
    await eventually('nothing is pending', isIdle);
    installation.obm.answerNext({ status: 503 });
    installation.serviceNow.asPerson('itil.user').workNote(number, 'On my way.');
    await eventually(
      'the hook is translated',
      async () => (await installation.rows(`select 1 from outbox_message where kind = 'change'`)).length === 1,
    );
    await installation.core.kill();
    await installation.restart();
    await eventually('nothing is pending', isIdle);
    const notes = installation.obm.event(event.id)?.annotationList?.annotation ?? [];
    expect(notes.map(({ text }) => text)).toEqual(['On my way.']);
  });
});
