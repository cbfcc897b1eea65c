import type { OprEvent } from '@opr-connect/opr';
import { note, state } from '../parties';
import { descriptionOf, ticketsOf, type View } from '../sides';
import type { Fate } from '../proxies/http-proxy';
import type { Site } from './site';

/** A straight walk through the hub. Its last step is the one in which the core is killed. */
export interface Walk {
  name: string;
  /** The write to the outside whose outcome may be doubtful. */
  write: { way: 'obm' | 'tool'; label: string };
  /** What the documents say that cannot be had, for a fate of the write. It is shown, and nothing else may be wrong. */
  notPromised?: { fate: Fate; fault: string };
  /** What has to happen before. */
  prepare(site: Site, event: Subject): Promise<void>;
  act(site: Site, event: Subject): Promise<void>;
  /** What every side has to show in the end. */
  end(event: Subject): View;
}

export type Subject = OprEvent & { id: string; title: string };

const FIRST = '§first§';
const MORE = '§more§';

export const newSubject = (id: string): Subject => ({
  id,
  title: `Disk array controller failed (${id.slice(0, 8)})`,
  description: descriptionOf(id),
  state: 'open',
  severity: 'critical',
  annotationList: { annotation: [{ id: `${id.slice(0, -4)}aaaa`, author: 'admin', text: FIRST }] },
});

const forwarded = async (site: Site, event: Subject): Promise<void> => {
  await site.obmSide.forward(event);
  await site.quiet();
};

const asPerson = (site: Site, event: Subject, values: Record<string, string>): void => {
  const [ticket] = ticketsOf(site.tool, event.id);
  if (!ticket) throw new Error('there is no ticket to work in');
  site.tool.asPerson('itil.user').update(ticket.number, values);
};

const RESOLVED = { state: '6', close_code: 'Solution provided', close_notes: 'Replaced.', work_notes: MORE };

export const WALKS: readonly Walk[] = [
  {
    name: 'forward',
    write: { way: 'tool', label: 'create ticket' },
    prepare: async () => undefined,
    act: (site, event) => site.obmSide.forward(event),
    end: ({ title }) => ({ title, state: 'open', notes: [FIRST] }),
  },
  {
    name: 'change',
    write: { way: 'tool', label: 'update ticket' },
    // A journal entry can be neither unique nor removed: docs/servicenow.md, "What is not promised".
    notPromised: { fate: 'late', fault: `the ticket: note ${MORE} is there 2 times, not 1` },
    prepare: forwarded,
    act: (site, event) => site.obmSide.change(event.id, state('in_progress'), note(MORE)),
    end: ({ title }) => ({ title, state: 'in_progress', notes: [FIRST, MORE] }),
  },
  {
    name: 'hook',
    write: { way: 'obm', label: 'sync back' },
    prepare: forwarded,
    act: async (site, event) => asPerson(site, event, RESOLVED),
    end: ({ title }) => ({ title, state: 'closed', notes: [FIRST, MORE] }),
  },
  {
    // The hook of the last edit is lost, and an old one comes twice: it tells what the ticket no longer holds.
    name: 'read in doubt',
    write: { way: 'obm', label: 'sync back' },
    prepare: async (site, event) => {
      await forwarded(site, event);
      asPerson(site, event, { short_description: `${event.title}: shelf 2` });
      await site.quiet();
      asPerson(site, event, { state: '2' });
      await site.quiet();
      site.tool.hooks.behaviour.off = true;
      asPerson(site, event, RESOLVED);
      site.tool.hooks.behaviour.off = false;
    },
    act: async (site, event) => {
      const told = site.tool.hooks.sent.filter(({ body }) => body.includes(event.id) && body.includes('shelf 2'));
      const [old] = told;
      if (!old) throw new Error('no hook to send again');
      await site.relay.replay(old.body, old.signature);
    },
    end: ({ title }) => ({ title: `${title}: shelf 2`, state: 'closed', notes: [FIRST, MORE] }),
  },
];
