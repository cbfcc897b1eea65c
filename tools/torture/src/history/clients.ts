import { setTimeout as sleep } from 'node:timers/promises';
import { note, state, title } from '../parties';
import { ticketsOf } from '../sides';
import type { Done } from './checker';
import type { Act } from './plan';
import type { World } from './world';

const LOOK_MS = 50;
const TICKET_MS = 180_000;

export interface Subject {
  id: string;
  title: string;
  description: string;
}

/**
 * Lets everybody act, each event and side in its own line: OBM sends one thing about an event after the other, and a person
 * waits until there is a ticket to work in. Answers what was done, in the order in which it was done.
 */
export async function act(world: World, subjects: readonly Subject[], acts: readonly Act[]): Promise<Done[]> {
  const done: Done[] = [];
  const begun = Date.now();
  const lines = new Map<string, Act[]>();
  for (const one of acts) {
    const line = `${one.event} ${one.side}`;
    lines.set(line, [...(lines.get(line) ?? []), one]);
  }
  await Promise.all(
    [...lines.values()].map(async (line) => {
      // The event comes first, whatever the plan says that happens to it.
      const inOrder = [...line].sort((a, b) => Number(b.kind === 'forward') - Number(a.kind === 'forward'));
      for (const one of inOrder) {
        await sleep(Math.max(0, begun + one.at - Date.now()));
        const subject = subjects[one.event];
        if (subject) await (one.side === 'obm' ? inObm(world, subject, one, done) : inTool(world, subject, one, done));
      }
    }),
  );
  return done;
}

async function inObm({ obmSide }: World, subject: Subject, one: Act, done: Done[]): Promise<void> {
  if (one.kind === 'forward') return obmSide.forward({ ...subject, state: 'open', severity: 'critical' });
  done.push({ event: one.event, side: 'obm', kind: one.kind, value: one.value });
  switch (one.kind) {
    case 'title':
      return obmSide.change(subject.id, title(one.value));
    case 'state':
      return obmSide.change(subject.id, state(one.value === 'closed' ? 'closed' : 'in_progress'));
    case 'note':
      return obmSide.change(subject.id, note(one.value));
  }
}

const RESOLVED = { state: '6', close_code: 'Solution provided', close_notes: 'Replaced.' };

async function inTool({ tool }: World, subject: Subject, one: Act, done: Done[]): Promise<void> {
  if (one.kind === 'forward') return;
  const number = await ticketOf(tool, subject.id);
  done.push({ event: one.event, side: 'tool', kind: one.kind, value: one.value });
  const person = tool.asPerson('itil.user');
  switch (one.kind) {
    case 'title':
      return void person.update(number, { short_description: one.value });
    case 'state':
      return void person.update(number, one.value === 'closed' ? RESOLVED : { state: '2' });
    case 'note':
      return void person.workNote(number, one.value);
  }
}

async function ticketOf(tool: World['tool'], id: string): Promise<string> {
  for (const deadline = Date.now() + TICKET_MS; ; await sleep(LOOK_MS)) {
    const [ticket] = ticketsOf(tool, id);
    if (ticket) return ticket.number;
    if (Date.now() > deadline) throw new Error(`no ticket for ${id} in ${TICKET_MS / 1000} s`);
  }
}
