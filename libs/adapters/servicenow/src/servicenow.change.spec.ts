import {
  GoneError,
  MisconfiguredError,
  OutcomeUnknownError,
  RejectedError,
  type Written,
} from '@opr-connect/adapter-kit';
import type { PropertyChange } from '@opr-connect/opr';
import {
  aChange,
  anEvent,
  annotation,
  delivery,
  forwardedAs,
  KEY,
  openBench,
  stateChange,
  thrownBy,
  version,
  type Bench,
} from './servicenow.fixture';

const CHANGE = 'c0ffee00-0000-4000-8000-000000000001';

let bench: Bench;
let record: Written;
beforeEach(async () => {
  bench = await openBench();
  record = await bench.adapter.forwardEvent(anEvent(), delivery());
});
afterEach(() => bench.fake.close());

const carry = (changes: PropertyChange[], attempt = 1, event = anEvent(), adapter = bench.adapter) =>
  adapter.forwardChange(aChange(...changes), forwardedAs(record, event), delivery({ key: CHANGE, attempt }));
const row = () => bench.fake.incident(record.ref.id);
const notes = () => bench.fake.journal(record.ref.id).map((entry) => entry['value'] ?? '');
const text = (propertyName: 'title' | 'description' | 'solution', currentValue: string): PropertyChange => ({
  ...{ kind: 'string_property_change', propertyName, currentValue },
});

