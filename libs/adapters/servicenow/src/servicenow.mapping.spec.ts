import fc from 'fast-check';
import { Mapping, mappingReport, type MappingSettings, type Snapshot } from '@opr-connect/adapter-kit';
import { SEVERITIES } from '@opr-connect/opr';
import { SERVICENOW, TITLE_LIMIT } from './servicenow.facts';
import { changesBetween, describeSnapshot } from './servicenow.mapping';
import { Names } from './servicenow.names';
import { annotationsOf, holdsNote, journalEntry, noteId } from './servicenow.notes';
import { compareVersions, snapshotAtCreation, stateToWrite, type RecordRules } from './servicenow.record';
import { eventDescription, eventTitle, fullDescription, shortDescription } from './servicenow.texts';

const rulesWith = (settings?: Partial<MappingSettings>): RecordRules => ({
  ...{ mapping: new Mapping(SERVICENOW, settings), users: new Names(), groups: new Names() },
  ...{ closeCodeField: 'close_code', closeNotesField: 'close_notes', closeNotes: 'The event was closed.' },
  closedStates: ['7', '8'],
});
const rules = rulesWith();
const base = {
  ...{ short_description: 'Title', description: 'Text', state: '1', impact: '2', urgency: '1', priority: '2' },
  ...{ close_code: '', close_notes: '', assigned_to: '', 'assigned_to.user_name': '' },
  ...{ assignment_group: '', 'assignment_group.name': '' },
};
const snapshot = (fields: Partial<Record<string, string>> = {}): Snapshot => ({
  version: '1',
  fields: { ...base, ...fields } as Record<string, string>,
});
const changes = (from: Partial<Record<string, string>>, to: Partial<Record<string, string>>) =>
  changesBetween(snapshot(from), snapshot(to), rules);
const values = (from: Partial<Record<string, string>>, to: Partial<Record<string, string>>) =>
  changes(from, to).map((change) => ('currentValue' in change ? [change.propertyName, change.currentValue] : change));

describe('severity', () => {
  it.each(SEVERITIES)('%s comes back as itself, or as what it collapsed to', (severity) => {
    const [impact, urgency] = rules.mapping.severity?.toTool(severity)?.split('/') ?? [];
    const back = values({ impact: '0' }, { impact, urgency });
    expect(back).toEqual([['severity', severity === 'unknown' ? 'normal' : severity]]);
  });

  it('is no edit where impact and urgency differ and mean the same', () => {
    expect(changes({ impact: '2', urgency: '1' }, { impact: '1', urgency: '2' })).toEqual([]);
    expect(changes({ impact: '2', urgency: '2' }, { impact: '1', urgency: '3' })).toEqual([]);
  });

  it('follows the priority that ServiceNow derives', () => {
    expect(values({}, { impact: '1', urgency: '1' })).toEqual([['severity', 'critical']]);
    expect(values({}, { impact: '3', urgency: '2' })).toEqual([['severity', 'warning']]);
    expect(values({}, { impact: '', urgency: '2' })).toEqual([]);
  });
});

describe('state', () => {
  it.each([
    ['2', 'in_progress'],
    ['3', 'in_progress'],
    ['6', 'closed'],
    ['7', 'closed'],
    ['8', 'closed'],
  ])('%s means %s', (state, word) => {
    expect(values({}, { state })).toEqual([['state', word]]);
  });

  it('is no edit between values that mean the same, or that the base system does not have', () => {
    expect(changes({ state: '2' }, { state: '3' })).toEqual([]);
    expect(changes({ state: '6' }, { state: '7' })).toEqual([]);
    expect(changes({ state: '2' }, { state: '42' })).toEqual([]);
    expect(values({ state: '42' }, { state: '1' })).toEqual([['state', 'open']]);
  });

  it('of a resolved record means what the settings say', () => {
    const own = rulesWith({ state: { back: { '1': 'open', '6': 'resolved', '7': 'closed' } } });
    expect(changesBetween(snapshot(), snapshot({ state: '6' }), own)).toMatchObject([{ currentValue: 'resolved' }]);
    expect(changesBetween(snapshot({ state: '6' }), snapshot({ state: '7' }), own)).toMatchObject([
      { previousValue: 'resolved', currentValue: 'closed' },
    ]);
  });

  it('is written in the values of the settings, and not where the record is there already', () => {
    const problem = rulesWith({
      state: {
        out: { open: '101', in_progress: '104', resolved: '106', closed: '107' },
        back: { '101': 'open', '102': 'in_progress', '104': 'in_progress', '106': 'resolved', '107': 'closed' },
      },
    });
    const write = (wanted: Parameters<typeof stateToWrite>[0], current?: string) =>
      stateToWrite(wanted, current, problem);
    expect(write('in_progress')).toBe('104');
    expect(write('in_progress', '102')).toBeUndefined();
    expect(write('closed', '106')).toBe('107');
    expect(write('resolved', '107')).toBeUndefined();
    expect(write('open', '106')).toBe('104');
    expect(write('open', '104')).toBe('101');
  });
});

