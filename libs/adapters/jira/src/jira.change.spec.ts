import { GoneError, RejectedError } from '@opr-connect/adapter-kit';
import type { PropertyChange } from '@opr-connect/opr';
import {
  aChange,
  anEvent,
  annotation,
  delivery,
  FLAVOURS,
  forwardedAs,
  openBench,
  stateChange,
  thrownBy,
  type Bench,
} from './jira.fixture';
import { read } from './jira.text';

const CHANGE_KEY = '11111111-0000-4000-8000-000000000001';
const text = (propertyName: 'title' | 'description', currentValue: string): PropertyChange => ({
  ...{ kind: 'string_property_change', propertyName, currentValue },
});

describe.each(FLAVOURS)('on %s, a change of the event', (flavour) => {
  let bench: Bench;
  let written: Awaited<ReturnType<Bench['adapter']['forwardEvent']>>;
  beforeEach(async () => {
    bench = await openBench(flavour);
    written = await bench.adapter.forwardEvent(anEvent(), delivery());
  });
  afterEach(() => bench.fake.close());

  const carry = (...properties: PropertyChange[]) =>
    bench.adapter.forwardChange(aChange(...properties), forwardedAs(written), delivery({ key: CHANGE_KEY }));
  const issue = () => bench.fake.issue(written.ref.id);

  it('changes title, description, severity and assignee, and nothing comes back as an edit', async () => {
    const after = await carry(
      text('title', 'eth0 down'),
      text('description', 'No *carrier* [at all]'),
      { kind: 'severity_property_change', propertyName: 'severity', currentValue: 'critical' },
      { kind: 'user_property_change', propertyName: 'assigned_user', currentUserName: 'Ann' },
    );
    expect(issue()).toMatchObject({ summary: 'eth0 down', priority: '1', assignee: 'ann' });
    expect(read(issue().description)).toBe('No *carrier* [at all]');
    const seen = await bench.adapter.getExternalEvent(forwardedAs(after), delivery());
    expect(bench.adapter.changes(after.snapshot, seen.snapshot ?? { fields: {} })).toEqual([]);
    expect(
      await carry({ kind: 'user_property_change', propertyName: 'assigned_user', currentUserId: '-1' }),
    ).toBeDefined();
    expect(issue().assignee).toBeNull();
  });

  const drop = (field: string, times: number) =>
    bench.fake.faults.add({ kind: 'dropped', field, method: 'PUT', path: '/issue/[^/]+$', times });

  it.each(['summary', 'description', 'priority', 'assignee'])(
    'is written once more, as far as Jira passed over %s without a word',
    async (field) => {
      drop(field, 1);
      await carry(
        text('title', 'eth0 down'),
        text('description', 'No carrier'),
        { kind: 'severity_property_change', propertyName: 'severity', currentValue: 'critical' },
        { kind: 'user_property_change', propertyName: 'assigned_user', currentUserName: 'Ann' },
      );
      expect(issue()).toMatchObject({ summary: 'eth0 down', priority: '1', assignee: 'ann' });
      expect(read(issue().description)).toBe('No carrier');
      expect(bench.logged).toEqual([]);
    },
  );

  it('is told once for each field that Jira does not keep, and the rest arrives', async () => {
    drop('summary', 0);
    for (let times = 2; times > 0; times -= 1)
      written = await carry(text('title', 'eth0 down'), text('description', 'No carrier'));
    expect(read(issue().description)).toBe('No carrier');
    expect(bench.logged).toEqual([
      { level: 'warn', message: expect.stringMatching(/^summary: Jira, or an app in it, does not keep/) },
    ]);
  });

  it('moves the issue, with the resolution that the screen requires, and back', async () => {
    await carry(stateChange('in_progress'));
    expect(issue().status).toBe('In Progress');
    await carry(stateChange('closed'));
    expect(issue()).toMatchObject({ status: 'Done', resolution: 'Done' });
    const { writes } = bench.fake.counts;
    await carry(stateChange('resolved'));
    expect(bench.fake.counts.writes).toBe(writes);
    await carry(stateChange('open'));
    expect(issue().status).toBe('To Do');
  });

  it.each(['In Progress', 'To Do'])('leaves it to people who move the issue on to %s meanwhile', async (status) => {
    bench.fake.faults.add({ kind: 'slow', method: 'POST', path: '/transitions$', afterMs: 200 });
    const closing = carry(stateChange('closed'));
    while (issue().status !== 'Done') await new Promise((resolve) => setTimeout(resolve, 5));
    bench.fake.asPerson('ann').transition(written.ref.id, status);
    const answer = await closing;
    expect(answer.found).toBe(true);
    const seen = await bench.adapter.getExternalEvent(forwardedAs(answer), delivery());
    expect(bench.adapter.changes(answer.snapshot, seen.snapshot ?? { fields: {} })).toMatchObject([
      { propertyName: 'state', previousValue: 'closed', currentValue: status === 'To Do' ? 'open' : 'in_progress' },
    ]);
  });

  it('moves the issue to the status that the settings name, before any other of its category', async () => {
    bench.fake.workflow.transitions.push({ id: '61', name: 'Give up', to: 'Cancelled' });
    const adapter = bench.another({ mapping: { state: { out: { closed: 'Cancelled' } } } });
    const { snapshot } = await adapter.forwardChange(aChange(stateChange('closed')), forwardedAs(written), delivery());
    expect(snapshot?.fields).toMatchObject({ status: 'Cancelled', category: 'done' });
    const before = written.snapshot;
    expect(adapter.changes(before, snapshot ?? { fields: {} })).toMatchObject([{ currentValue: 'closed' }]);
  });

  it('says once in the issue that no way leads there, and is done', async () => {
    bench.fake.workflow.transitions = bench.fake.workflow.transitions.map((each) => ({
      ...each,
      ...(each.screen && { screen: { ...each.screen, customfield_9: { required: true } } }),
    }));
    await carry(stateChange('closed'));
    await carry(stateChange('closed'));
    expect(issue()).toMatchObject({ status: 'To Do', comments: [{}] });
    const said = read(issue().comments[0]?.body);
    expect(said).toContain(
      'but this issue cannot follow: no transition leads from To Do to a status of the category done',
    );
    expect(said).toContain('“Finish” requires customfield_9');
    const seen = await bench.adapter.getExternalEvent(forwardedAs(written), delivery());
    expect(seen.annotations).toEqual([]);
    expect(bench.logged).toContainEqual({ level: 'warn', message: 'OPS-1 cannot follow its event to closed' });
  });

  it('adds a comment once, whichever answer was lost', async () => {
    for (const path of ['/comment', '/transitions'])
      for (const kind of ['lost', 'cut', 'status'] as const) {
        const fault = kind === 'status' ? { kind, status: 503 } : { kind };
        bench.fake.faults.add({ ...fault, method: 'POST', path });
        await carry(annotation('Looked at it.', 'a1'), stateChange('in_progress')).catch(() => undefined);
        bench.fake.faults.clear();
      }
    await carry(annotation('Looked at it.', 'a1'), stateChange('in_progress'));
    expect(issue().comments).toHaveLength(1);
    expect(read(issue().comments[0]?.body)).toMatch(/^Looked at it\.\n— operator \[opr:[0-9a-f]{16}\]$/);
  });

  it('goes only the ways that the settings allow, by their templates, and attributes to their fields', async () => {
    bench.fake.customFields['customfield_1'] = { name: 'Host' };
    const adapter = bench.another({
      mapping: {
        directions: { severity: 'once', state: 'back', annotation: 'none' },
        customAttributes: { host: { field: 'customfield_1', direction: 'out' } },
        titleTemplate: '[{{ event.severity }}] {{ event.title }}',
      },
    });
    const host = (currentValue: string): PropertyChange => ({
      ...{ kind: 'custom_attribute_property_change', propertyName: 'custom_attribute', key: 'host' },
      ...{ changeOperation: 'update', currentValue },
    });
    const severity = { kind: 'severity_property_change', propertyName: 'severity', currentValue: 'critical' } as const;
    const all = [text('title', 'eth0 down'), severity, stateChange('closed'), annotation('x', 'a1'), host('db1')];
    await adapter.forwardChange(aChange(...all), forwardedAs(written), delivery());
    expect(issue()).toMatchObject({
      ...{ summary: '[major] eth0 down', priority: '2', status: 'To Do', comments: [] },
      custom: { customfield_1: 'db1' },
    });
    const ann = bench.fake.asPerson('ann');
    ann.edit(written.ref.id, { priority: '1' });
    ann.transition(written.ref.id, 'Done');
    ann.comment(written.ref.id, 'hello');
    const seen = await adapter.getExternalEvent(forwardedAs(written), delivery());
    expect(seen.annotations).toEqual([]);
    expect(adapter.changes(written.snapshot, seen.snapshot ?? { fields: {} })).toMatchObject([
      { propertyName: 'title' },
      { propertyName: 'state', currentValue: 'closed' },
    ]);
  });

  it('cuts an annotation that is too long, and its marker stays', async () => {
    await carry(annotation('*'.repeat(70_000), 'a1'));
    await carry(annotation('*'.repeat(70_000), 'a1'));
    expect(issue().comments).toHaveLength(1);
    const seen = await bench.adapter.getExternalEvent(forwardedAs(written), delivery());
    expect(seen.annotations).toMatchObject([{ own: true, text: expect.stringMatching(/\*… \(cut\)$/) }]);
  });

  it('is told with all comments, of which an issue carries the first only', async () => {
    for (let count = 0; count < 130; count += 1) bench.fake.asPerson('ann').comment(written.ref.id, `no ${count}`);
    const seen = await bench.adapter.getExternalEvent(forwardedAs(written), delivery());
    expect(seen.annotations.map((each) => each.text)).toEqual(Array.from({ length: 130 }, (_, count) => `no ${count}`));
    expect(seen.annotations[0]).toMatchObject({ author: 'Ann', own: false });
  });

  it('keeps a title that is cut whole in the description, and tells it back whole', async () => {
    const long = 'x'.repeat(300);
    const after = await carry(text('title', long));
    expect(issue().summary).toBe(`${'x'.repeat(254)}…`);
    expect(read(issue().description)).toBe(`OPR title: ${long}\n\n${anEvent().description}`);
    bench.fake.asPerson('ann').edit(written.ref.id, { description: `OPR title: ${long}` });
    const seen = await bench.adapter.getExternalEvent(forwardedAs(after), delivery());
    expect(bench.adapter.changes(after.snapshot, seen.snapshot ?? { fields: {} })).toMatchObject([
      { propertyName: 'description', currentValue: '' },
    ]);
  });

  it('names the new key of an issue that was moved to another project', async () => {
    bench.fake.asPerson('ann').move(written.ref.id, 'NET');
    const after = await carry(text('title', 'eth0 down'));
    expect(after.ref).toEqual({ id: written.ref.id, displayId: 'NET-1', url: `${bench.fake.url}/browse/NET-1` });
  });

  it('ends with the issue, and with what Jira refuses', async () => {
    bench.fake.faults.add({ kind: 'status', status: 400, method: 'PUT', errors: { summary: 'is forbidden' } });
    const refused = await thrownBy(carry(text('title', 'x')));
    expect(refused).toBeInstanceOf(RejectedError);
    expect(refused.message).toMatch(/^PUT http.*\/issue\/\d+: 400 – summary: is forbidden$/);
    bench.fake.faults.add({ kind: 'hidden', method: 'PUT' });
    expect(await thrownBy(carry(text('title', 'x')))).toBeInstanceOf(GoneError);
    bench.fake.asPerson('ann').delete(written.ref.id);
    expect(await thrownBy(carry(text('title', 'x')))).toBeInstanceOf(GoneError);
  });
});
