import { Mapping, type MappingSettings, type Snapshot } from '@opr-connect/adapter-kit';
import { LIFECYCLE_STATES, SEVERITIES } from '@opr-connect/opr';
import fc from 'fast-check';
import { changesBetween, describeSnapshot, JIRA, priorityNames, snapshotAtCreation } from './jira.mapping';

const mapping = (settings?: Partial<MappingSettings>) => new Mapping(JIRA, settings);
const RULES = mapping();
const snapshot = (fields: Record<string, string>, version = '1'): Snapshot => ({ version, fields });
const whole = snapshot({
  ...{ summary: 'Disk full', description: 'd', status: 'To Do', category: 'new', priority: 'High' },
  ...{ assignee: '', resolution: '' },
});
const with_ = (fields: Record<string, string>) => snapshot({ ...whole.fields, ...fields } as Record<string, string>);
const changes = (fields: Record<string, string>, rules = RULES) => changesBetween(whole, with_(fields), rules);

describe('what people change', () => {
  it('is told in OPR words', () => {
    expect(changes({ priority: 'Blocker', status: 'Done', category: 'done', assignee: 'ann' })).toEqual([
      { kind: 'severity_property_change', propertyName: 'severity', previousValue: 'major', currentValue: 'critical' },
      { kind: 'state_change', propertyName: 'state', previousValue: 'open', currentValue: 'closed' },
      { kind: 'user_property_change', propertyName: 'assigned_user', previousUserName: '', currentUserName: 'ann' },
    ]);
  });

  it('is nothing where OPR has no other word for it', () => {
    expect(changes({ status: 'Backlog', resolution: 'Done' })).toEqual([]);
    expect(changes({ priority: 'Critical' })).toEqual([]);
    expect(changes({ priority: 'Urgent!' })).toEqual([]);
    expect(changes({ category: 'undefined' })).toEqual([]);
  });

  it('is nothing where a snapshot does not tell a field', () => {
    expect(changesBetween(snapshot({ summary: 'a' }), whole, RULES)).toMatchObject([{ propertyName: 'title' }]);
    expect(changesBetween(whole, snapshot({}), RULES)).toEqual([]);
  });

  it('is every property without a snapshot before, but for empty ones', () => {
    expect(changesBetween(undefined, whole, RULES).map(({ propertyName }) => propertyName)).toEqual([
      ...['title', 'description', 'severity', 'state'],
    ]);
  });
});

describe('states', () => {
  it('go by the names of the settings first, then by category', () => {
    const rules = mapping({ state: { out: { resolved: 'Fixed', closed: 'Done', in_progress: 'To Do' } } });
    expect(changes({ status: 'Fixed', category: 'done' }, rules)).toMatchObject([
      { previousValue: 'in_progress', currentValue: 'resolved' },
    ]);
    expect(changes({ status: 'Cancelled', category: 'done' }, rules)).toMatchObject([{ currentValue: 'closed' }]);
  });

  it('that share a category mean what the settings say of it', () => {
    const rules = mapping({ state: { back: { new: 'open', done: 'resolved', Cancelled: 'closed' } } });
    expect(changes({ status: 'Done', category: 'done' }, rules)).toMatchObject([{ currentValue: 'resolved' }]);
    expect(changes({ status: 'Cancelled', category: 'done' }, rules)).toMatchObject([{ currentValue: 'closed' }]);
  });
});

describe('severities', () => {
  it('come back as they went, but for unknown', () => {
    for (const severity of SEVERITIES)
      for (const name of priorityNames(severity, RULES)) {
        const [back] = changesBetween(snapshot({ priority: '' }), snapshot({ priority: name }), RULES);
        expect(back).toMatchObject({ currentValue: severity === 'unknown' ? 'normal' : severity });
      }
  });

  it('have the names of the settings before the usual ones', () => {
    const rules = mapping({ severity: { out: { critical: 'P1' } } });
    expect(priorityNames('critical', rules)[0]).toBe('P1');
    expect(changes({ priority: 'P1' }, rules)).toMatchObject([{ currentValue: 'critical' }]);
    expect(changes({ priority: 'Highest' }, rules)).toMatchObject([{ currentValue: 'critical' }]);
  });
});

it('a record that is compared with itself has no changes, whatever it holds', () => {
  const fields = fc.dictionary(fc.constantFrom(...Object.keys(whole.fields)), fc.string());
  fc.assert(
    fc.property(fields, fc.constantFrom(...LIFECYCLE_STATES), (held, state) => {
      const now = snapshot(held);
      expect(changesBetween(now, snapshot({ ...held }), RULES)).toEqual([]);
      const reads = { summary: held['summary'] ?? '', description: held['description'] ?? '' };
      const base = snapshotAtCreation({ reads, state }, now, RULES);
      for (const { propertyName } of changesBetween(base, now, RULES))
        expect(['state', 'assigned_user']).toContain(propertyName);
    }),
  );
});

it('an operator sees it in the words of Jira', () => {
  expect(describeSnapshot(with_({ status: 'Done', resolution: "Won't Do", assignee: 'ann' }))).toEqual({
    ...{ title: 'Disk full', description: 'd', state: "Done (Won't Do)", priority: 'High', assignedUser: 'ann' },
  });
});
