import type { View } from '../sides';
import { violationsIn, type Done, type History, type Write } from './checker';

const first: View = { title: 'first', state: 'open', notes: [] };
const end: View = { title: 'second', state: 'closed', notes: ['§a§'] };
const did = (side: Done['side'], kind: Done['kind'], value: string): Done => ({ event: 0, side, kind, value });
const wrote = (to: Write['to'], kind: Write['kind'], value: string): Write => ({ event: 0, to, kind, value });

/** A good history: OBM edits the title, people resolve the ticket and write a note. */
const good = (): History => ({
  events: [{ owners: { title: 'obm', state: 'tool' }, first, tickets: [end], obm: end, hub: end }],
  done: [
    did('obm', 'title', 'half'),
    did('tool', 'state', 'in_progress'),
    did('tool', 'note', '§a§'),
    did('obm', 'title', 'second'),
    did('tool', 'state', 'closed'),
  ],
  writes: [wrote('tool', 'title', 'first'), wrote('tool', 'title', 'second'), wrote('obm', 'state', 'closed')],
  unrest: [],
});

/** What the checker says of the good history after something was done to it. */
function saidOf(spoil: (history: History, event: History['events'][number]) => void): string[] {
  const history = good();
  const [event] = history.events;
  if (event) spoil(history, event);
  return violationsIn(history);
}

describe('the checker of histories', () => {
  it('has nothing to say of a good one', () => {
    expect(violationsIn(good())).toEqual([]);
  });

  it('sees an edit that was lost on the way to OBM', () => {
    expect(saidOf((_, event) => (event.obm = { ...end, state: 'in_progress' }))).toEqual([
      'event 0: OBM: the state is in_progress, not closed',
    ]);
  });

  it('sees an edit that was lost on the way to the tool', () => {
    expect(saidOf((_, event) => (event.tickets = [{ ...end, title: 'half' }]))).toEqual([
      'event 0: the ticket: the title is "half", not "second"',
    ]);
  });

  it('sees an edit that was lost everywhere', () => {
    const lost = { ...end, title: 'half' };
    expect(saidOf((_, event) => Object.assign(event, { tickets: [lost], obm: lost, hub: lost }))).toHaveLength(3);
  });

  it('sees an event that was lost', () => {
    expect(saidOf((_, event) => Object.assign(event, { tickets: [], hub: undefined }))).toEqual([
      'event 0: 0 live tickets',
      'event 0: the ticket has no event',
      'event 0: the hub has no event',
    ]);
  });

  it('sees a second live ticket', () => {
    expect(saidOf((_, event) => event.tickets.push(end))).toEqual(['event 0: 2 live tickets']);
  });

  it('sees a note that is there twice, and one that is not there', () => {
    expect(saidOf((_, event) => (event.obm = { ...end, notes: ['§a§', '§a§'] }))).toEqual([
      'event 0: OBM: note §a§ is there 2 times, not 1',
    ]);
    expect(saidOf((_, event) => (event.tickets = [{ ...end, notes: [] }]))).toEqual([
      'event 0: the ticket: note §a§ is there 0 times, not 1',
    ]);
  });

  it('sees a note that nobody wrote', () => {
    expect(saidOf((_, event) => (event.hub = { ...end, notes: ['§a§', '§b§'] }))).toHaveLength(1);
  });

  it('sees an old value that was written after a new one', () => {
    expect(
      saidOf(({ writes }) => writes.push(wrote('tool', 'title', 'first'), wrote('tool', 'title', 'second'))),
    ).toEqual(['event 0: order: title was edited first → half → second, and written first → second → first → second']);
  });

  it('lets a repeated write pass, and edits that were merged', () => {
    expect(saidOf(({ writes }) => writes.push(wrote('tool', 'title', 'second')))).toEqual([]);
  });

  it('lets either edit win where two met, but not both, and nothing that nobody wrote', () => {
    const met = (title: string) => (_: History, event: History['events'][number]) => {
      const view = { ...end, title };
      Object.assign(event, { owners: { title: 'both', state: 'tool' }, tickets: [view], obm: view, hub: view });
    };
    expect(saidOf(met('half'))).toEqual([]);
    expect(saidOf(met('invented'))).toEqual(['event 0: nobody ever wrote the title "invented"']);
    expect(
      saidOf((history, event) => {
        met('half')(history, event);
        event.tickets = [end];
      }),
    ).toEqual(['event 0: the ticket: the title is "second", not "half"']);
  });

  it('sees an echo without an end', () => {
    expect(saidOf(({ unrest }) => unrest.push('not quiet: waiting: change'))).toEqual(['not quiet: waiting: change']);
  });
});
