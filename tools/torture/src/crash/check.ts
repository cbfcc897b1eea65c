import { ticketsOf, viewInObm, viewOfEvent, type View } from '../sides';
import type { Site } from './site';

/** What is wrong on any side with one event, in words. Nothing, if all of them show what they have to. */
export async function faultsOf(site: Site, id: string, expected: View): Promise<string[]> {
  const tickets = ticketsOf(site.tool, id);
  const hub = await site.obmSide.shown(id);
  return [
    ...(tickets.length === 1
      ? []
      : [`${tickets.length} live tickets: ${tickets.map(({ number }) => number).join(', ')}`]),
    ...differences('the ticket', tickets[0], expected),
    ...differences('OBM', viewInObm(site.obm, id), expected),
    ...differences('the hub', viewOfEvent(hub), expected),
    ...(await site.deadLetters()).map((letter) => `left over: ${letter}`),
  ];
}

export function differences(side: string, actual: View | undefined, expected: View): string[] {
  if (!actual) return [`${side} has no event`];
  const notes = [...new Set([...expected.notes, ...actual.notes])];
  const times = (view: View, text: string) => view.notes.filter((each) => each === text).length;
  return [
    ...(actual.title === expected.title ? [] : [`${side}: the title is "${actual.title}", not "${expected.title}"`]),
    ...(actual.state === expected.state ? [] : [`${side}: the state is ${actual.state}, not ${expected.state}`]),
    ...notes
      .filter((text) => times(actual, text) !== times(expected, text))
      .map((text) => `${side}: note ${text} is there ${times(actual, text)} times, not ${times(expected, text)}`),
  ];
}
