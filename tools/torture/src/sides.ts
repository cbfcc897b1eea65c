import type { FakeOprParty } from '@opr-connect/adapter-opr/testing';
import type { FakeServiceNow } from '@opr-connect/adapter-servicenow/testing';
import type { OprEvent } from '@opr-connect/opr';

/** What a party shows of one event, in one form for all of them, so that they can be compared. */
export interface View {
  title: string;
  /** `closed` for whatever is finished, since a resolved ticket means a closed event. */
  state: string;
  notes: string[];
}

/** Texts that torture writes carry this mark; what a product adds of its own accord does not. */
export const MARK = /§[\w.-]+§/g;

const marksIn = (texts: readonly string[]): string[] => texts.flatMap((text) => text.match(MARK) ?? []);

export function viewOfEvent(event: OprEvent): View {
  const { title = '', state = '', annotationList } = event;
  const notes = marksIn((annotationList?.annotation ?? []).map(({ text = '' }) => text));
  return { title, state: state === 'resolved' ? 'closed' : state, notes };
}

export function viewInObm(obm: FakeOprParty, id: string): View | undefined {
  const event = obm.event(id);
  return event && viewOfEvent(event);
}

const STATES: Readonly<Record<string, string>> = {
  ...{ '1': 'open', '2': 'in_progress', '3': 'in_progress', '6': 'closed', '7': 'closed', '8': 'closed' },
};

/** Every live ticket of an event, oldest first. A ticket says in its description which event it is about. */
export function ticketsOf(tool: FakeServiceNow, id: string): (View & { number: string })[] {
  return tool
    .incidents()
    .filter((row) => row['description'] === descriptionOf(id) && row['correlation_display'] === 'OPR Connect')
    .map((row) => {
      const number = row['number'] ?? '';
      const notes = marksIn(tool.journal(number).map((entry) => entry['value'] ?? ''));
      return { number, title: row['short_description'] ?? '', state: STATES[row['state'] ?? ''] ?? '', notes };
    });
}

export const descriptionOf = (id: string): string => `Event ${id}`;