describe('a change is one PATCH', () => {
  it('with all its properties and annotations', async () => {
    const written = await carry([
      text('title', 'New title'),
      text('description', 'New text'),
      { kind: 'severity_property_change', propertyName: 'severity', currentValue: 'critical' },
      { kind: 'user_property_change', propertyName: 'assigned_user', currentUserName: 'itil.user' },
      { kind: 'group_property_change', propertyName: 'assigned_group', currentGroupName: 'Hardware' },
      annotation('First.', 'a1'),
      annotation('Second.', 'a2', ''),
    ]);
    expect(bench.fake.counts.patches).toBe(1);
    expect(row()).toMatchObject({
      ...{ short_description: 'New title', impact: '1', urgency: '1', priority: '1', sys_mod_count: '1' },
      description: expect.stringMatching(/^New text\n\nOPR event: https/),
    });
    expect(written.snapshot).toMatchObject({
      version: version(1),
      fields: { 'assigned_to.user_name': 'itil.user', 'assignment_group.name': 'Hardware' },
    });
    expect(notes()).toEqual([
      expect.stringMatching(/^First\.\n— operator \[opr:[0-9a-f]{16}\]\n\nSecond\.\n— \[opr:[0-9a-f]{16}\]$/),
    ]);
  });

  it('to the journal that the settings name', async () => {
    await carry([annotation('Dear caller', 'a1')], 1, anEvent(), bench.another({ journal: 'comments' }));
    expect(bench.fake.journal(record.ref.id)[0]?.['element']).toBe('comments');
  });

  it('that takes away user and group', async () => {
    await carry([{ kind: 'user_property_change', propertyName: 'assigned_user', currentUserName: 'itil.user' }]);
    await carry([{ kind: 'user_property_change', propertyName: 'assigned_user', currentUserId: '-1' }]);
    expect(row()['assigned_to']).toBe('');
    expect(notes()).toEqual([]);
  });

  it('and none where the record has no field for it, which is logged once', async () => {
    const count: PropertyChange = {
      ...{ kind: 'integer_property_change', propertyName: 'duplicate_count', currentValue: 7 },
    };
    const written = await carry([count]);
    await carry([count]);
    expect(written).toEqual(record);
    expect(bench.fake.counts.patches).toBe(0);
    expect(bench.logged).toEqual([
      { level: 'info', message: 'duplicate_count has no field in ServiceNow and is not carried' },
    ]);
  });

  it('in the words of the settings, and without what they do not let go', async () => {
    const adapter = bench.another({
      mapping: {
        directions: { description: 'once', priority: 'out' },
        severity: { out: { critical: '1/2' } },
        customAttributes: { Customer: { field: 'category', direction: 'out' } },
        titleTemplate: '[{{ event.severity }}] {{ event.title }}',
      },
    });
    const attribute: PropertyChange = {
      ...{ kind: 'custom_attribute_property_change', key: 'Customer', propertyName: 'custom_attribute' },
      ...{ currentValue: 'ACME', changeOperation: 'insert' },
    };
    const changes: PropertyChange[] = [
      ...[attribute, text('title', 'New'), text('description', 'New')],
      { kind: 'severity_property_change', propertyName: 'severity', currentValue: 'critical' },
      { kind: 'priority_property_change', propertyName: 'priority', currentValue: 'highest' },
    ];
    await carry(changes, 1, anEvent(), adapter);
    const [patch] = bench.fake.requests.filter(({ method }) => method === 'PATCH');
    expect(JSON.parse(patch?.body ?? '')).toEqual({
      ...{ category: 'ACME', short_description: '[major] New', impact: '1', urgency: '2', priority: '1' },
    });
    await carry([{ ...attribute, changeOperation: 'delete' }], 1, anEvent(), adapter);
    expect(row()['category']).toBe('');
  });

  it('whose title, when it must be cut, stands whole in the description that people have edited meanwhile', async () => {
    record = { ...record, snapshot: { fields: { description: 'Edited here\n\nOPR event: https://x' } } };
    await carry([text('title', 'y'.repeat(200))]);
    expect(row()['description']).toMatch(/^OPR title: y{200}\n\nEdited here\n\nOPR event: https:\/\/obm/);
    record = { ...record, snapshot: { fields: { description: row()['description'] ?? '' } } };
    await carry([text('title', 'short again')]);
    expect(row()['description']).toMatch(/^Edited here\n\nOPR event/);
  });

  it('that writes an edited annotation as a second entry', async () => {
    await carry([annotation('Tpyo', 'a1')]);
    await carry([{ ...annotation('Typo', 'a1'), changeOperation: 'update' } as PropertyChange]);
    expect(notes()).toEqual([
      expect.stringMatching(/^Tpyo\n— operator \[/),
      expect.stringMatching(/^Typo\n— operator \(edited\) \[/),
    ]);
  });
});

describe('a change that is carried again', () => {
  it('adds no second note after its answer was lost', async () => {
    bench.fake.faults.add({ kind: 'lost', method: 'PATCH' });
    const change = [annotation('Once', 'a1'), text('title', 'New')];
    expect(await thrownBy(carry(change))).toBeInstanceOf(OutcomeUnknownError);
    const written = await carry(change, 2);
    expect(notes()).toHaveLength(1);
    expect(written.snapshot).toMatchObject({ version: version(1), fields: { short_description: 'New' } });
    expect(bench.fake.counts.patches).toBe(1);
  });

  it('adds it if the first try did not arrive', async () => {
    bench.fake.faults.add({ kind: 'status', status: 500, method: 'PATCH' });
    expect(await thrownBy(carry([annotation('Once', 'a1')]))).toBeInstanceOf(OutcomeUnknownError);
    await carry([annotation('Once', 'a1')], 2);
    expect(notes()).toHaveLength(1);
  });

  it('adds no second note where an ACL hides sys_journal_field', async () => {
    await carry([annotation('Once', 'a1')]);
    bench.fake.faults.add({ kind: 'hidden', path: 'sys_journal_field', times: 0 });
    await carry([annotation('Once', 'a1')], 2);
    expect(notes()).toHaveLength(1);
  });

  it('finds its note among the entries of other records that an ignored filter answers', async () => {
    const other = bench.fake.tables.insert({}, 'itil.user');
    await carry([annotation('Once', 'a1')]);
    const marked = notes()[0] ?? '';
    bench.fake.asPerson('itil.user').workNote(other['number'] ?? '', marked.replace('Once', 'Elsewhere'));
    bench.fake.faults.add({ kind: 'ignore_query', path: 'sys_journal_field' });
    await carry([annotation('Once', 'a1')], 2);
    expect(notes()).toHaveLength(1);
    bench.fake.faults.add({ kind: 'ignore_query', path: 'sys_journal_field' });
    const another = { ...record, ref: { id: other['sys_id'] ?? '' } };
    bench.fake.tables.rows['sys_journal_field'] = bench.fake.tables
      .table('sys_journal_field')
      .filter((entry) => entry['element_id'] === record.ref.id);
    await bench.adapter.forwardChange(
      aChange(annotation('Once', 'a1')),
      forwardedAs(another),
      delivery({ key: CHANGE, attempt: 2 }),
    );
    expect(bench.fake.journal(other['number'] ?? '')).toHaveLength(1);
  });

  it('adds only the note that is missing', async () => {
    await carry([annotation('First', 'a1')]);
    await carry([annotation('First', 'a1'), annotation('Second', 'a2')], 2);
    expect(notes().map((note) => note.split('\n')[0])).toEqual(['First', 'Second']);
  });
});

describe('state', () => {
  it.each([
    ['1', 'open', '1'],
    ['1', 'in_progress', '2'],
    ['1', 'resolved', '6'],
    ['1', 'closed', '6'],
    ['2', 'open', '1'],
    ['3', 'in_progress', '3'],
    ['3', 'open', '1'],
    ['6', 'open', '2'],
    ['6', 'in_progress', '2'],
    ['6', 'closed', '6'],
    ['7', 'closed', '7'],
    ['7', 'resolved', '7'],
    ['8', 'closed', '8'],
  ] as const)('a record in %s whose event becomes %s is then in %s', async (from, wanted, to) => {
    if (from !== '1')
      bench.fake
        .asPerson('itil.admin')
        .update(record.ref.id, { state: from, close_code: 'User error', close_notes: 'By hand' });
    const written = await carry([stateChange(wanted)]);
    expect(row()['state']).toBe(to);
    expect(written.snapshot?.fields['state']).toBe(to);
  });

  describe('of a closed record, which ServiceNow does not let us change', () => {
    const reopen = (attempt = 1, ...more: PropertyChange[]) => carry([stateChange('open'), ...more], attempt);
    const live = () => bench.fake.incidents().filter((each) => each['state'] === '1');
    beforeEach(() => {
      const closing = { state: '7', close_code: 'User error', close_notes: 'x' };
      bench.fake.asPerson('itil.admin').update(record.ref.id, closing);
    });

    it('goes on in a new record, linked to the closed one', async () => {
      const written = await reopen(1, annotation('It is back', 'a1'));
      expect(live()).toMatchObject([
        { sys_id: written.ref.id, parent: record.ref.id, correlation_id: KEY, short_description: anEvent().title },
      ]);
      const [note] = bench.fake.journal(written.ref.id).map((entry) => entry['value']);
      expect(note).toMatch(/^Reopened from INC0010001, which is closed\.\n— \[opr-info:/);
      expect(note).toContain('It is back');
      expect(row()['state']).toBe('7');
      const { snapshot } = await bench.adapter.getExternalEvent(forwardedAs(record), delivery());
      const newer = bench.adapter.compareVersions(written.snapshot?.version ?? '', snapshot?.version ?? '');
      // Whatever the closed one still tells is older, so it is a hint at most.
      if (written.snapshot?.version?.slice(0, 19) !== snapshot?.version?.slice(0, 19)) expect(newer).toBeGreaterThan(0);
    });

    it('makes one new record, however often it is carried', async () => {
      bench.fake.faults.add({ kind: 'lost', method: 'POST' });
      expect(await thrownBy(reopen())).toBeInstanceOf(OutcomeUnknownError);
      const again = await reopen(2);
      expect(live()).toMatchObject([{ sys_id: again.ref.id }]);
      expect((await reopen()).ref.id).toBe(again.ref.id);
      expect((await bench.adapter.forwardEvent(anEvent(), delivery({ attempt: 2 }))).ref.id).toBe(again.ref.id);
      expect(bench.fake.incidents()).toHaveLength(2);
    });

    it('is refused with the reason of ServiceNow where the settings think that it can be reopened', async () => {
      const adapter = bench.another({ closedStates: [] });
      const error = await thrownBy(carry([stateChange('open')], 1, anEvent(), adapter));
      expect(error).toBeInstanceOf(RejectedError);
      expect(error.message).toContain('ACL Exception Update Failed due to security constraints');
    });
  });

  it('resolving brings code and notes in the same PATCH: the solution, else notes that a person left, else the settings', async () => {
    await carry([stateChange('closed')], 1, anEvent({ solution: 'Cable replaced' }));
    expect(JSON.parse(bench.fake.requests.at(-1)?.body ?? '')).toEqual({
      ...{ state: '6', close_code: 'Solution provided', close_notes: 'Cable replaced' },
    });
    await carry([stateChange('open')]);
    bench.fake.asPerson('itil.user').update(record.ref.id, { close_notes: 'Of a person' });
    await carry([stateChange('closed')]);
    expect(row()['close_notes']).toBe('Of a person');
    await carry([stateChange('open')]);
    bench.fake.asPerson('itil.user').update(record.ref.id, { close_notes: '' });
    await carry([stateChange('closed')]);
    expect(row()['close_notes']).toBe('The event was closed.');
  });

  it('a solution goes to the close notes', async () => {
    await carry([text('solution', 'Cable replaced')]);
    expect(row()).toMatchObject({ close_notes: 'Cable replaced', state: '1' });
  });
});

describe('the resolution code', () => {
  const close = (adapter = bench.adapter) => carry([stateChange('closed')], 1, anEvent(), adapter);

  it('is the first known one that the instance defines', async () => {
    bench.fake.tables.setCloseCodes(['Not Solved', 'Closed/Resolved by Caller', 'Solved (Permanently)']);
    await close();
    expect(row()['close_code']).toBe('Solved (Permanently)');
  });

  it('is the one of the settings if the instance defines it', async () => {
    await close(bench.another({ closeCode: 'Known error' }));
    expect(row()['close_code']).toBe('Known error');
  });

  it('of the settings that the instance does not define, or has retired, is refused with those that it does', async () => {
    for (const closeCode of ['Solved', 'Retired code']) {
      const error = await thrownBy(close(bench.another({ closeCode })));
      expect(error).toBeInstanceOf(MisconfiguredError);
      expect(error.message).toContain('must be one that incident defines: Duplicate, Known error');
      await expect(bench.another({ closeCode }).ping(AbortSignal.timeout(5_000))).rejects.toThrow('closeCode');
    }
    expect(row()['state']).toBe('1');
  });

  it('must be set where no known one is defined, and where the choices are hidden', async () => {
    bench.fake.tables.setCloseCodes(['Erledigt']);
    expect((await thrownBy(close())).message).toContain('must be one that incident defines: Erledigt');
    bench.fake.faults.add({ kind: 'hidden', path: 'sys_choice' });
    expect((await thrownBy(close(bench.another()))).message).toContain('the user may not read sys_choice');
    bench.fake.faults.add({ kind: 'hidden', path: 'sys_choice' });
    await close(bench.another({ closeCode: 'Erledigt' }));
    expect(row()['state']).toBe('6');
  });

  it('is never taken from other choices that an ignored filter answers', async () => {
    bench.fake.tables.setCloseCodes([]);
    bench.fake.tables
      .table('sys_choice')
      .push({ name: 'change_request', element: 'close_code', value: 'Solution provided', inactive: 'false' });
    bench.fake.faults.add({ kind: 'ignore_query', path: 'sys_choice' });
    expect(await thrownBy(close())).toBeInstanceOf(MisconfiguredError);
  });

  it('is asked for once, and again after the instance refused it', async () => {
    await close();
    await carry([stateChange('open')]);
    await close();
    const asked = () => bench.fake.requests.filter(({ path }) => path.includes('sys_choice')).length;
    expect(asked()).toBe(1);
    await carry([stateChange('open')]);
    bench.fake.tables.setCloseCodes(['Resolved by caller']);
    const error = await thrownBy(close());
    expect(error).toBeInstanceOf(RejectedError);
    expect(error.message).toContain(
      '403 – Operation Failed: Data Policy Exception: The following fields are mandatory: Resolution code',
    );
    await close();
    expect(row()).toMatchObject({ state: '6', close_code: 'Resolved by caller' });
    expect(asked()).toBe(2);
  });
});

it('users are looked up once', async () => {
  const assign: PropertyChange = {
    kind: 'user_property_change',
    propertyName: 'assigned_user',
    currentUserName: 'itil.user',
  };
  await carry([assign]);
  await carry([assign]);
  expect(bench.fake.requests.filter(({ path }) => path.includes('/sys_user?'))).toHaveLength(1);
});

it('a user whom an ignored filter answers is not taken for the one asked for', async () => {
  bench.fake.tables.rows['sys_user'] = bench.fake.tables.table('sys_user').slice(0, 1);
  bench.fake.faults.add({ kind: 'ignore_query', path: 'sys_user' });
  await carry([{ kind: 'user_property_change', propertyName: 'assigned_user', currentUserName: 'service.desk' }]);
  expect(row()['assigned_to']).toBe('');
  expect(notes()[0]).toContain('assigned to service.desk, who is no user here');
});

it('a record that is gone says so, and that an ACL looks the same', async () => {
  bench.fake.tables.remove(record.ref.id);
  const error = await thrownBy(carry([text('title', 'x')]));
  expect(error).toBeInstanceOf(GoneError);
  expect(error.message).toContain('the record was deleted, or an ACL hides it from the user');
});

describe('a field that the instance passes over without a word', () => {
  const drop = (times: number) =>
    bench.fake.faults.add({ kind: 'dropped', method: 'PATCH', field: 'short_description', times });
  const retitled = () => carry([text('title', 'Link down'), text('description', 'No carrier.')]);

  it('is written once more, and nothing beside it', async () => {
    drop(1);
    const { snapshot } = await retitled();
    expect(row()['short_description']).toBe('Link down');
    expect(JSON.parse(bench.fake.requests.at(-1)?.body ?? '')).toEqual({ short_description: 'Link down' });
    expect(snapshot).toMatchObject({ version: version(2), fields: { short_description: 'Link down' } });
    expect(bench.logged).toEqual([]);
  });

  it('is told once, if it is passed over again: the rest arrives', async () => {
    drop(0);
    for (let times = 2; times > 0; times -= 1) record = await retitled();
    expect(row()['description']).toMatch(/^No carrier\./);
    expect(bench.logged).toEqual([
      { level: 'warn', message: expect.stringMatching(/^short_description: the user may not write it/) },
    ]);
  });

  it('is none that holds the same already', async () => {
    await carry([text('title', anEvent().title ?? '')]);
    expect(bench.fake.counts.patches).toBe(1);
  });

  it.each([
    ['short_description', 'Theirs', { propertyName: 'title', currentValue: 'Theirs' }],
    ['assigned_to', 'opr.connect', { propertyName: 'assigned_user', currentUserName: 'opr.connect' }],
  ])('is left to people who have written %s meanwhile, and is told as theirs', async (field, theirs, told) => {
    const user = bench.fake.tables.table('sys_user').find((row) => row['user_name'] === theirs);
    bench.fake.asPerson('itil.user').update(record.ref.id, { [field]: user?.['sys_id'] ?? theirs });
    bench.fake.faults.add({ kind: 'dropped', method: 'PATCH', field, times: 0 });
    const answer = await carry([
      text('title', 'Ours'),
      { kind: 'user_property_change', propertyName: 'assigned_user', currentUserName: 'itil.user' },
    ]);
    expect(answer.found).toBe(true);
    const seen = await bench.adapter.getExternalEvent(forwardedAs(answer), delivery());
    expect(bench.adapter.changes(answer.snapshot, seen.snapshot ?? { fields: {} })).toMatchObject([told]);
  });
});