describe('custom attributes', () => {
  const own = rulesWith({
    customAttributes: new Map([
      ['Customer', { field: 'u_customer', direction: 'both' as const }],
      ['Room', { field: 'u_room', direction: 'out' as const }],
    ]),
  });
  const told = (was: Record<string, string>, is: Record<string, string>) =>
    changesBetween(snapshot(was), snapshot(is), own);

  it('come back from the field that the settings give them', () => {
    const about = { kind: 'custom_attribute_property_change', propertyName: 'custom_attribute', key: 'Customer' };
    expect(told({ u_customer: '' }, { u_customer: 'ACME' })).toEqual([
      { ...about, currentValue: 'ACME', changeOperation: 'insert' },
    ]);
    expect(told({ u_customer: 'ACME' }, { u_customer: 'Other' })).toEqual([
      { ...about, previousValue: 'ACME', currentValue: 'Other', changeOperation: 'update' },
    ]);
    expect(told({ u_customer: 'ACME' }, { u_customer: '' })).toEqual([
      { ...about, previousValue: 'ACME', changeOperation: 'delete' },
    ]);
  });

  it('do not where their direction is out, or where a hook does not tell the field', () => {
    expect(told({ u_room: '1' }, { u_room: '2' })).toEqual([]);
    expect(told({ u_customer: 'ACME' }, {})).toEqual([]);
  });
});

it('the report says what collapses and what a trip changes', () => {
  const report = mappingReport(rules.mapping);
  expect(report.find(({ property }) => property === 'severity')).toMatchObject({
    collapsing: [{ value: '3/3', words: ['normal', 'unknown'] }],
    changed: [{ from: 'unknown', to: 'normal' }],
  });
  expect(report.find(({ property }) => property === 'state')).toMatchObject({
    unreachable: ['resolved'],
    changed: [{ from: 'resolved', to: 'closed' }],
  });
  expect(report.find(({ property }) => property === 'priority')).toMatchObject({ direction: 'none', collapsing: [] });
});

it('users and groups come back by the names that events have for them', () => {
  const names = { users: new Names({ anna: 'itil.user', ann: 'itil.user' }), groups: new Names({ net: 'Network' }) };
  const after = snapshot({
    ...{ assigned_to: 'u', 'assigned_to.user_name': 'itil.user' },
    ...{ assignment_group: 'g', 'assignment_group.name': 'Network' },
  });
  expect(changesBetween(snapshot(), after, { ...rules, ...names })).toMatchObject([
    { currentUserName: 'anna' },
    { currentGroupName: 'net' },
  ]);
});

it('a property whose direction is out never comes back', () => {
  const own = rulesWith({ directions: { state: 'out', title: 'none' } });
  const after = snapshot({ state: '2', short_description: 'Other', close_notes: 'Done' });
  expect(changesBetween(snapshot(), after, own)).toMatchObject([{ propertyName: 'solution' }]);
});

it('priority comes back where the settings want it', () => {
  const own = rulesWith({ directions: { priority: 'back' } });
  expect(changesBetween(snapshot(), snapshot({ priority: '1' }), own)).toEqual([
    { kind: 'priority_property_change', propertyName: 'priority', previousValue: 'high', currentValue: 'highest' },
  ]);
});

