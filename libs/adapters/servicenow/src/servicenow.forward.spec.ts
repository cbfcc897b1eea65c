import { GoneError, MisconfiguredError, OutcomeUnknownError, TransientError } from '@opr-connect/adapter-kit';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  anEvent,
  delivery,
  forwardedAs,
  KEY,
  openBench,
  thrownBy,
  USER,
  version,
  type Bench,
} from './servicenow.fixture';

let bench: Bench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.fake.close());

const live = () => bench.fake.incidents().filter((row) => row['correlation_id'] === KEY && row['state'] !== '6');

describe('an event becomes an incident', () => {
  it('with title, description, page of the event, impact, urgency and correlation', async () => {
    const written = await bench.adapter.forwardEvent(anEvent(), delivery());
    const [row] = bench.fake.incidents();
    expect(row).toMatchObject({
      short_description: 'Error packets on eth0 above threshold',
      description:
        '4.78 % error packets, threshold 3 %\n\nOPR event: https://obm.example.com/opr-web/opr-evt-details.jsp?eventId=531d2673',
      ...{ impact: '2', urgency: '1', priority: '2', state: '1', work_notes: '', contact_type: '', caller_id: '' },
      ...{ correlation_id: KEY, correlation_display: 'OPR Connect', sys_created_by: USER },
    });
    expect(written.ref).toEqual({
      ...{ id: row?.['sys_id'], displayId: 'INC0010001' },
      url: `${bench.fake.url}/nav_to.do?uri=incident.do%3Fsys_id%3D${row?.['sys_id']}`,
    });
    expect(written.found).toBeUndefined();
    expect(written.snapshot).toMatchObject({ version: version(0), fields: { state: '1', impact: '2', urgency: '1' } });
    expect(Object.keys(written.snapshot?.fields ?? {})).not.toContain('sys_created_on');
  });

  it('that counts as we made it, although somebody worked in it before we looked once more', async () => {
    bench.fake.faults.add({ kind: 'slow', method: 'POST', path: '/table/incident', afterMs: 200 });
    const writing = bench.adapter.forwardEvent(anEvent(), delivery());
    while (bench.fake.incidents().length === 0) await sleep(5);
    const [row] = bench.fake.incidents();
    bench.fake.asPerson('itil.user').update(row?.['number'] ?? '', { state: '2' });
    const { snapshot } = await writing;
    expect(snapshot?.fields['state']).toBe('1');
    const now = await bench.adapter.getExternalEvent(forwardedAs({ ref: { id: row?.['sys_id'] ?? '' } }), delivery());
    expect(bench.adapter.changes(snapshot, now.snapshot ?? { fields: {} })).toMatchObject([
      { kind: 'state_change', currentValue: 'in_progress' },
    ]);
  });

  it('whose page can be looked at', async () => {
    const { ref } = await bench.adapter.forwardEvent(anEvent({ title: 'Disk <full> & hot' }), delivery());
    const page = await fetch(ref.url ?? '');
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('Disk &#60;full&#62; &#38; hot');
  });

  it('whose title is cut at 160 characters, the whole of it standing in the description', async () => {
    const title = `${'x'.repeat(158)}🚒 and more`;
    const { snapshot } = await bench.adapter.forwardEvent(anEvent({ title }), delivery());
    expect(snapshot?.fields['short_description']).toBe(`${'x'.repeat(158)}…`);
    expect(snapshot?.fields['description']).toContain(`OPR title: ${title}\n\n4.78 %`);
  });

  it('with the annotations it has, as one entry', async () => {
    const annotationList = { annotation: [{ id: 'a1', author: 'admin', text: 'Cable checked.' }, { text: 'Again.' }] };
    const { ref } = await bench.adapter.forwardEvent(anEvent({ annotationList }), delivery());
    const entries = bench.fake.journal(ref.id);
    expect(entries).toHaveLength(1);
    expect(entries[0]?.['value']).toMatch(/^Cable checked\.\n— admin \[opr:[0-9a-f]{16}\]\n\nAgain\.\n— \[opr:/);
    const seen = await bench.adapter.getExternalEvent(forwardedAs({ ref }), delivery());
    expect(seen.annotations.map(({ text, own }) => ({ text, own }))).toEqual([
      { text: 'Cable checked.', own: true },
      { text: 'Again.', own: true },
    ]);
    expect(new Set(seen.annotations.map(({ id }) => id)).size).toBe(2);
  });

  it.each([
    ['in_progress', '2', ''],
    ['resolved', '6', 'Solution provided'],
    ['closed', '6', 'Solution provided'],
  ] as const)('%s, if it is no longer open', async (state, value, code) => {
    const { snapshot } = await bench.adapter.forwardEvent(anEvent({ state, solution: 'Replaced.' }), delivery());
    expect(snapshot?.fields).toMatchObject({ state: value, close_code: code, close_notes: code && 'Replaced.' });
  });

  it('with caller, group and extra fields of the settings, and the user that the event names', async () => {
    const fields = { contact_type: 'monitoring', category: { jsonata: '$lowercase(event.category)' } };
    const adapter = bench.another({ callerId: 'service.desk', assignmentGroup: 'Network', mapping: { fields } });
    const event = anEvent({ assignedUser: { id: '7', loginName: 'itil.user' }, category: 'Network' });
    const { snapshot, ref } = await adapter.forwardEvent(event, delivery());
    expect(snapshot?.fields).toMatchObject({
      ...{ 'assigned_to.user_name': 'itil.user', 'assignment_group.name': 'Network' },
    });
    const row = bench.fake.incident(ref.id);
    expect(row).toMatchObject({ contact_type: 'monitoring', category: 'network' });
    expect(bench.fake.tables.table('sys_user').find((user) => user['sys_id'] === row['caller_id'])).toMatchObject({
      user_name: 'service.desk',
    });
  });

  it('with a remark if nobody here, or more than one, has the name of its user or group', async () => {
    bench.fake.tables.addGroup('Twins');
    bench.fake.tables.addGroup('Twins');
    const event = anEvent({
      assignedUser: { id: '7', loginName: 'who^ORuser_name=itil.user' },
      assignedGroup: { id: '8', name: 'Twins' },
    });
    const { ref } = await bench.adapter.forwardEvent(event, delivery());
    expect(bench.fake.incident(ref.id)).toMatchObject({ assigned_to: '', assignment_group: '' });
    const text = bench.fake.journal(ref.id)[0]?.['value'];
    expect(text).toContain('assigned to who^ORuser_name=itil.user');
    expect(text).toContain('assigned to Twins');
    const seen = await bench.adapter.getExternalEvent(forwardedAs({ ref }), delivery());
    expect(seen.annotations).toEqual([]);
  });

  it('with user and group by the names that the settings give them', async () => {
    const adapter = bench.another({ users: { anna: 'itil.user' }, groups: { net: 'Network' } });
    const event = anEvent({
      assignedUser: { id: '7', loginName: 'anna' },
      assignedGroup: { id: '8', name: 'net' },
    });
    const { snapshot } = await adapter.forwardEvent(event, delivery());
    expect(snapshot?.fields).toMatchObject({
      ...{ 'assigned_to.user_name': 'itil.user', 'assignment_group.name': 'Network' },
    });
  });

  it('with the configuration item that has one of the names of the event', async () => {
    const server = bench.fake.tables.addConfigurationItem('web01', 'web01.example.com');
    const event = anEvent({
      relatedCi: { configurationItem: { name: 'Apache on web01' } },
      nodeRef: { node: { primaryDnsName: 'web01.example.com' } },
    });
    const { ref } = await bench.another({ ciTable: 'cmdb_ci' }).forwardEvent(event, delivery());
    expect(bench.fake.incident(ref.id)['cmdb_ci']).toBe(server['sys_id']);
    const plain = await bench.adapter.forwardEvent(event, delivery({ key: 'without' }));
    expect(bench.fake.incident(plain.ref.id)['cmdb_ci']).toBe('');
  });

  it('without one where none or several have them, which a note says', async () => {
    for (const fqdn of ['a.example.com', 'b.example.com']) bench.fake.tables.addConfigurationItem('web01', fqdn);
    const event = anEvent({ relatedCi: { configurationItem: { name: 'web01' } } });
    const adapter = bench.another({ ciTable: 'cmdb_ci' });
    const { ref } = await adapter.forwardEvent(event, delivery());
    expect(bench.fake.incident(ref.id)['cmdb_ci']).toBe('');
    expect(bench.fake.journal(ref.id)[0]?.['value']).toContain(
      'The event is about web01, which is no configuration item here, or more than one.',
    );
    // An ignored filter answers other rows.
    bench.fake.faults.add({ kind: 'ignore_query', path: 'cmdb_ci', times: 0 });
    const other = anEvent({ relatedCi: { configurationItem: { name: 'db01' } } });
    const { ref: second } = await adapter.forwardEvent(other, delivery({ key: 'db' }));
    expect(bench.fake.incident(second.id)['cmdb_ci']).toBe('');
  });

  it('unassigned, if OMi says nobody in its own way', async () => {
    const nobody = '00000000-0000-0000-ffff-ffffffffffff';
    const event = anEvent({ assignedUser: { id: nobody, loginName: 'x' }, assignedGroup: { id: '-1', name: 'y' } });
    const { ref } = await bench.adapter.forwardEvent(event, delivery());
    expect(bench.fake.incident(ref.id)).toMatchObject({ assigned_to: '', assignment_group: '' });
    expect(bench.fake.journal(ref.id)).toEqual([]);
  });

  it('not at all, if the settings name a caller who does not exist', async () => {
    const call = bench.another({ callerId: 'nobody.here' }).forwardEvent(anEvent(), delivery());
    await expect(call).rejects.toThrow(/^callerId: must be the sys_id or the name of exactly one user/);
    await expect(call).rejects.toBeInstanceOf(MisconfiguredError);
    expect(bench.fake.incidents()).toEqual([]);
  });

  it('with a description of one megabyte and any character', async () => {
    const description = 'ä€🚒"\\\n\u2028'.repeat(120_000);
    const event = anEvent({ description, drilldownUrl: undefined });
    const adapter = bench.another({ descriptionLimit: 2_000_000 });
    const { ref } = await adapter.forwardEvent(event, delivery());
    expect(bench.fake.incident(ref.id)['description'] === description).toBe(true);
    const { snapshot } = await bench.adapter.forwardEvent(event, delivery({ key: 'another' }));
    expect(String(snapshot?.fields['description'])).toMatch(/^ä€🚒[^]{3,3995}…$/u);
  });
});

describe('one live incident for one key', () => {
  it('after the answer of the create was lost', async () => {
    bench.fake.faults.add({ kind: 'lost', method: 'POST' });
    const lost = await thrownBy(bench.adapter.forwardEvent(anEvent(), delivery()));
    expect(lost).toBeInstanceOf(OutcomeUnknownError);
    expect((lost as OutcomeUnknownError).settleMs).toBe(250);
    const again = await bench.adapter.forwardEvent(anEvent(), delivery({ attempt: 2 }));
    expect(again.ref.displayId).toBe('INC0010001');
    expect(bench.fake.incidents()).toHaveLength(1);
    expect(bench.fake.counts.posts).toBe(1);
  });

  it('after a query that lags behind made a second one, which is resolved as soon as both are seen', async () => {
    bench.fake.lagMs = 300;
    bench.fake.faults.add({ kind: 'lost', method: 'POST' });
    await thrownBy(bench.adapter.forwardEvent(anEvent(), delivery()));
    await bench.adapter.forwardEvent(anEvent(), delivery({ attempt: 2 }));
    bench.fake.lagMs = 0;
    const { ref, duplicates } = await bench.adapter.forwardEvent(anEvent(), delivery({ attempt: 3 }));
    expect([ref.displayId, duplicates]).toEqual(['INC0010001', ['INC0010002']]);
    expect(live()).toMatchObject([{ number: 'INC0010001' }]);
  });

  it.each([
    ['its key', 'correlation_id', KEY],
    ['its description', 'description', expect.stringContaining(anEvent().description ?? '')],
    ['its severity', 'impact', '2'],
  ])('after the instance dropped %s, which is written once more', async (_what, field, expected) => {
    bench.fake.faults.add({ kind: 'dropped', method: 'POST', field });
    const { ref, snapshot } = await bench.adapter.forwardEvent(anEvent(), delivery());
    expect(bench.fake.incident(ref.id)[field]).toEqual(expected);
    if (field !== 'correlation_id') expect(snapshot?.fields[field]).toEqual(expected);
    // What people do meanwhile has a greater version than what was made.
    expect(snapshot?.version).toMatch(/#0$/);
    expect(bench.logged).toEqual([]);
    bench.fake.faults.add({ kind: 'dropped', field: 'correlation_display', times: 0 });
    await bench.adapter.forwardEvent(anEvent(), delivery({ key: 'other' }));
    expect(bench.logged).toEqual([
      { level: 'warn', message: expect.stringMatching(/^correlation_display: the user may not write it.*get lost$/) },
    ]);
  });

  it('although a field was dropped and may not be written later either, which is told', async () => {
    bench.fake.faults.add({ kind: 'dropped', method: 'POST', field: 'description' });
    bench.fake.faults.add({ kind: 'status', status: 403, method: 'PATCH' });
    const { ref } = await bench.adapter.forwardEvent(anEvent(), delivery());
    expect(live()).toMatchObject([{ sys_id: ref.id, description: '' }]);
    expect(bench.logged).toEqual([
      { level: 'warn', message: expect.stringMatching(/^description: the user may not write it/) },
    ]);
  });

  it('after the create took longer than our time-out and then happened', async () => {
    const adapter = bench.another({ timeoutMs: 100 });
    bench.fake.faults.add({ kind: 'slow', method: 'POST', beforeMs: 250 });
    expect(await thrownBy(adapter.forwardEvent(anEvent(), delivery()))).toBeInstanceOf(OutcomeUnknownError);
    while (bench.fake.incidents().length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await bench.adapter.forwardEvent(anEvent(), delivery({ attempt: 2 }));
    expect(bench.fake.incidents()).toHaveLength(1);
  });

  it('when it is forwarded again from the start, as after a loss of the database', async () => {
    const first = await bench.adapter.forwardEvent(anEvent(), delivery());
    const second = await bench.another().forwardEvent(anEvent(), delivery());
    expect(second.ref).toEqual(first.ref);
    expect(bench.fake.counts.posts).toBe(1);
  });

  it('when two processes forward it at once', async () => {
    bench.fake.faults.add({ kind: 'slow', method: 'POST', beforeMs: 400, times: 2 });
    const results = await Promise.all([
      bench.adapter.forwardEvent(anEvent(), delivery()),
      bench.another().forwardEvent(anEvent(), delivery()),
    ]);
    expect(bench.fake.counts.posts).toBe(2);
    expect(live()).toHaveLength(1);
    expect(new Set(results.map(({ ref }) => ref.displayId))).toEqual(new Set(['INC0010001']));
    expect(bench.fake.incident('INC0010002')).toMatchObject({
      ...{ state: '6', close_code: 'Duplicate', correlation_display: 'OPR Connect (duplicate)' },
      close_notes: expect.stringContaining('Duplicate of INC0010001'),
    });
    expect(new Set(results.flatMap(({ duplicates = [] }) => duplicates))).toEqual(new Set(['INC0010002']));
    expect(bench.logged).toContainEqual({ level: 'warn', message: 'resolved INC0010002 as a duplicate of INC0010001' });
  });

  it('when ten processes forward it at once', async () => {
    const calls = Array.from({ length: 10 }, () => bench.another().forwardEvent(anEvent(), delivery()));
    const ids = (await Promise.all(calls)).map(({ ref }) => ref.id);
    expect(new Set(ids).size).toBe(1);
    expect(live().map((row) => row['sys_id'])).toEqual([ids[0]]);
  });

  it('when a process died between its create and its second look', async () => {
    const stranded = { correlation_id: KEY, correlation_display: 'OPR Connect' };
    bench.fake.tables.insert(stranded, USER);
    bench.fake.tables.insert(stranded, USER);
    const { ref } = await bench.adapter.forwardEvent(anEvent(), delivery({ attempt: 3 }));
    expect(ref.displayId).toBe('INC0010001');
    expect(live()).toHaveLength(1);
  });

  it('whose edits by people, made before it was found, are told by the read that follows', async () => {
    bench.fake.faults.add({ kind: 'lost', method: 'POST' });
    const event = anEvent({ title: 'T'.repeat(200), description: 'Trailing space ', severity: 'unknown' });
    await thrownBy(bench.adapter.forwardEvent(event, delivery()));
    const user = bench.fake.tables.table('sys_user')[0]?.['sys_id'] ?? '';
    const untouched = await bench.another().forwardEvent(event, delivery({ attempt: 2 }));
    const read = async () => (await bench.adapter.getExternalEvent(forwardedAs(untouched), delivery())).snapshot;
    expect(untouched).toMatchObject({ found: true, snapshot: { version: '0' } });
    expect(bench.adapter.changes(untouched.snapshot, (await read()) ?? { fields: {} })).toEqual([]);
    bench.fake.asPerson('itil.user').update('INC0010001', { state: '2', assigned_to: user, description: 'By hand' });
    const adopted = await bench.adapter.forwardEvent(event, delivery({ attempt: 3 }));
    expect(bench.adapter.changes(adopted.snapshot, (await read()) ?? { fields: {} })).toMatchObject([
      { propertyName: 'description', currentValue: 'By hand' },
      { propertyName: 'state', previousValue: 'open', currentValue: 'in_progress' },
      { propertyName: 'assigned_user', currentUserName: 'itil.user' },
    ]);
  });

  it('leaving alone the copy that a person made of it', async () => {
    await bench.adapter.forwardEvent(anEvent(), delivery());
    const copy = bench.fake.tables.insert({ correlation_id: KEY, correlation_display: 'OPR Connect' }, 'itil.user');
    const { ref } = await bench.adapter.forwardEvent(anEvent(), delivery({ attempt: 2 }));
    expect(ref.displayId).toBe('INC0010001');
    expect(bench.fake.incident(copy['number'] ?? '')['state']).toBe('1');
  });

  it('going on when the duplicate cannot be resolved, and saying so', async () => {
    bench.fake.faults.add({ kind: 'slow', method: 'POST', beforeMs: 400, times: 2 });
    bench.fake.faults.add({ kind: 'status', method: 'PATCH', status: 403, times: 0 });
    await Promise.all([
      bench.adapter.forwardEvent(anEvent(), delivery()),
      bench.another().forwardEvent(anEvent(), delivery()),
    ]);
    expect(bench.logged.map(({ message }) => message)).toContain(
      'INC0010002 is a duplicate of INC0010001 and cannot be resolved',
    );
  });
});

describe('a look-up that the instance does not understand', () => {
  it('never adopts the record of a stranger', async () => {
    bench.fake.tables.insert({ short_description: 'Printer jams' }, 'itil.user');
    bench.fake.faults.add({ kind: 'ignore_query', method: 'GET', times: 0 });
    const { ref } = await bench.adapter.forwardEvent(anEvent(), delivery({ attempt: 2 }));
    expect(ref.displayId).toBe('INC0010002');
    expect(bench.fake.incident('INC0010001')).toMatchObject({ short_description: 'Printer jams', sys_mod_count: '0' });
  });

  it('stops before it creates, where it cannot see whether the record is there', async () => {
    for (let each = 0; each < 60; each += 1) bench.fake.tables.insert({}, 'itil.user');
    bench.fake.faults.add({ kind: 'ignore_query', method: 'GET', times: 0 });
    const error = await thrownBy(bench.adapter.forwardEvent(anEvent(), delivery({ attempt: 2 })));
    expect(error).toBeInstanceOf(MisconfiguredError);
    expect(error.message).toContain('the user may read correlation_id');
    expect(bench.fake.counts.posts).toBe(0);
  });

  it('refuses a key that would be read as a query', async () => {
    const error = await thrownBy(bench.adapter.forwardEvent(anEvent(), delivery({ key: 'x^ORnumber=INC0010001' })));
    expect(error.message).toContain('correlation_id: a value with ^');
  });
});

describe('how a call ends', () => {
  it('at once when its signal aborts, as an unknown outcome of a create and a transient of a look', async () => {
    bench.fake.faults.add({ kind: 'slow', method: 'POST', beforeMs: 5_000 });
    const start = Date.now();
    const create = thrownBy(bench.adapter.forwardEvent(anEvent(), delivery({ signal: AbortSignal.timeout(150) })));
    expect(await create).toBeInstanceOf(OutcomeUnknownError);
    bench.fake.faults.add({ kind: 'slow', method: 'GET', beforeMs: 5_000 });
    const look = thrownBy(bench.adapter.forwardEvent(anEvent(), delivery({ signal: AbortSignal.timeout(150) })));
    expect(await look).toBeInstanceOf(TransientError);
    expect(Date.now() - start).toBeLessThan(2_000);
  });

  it('as transient for the whole server when nobody listens, and the create happens once it does', async () => {
    await bench.fake.down();
    const error = await thrownBy(bench.adapter.forwardEvent(anEvent(), delivery()));
    expect(error).toBeInstanceOf(TransientError);
    expect((error as TransientError).scope).toBe('server');
    await bench.fake.up();
    await bench.adapter.forwardEvent(anEvent(), delivery({ attempt: 2 }));
    expect(bench.fake.incidents()).toHaveLength(1);
  });

  it('without cookies of an earlier answer', async () => {
    await bench.adapter.forwardEvent(anEvent(), delivery());
    await bench.adapter.ping(AbortSignal.timeout(5_000));
    expect(bench.fake.requests.length).toBeGreaterThan(2);
    expect(bench.fake.requests.filter(({ headers }) => 'cookie' in headers)).toEqual([]);
  });

  it('as gone when the record was deleted', async () => {
    const { ref } = await bench.adapter.forwardEvent(anEvent(), delivery());
    bench.fake.tables.remove(ref.id);
    const error = await thrownBy(bench.adapter.getExternalEvent(forwardedAs({ ref }), delivery()));
    expect(error).toBeInstanceOf(GoneError);
    expect(error.message).toContain('or an ACL hides it');
  });
});