describe('texts', () => {
  it('any description comes back as it was, without the lines that we add', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 300 }).map((each) => each.replaceAll('\r', ''));
    fc.assert(
      fc.property(text, text, fc.webUrl(), (title, description, drilldownUrl) => {
        const full = fullDescription({ title, description, drilldownUrl });
        expect(eventDescription(full)).toBe(description);
      }),
    );
  });

  it('a description that is too long is cut with a mark, and the lines that we add stay', () => {
    const event = { title: 't'.repeat(200), description: 'd'.repeat(900), drilldownUrl: 'https://obm.example.com/1' };
    const full = fullDescription(event, 600);
    expect(full).toHaveLength(600);
    expect(full).toMatch(/^OPR title: t{200}\n\nd+…\n\nOPR event: https:\/\/obm.example.com\/1$/);
    const long = fullDescription({ ...event, title: 't'.repeat(9_000) }, 600);
    expect(long.length).toBeLessThanOrEqual(600);
    expect(long).toContain('OPR event: https');
  });

  it('any title comes back whole, however it was cut', () => {
    const title = fc.string({ unit: 'grapheme', maxLength: 400 });
    fc.assert(
      fc.property(title, (each) => {
        const short = shortDescription(each);
        expect(short.length).toBeLessThanOrEqual(TITLE_LIMIT);
        expect(Buffer.from(short).toString()).toBe(short);
        expect(eventTitle(short, fullDescription({ title: each }))).toBe(each.replace(/\s+/g, ' ').trim());
      }),
    );
  });

  it('a cut title is no edit, whatever becomes of the description', () => {
    const title = 'x'.repeat(200);
    const before = { short_description: shortDescription(title), description: fullDescription({ title }) };
    expect(values(before, { ...before, description: 'Rewritten' })).toEqual([['description', 'Rewritten']]);
    expect(values(before, { ...before, short_description: 'Own title' })).toEqual([['title', 'Own title']]);
  });

  it('lines of ours that a person removes are no edit', () => {
    const description = fullDescription({ description: 'Text', drilldownUrl: 'https://obm.example.com/1' });
    expect(changes({ description }, { description: 'Text' })).toEqual([]);
  });

  it('close notes are the solution, unless they are ours or empty', () => {
    expect(values({}, { close_notes: 'Replaced' })).toEqual([['solution', 'Replaced']]);
    expect(changes({}, { close_notes: 'The event was closed.' })).toEqual([]);
    expect(changes({ close_notes: 'Replaced' }, {})).toEqual([]);
  });
});

describe('a difference', () => {
  it('is none between equal records', () => {
    expect(changes({}, {})).toEqual([]);
  });

  it('is none in a field that one of the two does not tell', () => {
    const part: Snapshot = { fields: { state: '1' } };
    expect(changesBetween(part, snapshot({ description: 'Other' }), rules)).toEqual([]);
    expect(changesBetween(snapshot(), part, rules)).toEqual([]);
  });

  it('without an earlier record is all that the record holds', () => {
    const held = snapshot({ assigned_to: 'u', 'assigned_to.user_name': 'itil.user', close_notes: 'Replaced' });
    expect(changesBetween(undefined, held, rules)).toEqual([
      { kind: 'string_property_change', propertyName: 'title', currentValue: 'Title' },
      { kind: 'string_property_change', propertyName: 'description', currentValue: 'Text' },
      { kind: 'string_property_change', propertyName: 'solution', currentValue: 'Replaced' },
      { kind: 'severity_property_change', propertyName: 'severity', currentValue: 'major' },
      { kind: 'state_change', propertyName: 'state', currentValue: 'open' },
      { kind: 'user_property_change', propertyName: 'assigned_user', currentUserName: 'itil.user' },
    ]);
  });

  it('of user and group is told by name, and by no name for nobody', () => {
    const assigned = { assignment_group: 'g', 'assignment_group.name': 'Network' };
    expect(changes({}, assigned)).toMatchObject([{ currentGroupName: 'Network', previousGroupName: '' }]);
    expect(changes(assigned, {})).toMatchObject([{ currentGroupName: '', previousGroupName: 'Network' }]);
    expect(changes({}, { assigned_to: 'u' })).toEqual([]);
  });
});

describe('a record that is found, not created', () => {
  const written = { short_description: 'Title', description: `${'y'.repeat(5_000)}`, impact: '2', urgency: '1' };
  const held = (fields: Record<string, string> = {}) => ({ ...base, description: written.description, ...fields });

  it('held what was written to it', () => {
    expect(snapshotAtCreation(written, held(), rules).fields).toEqual(held());
    const edited = held({ short_description: 'Other', state: '6', close_notes: 'x', assigned_to: 'u' });
    expect(snapshotAtCreation(written, edited, rules).fields).toEqual(held());
  });

  it('held what the instance made of it: cut by a column, or without white space', () => {
    const cut = held({ description: 'y'.repeat(4_000), short_description: 'Title ' });
    expect(snapshotAtCreation(written, cut, rules).fields).toEqual(cut);
    const shortened = held({ description: 'yyy' });
    expect(snapshotAtCreation(written, shortened, rules).fields['description']).toBe(written.description);
  });

  it('held the user and group that were written, with the names that they have', () => {
    const row = held({ assignment_group: 'g', 'assignment_group.name': 'Network', assigned_to: 'u' });
    const fields = snapshotAtCreation({ ...written, assignment_group: 'g' }, row, rules).fields;
    expect(fields).toMatchObject({ assignment_group: 'g', 'assignment_group.name': 'Network', assigned_to: '' });
  });
});

it('versions are ordered by record first, the younger being newer, then by count', () => {
  const versions = ['2024-03-29 20:40:15#10', '2024-03-29 20:40:15#9', '2024-03-29 20:40:16#0', '0'];
  expect(versions.sort(compareVersions)).toEqual([
    ...['0', '2024-03-29 20:40:15#9', '2024-03-29 20:40:15#10', '2024-03-29 20:40:16#0'],
  ]);
});

it('a record is described in the words of ServiceNow', () => {
  const held = snapshot({ 'assigned_to.user_name': 'itil.user', 'assignment_group.name': 'Network', state: '3' });
  expect(describeSnapshot(held, rules)).toEqual({
    ...{ title: 'Title', description: 'Text', state: 'On Hold', priority: '2 - High' },
    ...{ severity: 'Impact 2 - Medium, urgency 1 - High', assignedUser: 'itil.user', assignedGroup: 'Network' },
  });
  expect(describeSnapshot({ fields: { state: '42' } }, rules)).toEqual({ state: '42' });
});

describe('notes', () => {
  const entry = (value: string, sys_created_by = 'opr.connect') =>
    annotationsOf(
      { sys_id: 'e1', value, sys_created_by, sys_created_on: '2024-03-29 20:40:15' },
      (login) => login === 'opr.connect',
    );

  it('any texts, written as one entry, come back one by one, and are found again', () => {
    const line = fc.string({ unit: 'grapheme', minLength: 1 }).filter((each) => each.trim() !== '' && !/\r/.test(each));
    const notes = fc.array(fc.record({ text: line, author: fc.option(line, { nil: undefined }) }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(notes, (list) => {
        const written = list.map((note, index) => ({ ...note, id: noteId('k', String(index)) }));
        const value = journalEntry(written);
        expect(entry(value).map(({ text }) => text)).toEqual(list.map(({ text }) => text));
        expect(written.every((note) => holdsNote(value, note))).toBe(true);
        expect(holdsNote(value, { id: noteId('k', 'other'), text: '' })).toBe(false);
      }),
    );
  });

  it('are ours by their footer, also under another login, but not what somebody adds below it', () => {
    const ours = journalEntry([{ id: noteId('a'), text: 'Ours', author: 'admin' }]);
    expect(entry(`${ours}\nI agree`, 'itil.user')).toEqual([
      { id: 'e1', author: 'itil.user', text: 'Ours', time: '2024-03-29T20:40:15Z', own: true },
      { id: 'e1.2', author: 'itil.user', text: 'I agree', time: '2024-03-29T20:40:15Z', own: false },
    ]);
    expect(entry('By another tool with our login')).toMatchObject([{ own: true }]);
  });

  it('that are remarks of ours are no annotations', () => {
    expect(entry(journalEntry([{ id: noteId('a'), text: 'No such user', remark: true }]))).toEqual([]);
  });

  it('have ids that depend on every part', () => {
    expect(noteId('a', 'bc')).not.toBe(noteId('ab', 'c'));
    expect(noteId('a', 'b')).toBe(noteId('a', 'b'));
  });
});
