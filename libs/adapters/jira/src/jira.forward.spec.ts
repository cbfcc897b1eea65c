import { GoneError, MisconfiguredError, OutcomeUnknownError } from '@opr-connect/adapter-kit';
import {
  anEvent,
  delivery,
  FLAVOURS,
  forwardedAs,
  KEY,
  openBench,
  thrownBy,
  USER,
  type Bench,
  hooksOf,
} from './jira.fixture';
import { read } from './jira.text';

describe.each(FLAVOURS)('on %s, an event becomes an issue', (flavour) => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench(flavour);
  });
  afterEach(() => bench.fake.close());

  const live = () => bench.fake.all().filter(({ labels }) => labels.includes(`opr-connect-${KEY}`));

  it('with title, description, priority, label and property in one call, and a link to its page', async () => {
    const written = await bench.adapter.forwardEvent(anEvent(), delivery());
    const [issue] = bench.fake.all();
    expect(issue).toMatchObject({
      ...{ summary: 'Error packets on eth0 above threshold', priority: '2', status: 'To Do', creator: USER },
      ...{ labels: ['opr-connect', `opr-connect-${KEY}`], properties: { 'opr-connect': { key: KEY } } },
      remoteLinks: [
        {
          globalId: 'opr-connect=spec&event=531d2673-683f-429f-a742-b8680ee01a76',
          object: { url: anEvent().drilldownUrl },
        },
      ],
    });
    expect(read(issue?.description)).toBe(anEvent().description);
    expect(bench.fake.counts).toMatchObject({ creates: 1, writes: 1 });
    expect(written.ref).toEqual({ id: issue?.id, displayId: 'OPS-1', url: `${bench.fake.url}/browse/OPS-1` });
    expect(written.found).toBeUndefined();
    expect(written.snapshot).toEqual({
      version: String(issue?.updated),
      fields: {
        ...{ summary: anEvent().title, description: anEvent().description, status: 'To Do', category: 'new' },
        ...{ priority: 'High', assignee: '', resolution: '' },
      },
    });
    expect(await (await fetch(written.ref.url ?? '')).text()).toContain('OPS-1');
  });

  it('with its annotations as one comment, which are told back as ours', async () => {
    const annotationList = {
      annotation: [{ id: 'a1', author: 'admin', text: 'Cable [checked].' }, { text: 'Again.' }],
    };
    const written = await bench.adapter.forwardEvent(anEvent({ annotationList }), delivery());
    expect(bench.fake.issue(written.ref.id).comments).toHaveLength(1);
    const seen = await bench.adapter.getExternalEvent(forwardedAs(written), delivery());
    expect(seen.annotations.map(({ text, own }) => ({ text, own }))).toEqual([
      { text: 'Cable [checked].', own: true },
      { text: 'Again.', own: true },
    ]);
    expect(new Set(seen.annotations.map(({ id }) => id)).size).toBe(2);
  });

  it.each([
    ['in_progress', 'In Progress', ''],
    ['closed', 'Done', 'Done'],
  ] as const)('%s, if it is no longer open', async (state, status, resolution) => {
    const { snapshot, found } = await bench.adapter.forwardEvent(anEvent({ state, solution: 'Replaced.' }), delivery());
    expect(snapshot?.fields).toMatchObject({ status, resolution });
    expect(found).toBeUndefined();
    const [issue] = bench.fake.all();
    expect(read(issue?.comments[0]?.body)).toMatch(/^Solution: Replaced\.\n— \[opr-info:[0-9a-f]{16}\]$/);
  });

  it('assigned to the user that the event names, or with a remark where there is none', async () => {
    const { snapshot } = await bench.adapter.forwardEvent(
      anEvent({ assignedUser: { id: '7', loginName: flavour === 'cloud' ? 'ann@example.com' : 'ann' } }),
      delivery(),
    );
    expect(snapshot?.fields['assignee']).toBe(flavour === 'cloud' ? 'ann@example.com' : 'ann');
    const other = delivery({ key: '00000000-0000-4000-8000-000000000002' });
    const { ref } = await bench.adapter.forwardEvent(
      anEvent({ assignedUser: { id: '8', loginName: 'nobody' } }),
      other,
    );
    expect(read(bench.fake.issue(ref.id).comments[0]?.body)).toContain('assigned to nobody, who is no assignable user');
  });

  it('with the further fields of the settings, choices by name', async () => {
    bench.fake.customFields['customfield_10010'] = {
      ...{ name: 'Team', required: true },
      allowedValues: [
        { id: '1', value: 'Network' },
        { id: '2', value: 'Storage' },
      ],
    };
    const bad = await thrownBy(bench.adapter.forwardEvent(anEvent(), delivery()));
    expect(bad).toBeInstanceOf(MisconfiguredError);
    expect(bad.message).toBe('mapping.fields: OPS requires customfield_10010 (Team)');
    const wrong = bench.another({ mapping: { fields: { customfield_10010: 'Kitchen' } } });
    expect((await thrownBy(wrong.forwardEvent(anEvent(), delivery()))).message).toBe(
      'mapping.fields.customfield_10010: must be one of Network, Storage',
    );
    const adapter = bench.another({ mapping: { fields: { customfield_10010: { jsonata: '"stor" & "age"' } } } });
    await adapter.forwardEvent(anEvent(), delivery());
    expect(bench.fake.all()[0]?.custom).toEqual({ customfield_10010: { id: '2' } });
  });

  it('once, whatever is delivered again, and what people did since is told', async () => {
    const first = await bench.adapter.forwardEvent(anEvent(), delivery());
    const ann = bench.fake.asPerson('ann');
    ann.edit(first.ref.id, { summary: 'eth0 is broken' });
    const again = await bench.another().forwardEvent(anEvent(), delivery({ attempt: 2 }));
    expect(again.ref).toEqual(first.ref);
    expect(again.found).toBe(true);
    expect(again.snapshot?.fields).toEqual(first.snapshot?.fields);
    const seen = await bench.adapter.getExternalEvent(forwardedAs(again), delivery());
    expect(bench.adapter.changes(again.snapshot, seen.snapshot ?? { fields: {} })).toEqual([
      {
        ...{ kind: 'string_property_change', propertyName: 'title' },
        ...{ previousValue: anEvent().title, currentValue: 'eth0 is broken' },
      },
    ]);
    expect(bench.fake.all()).toHaveLength(1);
    expect(bench.fake.issue(first.ref.id).remoteLinks).toHaveLength(1);
  });

  it.each(['lost', 'cut'] as const)('once, where the answer to the create was %s', async (kind) => {
    bench.fake.faults.add({ kind, method: 'POST', path: '/issue' });
    const error = await thrownBy(bench.adapter.forwardEvent(anEvent(), delivery()));
    expect(error).toBeInstanceOf(OutcomeUnknownError);
    expect(error).toMatchObject({ settleMs: 250 });
    const written = await bench.adapter.forwardEvent(anEvent(), delivery({ attempt: 2 }));
    expect(bench.fake.all()).toHaveLength(1);
    expect(written.found).toBe(true);
  });

  it('once, where two make it at the same time: the oldest stays, the other is closed and loses the key', async () => {
    const adapters = [bench.adapter, bench.another(), bench.another()];
    const written = await Promise.all(adapters.map((each) => each.forwardEvent(anEvent(), delivery())));
    const last = await bench.adapter.forwardEvent(anEvent(), delivery({ attempt: 2 }));
    expect(live().map(({ id }) => id)).toEqual([last.ref.id]);
    const [oldest, ...extras] = bench.fake.all();
    expect(last.ref.id).toBe(oldest?.id);
    for (const extra of extras)
      expect(extra).toMatchObject({
        ...{ status: 'Done', resolution: 'Duplicate', labels: ['opr-connect-duplicate'], properties: {} },
      });
    expect(extras).not.toHaveLength(0);
    const told = [...written, last].flatMap(({ duplicates = [] }) => duplicates);
    expect([...new Set(told)].sort()).toEqual(extras.map(({ key }) => key).sort());
    expect(written.map(({ ref }) => ref.id)).toContain(oldest?.id);
    expect(bench.logged.some(({ message }) => /^closed OPS-\d as a duplicate of OPS-1$/.test(message))).toBe(true);
  });

  it('of its own, although a clone and a stranger carry its label', async () => {
    const { ref } = await bench.adapter.forwardEvent(anEvent(), delivery());
    const clone = bench.fake.asPerson('ann').clone(ref.id);
    bench.fake.asPerson('ann').delete(ref.id);
    const written = await bench.another().forwardEvent(anEvent(), delivery());
    expect(written.ref.id).not.toBe(clone.id);
    expect(written.found).toBeUndefined();
    expect(bench.fake.issue(clone.id).status).toBe('To Do');
  });

  it.each(['properties', 'labels'])('which is marked afterwards if %s were dropped', async (field) => {
    bench.fake.faults.add({ kind: 'dropped', field, method: 'POST', path: '/issue' });
    await bench.adapter.forwardEvent(anEvent(), delivery());
    expect(live()).toMatchObject([{ properties: { 'opr-connect': { key: KEY } } }]);
    await bench.another().forwardEvent(anEvent(), delivery({ attempt: 2 }));
    expect(bench.fake.all()).toHaveLength(1);
  });

  it('although a field was dropped and is refused when it is written again, which is told', async () => {
    bench.fake.faults.add({ kind: 'dropped', field: 'description', method: 'POST', path: '/issue$' });
    bench.fake.faults.add({ kind: 'status', status: 400, method: 'PUT', path: '/issue/[^/]+$' });
    const { ref } = await bench.adapter.forwardEvent(anEvent(), delivery());
    expect(live()).toMatchObject([{ id: ref.id }]);
    expect(bench.logged).toEqual([{ level: 'warn', message: expect.stringMatching(/^description: Jira, or an app/) }]);
  });

  it('without a description, where that is on no screen, and nobody emptied the one of the event', async () => {
    bench.fake.missingFields.add('description');
    const written = await bench.adapter.forwardEvent(anEvent(), delivery());
    const seen = await bench.adapter.getExternalEvent(forwardedAs(written), delivery());
    expect(bench.adapter.changes(written.snapshot, seen.snapshot ?? { fields: {} })).toEqual([]);
    expect([written.found, bench.logged]).toEqual([undefined, []]);
  });

  it('which stays where no way leads on, and that is not told as anybody’s work', async () => {
    bench.fake.workflow.transitions = [];
    const written = await bench.adapter.forwardEvent(anEvent({ state: 'in_progress' }), delivery());
    expect(live()[0]).toMatchObject({ status: 'To Do', comments: [{}] });
    expect(written.found).toBeUndefined();
    const seen = await bench.adapter.getExternalEvent(forwardedAs(written), delivery());
    expect(bench.adapter.changes(written.snapshot, seen.snapshot ?? { fields: {} })).toEqual([]);
  });

  it('with its description, which is written once more if it was dropped', async () => {
    bench.fake.faults.add({ kind: 'dropped', field: 'description', method: 'POST', path: '/issue$' });
    const written = await bench.adapter.forwardEvent(anEvent(), delivery());
    expect(read(live()[0]?.description)).toContain(anEvent().description);
    expect(written.found).toBeUndefined();
  });

  it('not, where labels are on no screen', async () => {
    bench.fake.missingFields.add('labels');
    const error = await thrownBy(bench.adapter.forwardEvent(anEvent(), delivery()));
    expect(error).toBeInstanceOf(MisconfiguredError);
    expect(error.message).toContain('the field Labels must be on the create and edit screens');
  });

  it('not, where the type or a priority of the settings is none of the project', async () => {
    const type = bench.another({ issueType: 'Bug' });
    expect((await thrownBy(type.ping(AbortSignal.timeout(5_000)))).message).toBe(
      'issueType: must be one of OPS: Task, Incident',
    );
    const priority = bench.another({ mapping: { severity: { out: { major: 'P1' } } } });
    expect((await thrownBy(priority.ping(AbortSignal.timeout(5_000)))).message).toBe(
      'mapping.severity.out.major: must be one of Highest, High, Medium, Low, Lowest',
    );
    await bench.adapter.ping(AbortSignal.timeout(5_000));
  });

  it('whose read says when it is gone', async () => {
    const written = await bench.adapter.forwardEvent(anEvent(), delivery());
    bench.fake.asPerson('ann').delete(written.ref.id);
    const error = await thrownBy(bench.adapter.getExternalEvent(forwardedAs(written), delivery()));
    expect(error).toBeInstanceOf(GoneError);
  });
});

describe('on Cloud, whose search lags behind', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench('cloud');
    bench.fake.index.lagMs = 60_000;
  });
  afterEach(() => bench.fake.close());

  it('an issue that was made by this process is found again at once', async () => {
    const first = await bench.adapter.forwardEvent(anEvent(), delivery());
    const again = await bench.adapter.forwardEvent(anEvent(), delivery({ attempt: 2 }));
    expect(again.ref).toEqual(first.ref);
    expect(bench.fake.all()).toHaveLength(1);
    const asked = bench.fake.requests.filter(({ path }) => path === '/rest/api/3/search/jql').at(-1);
    expect(JSON.parse(asked?.body ?? '')).toMatchObject({
      fields: ['labels'],
      reconcileIssues: [Number(first.ref.id)],
    });
  });

  it('an issue whose answer was lost is known by the hook of its creation', async () => {
    bench.fake.faults.add({ kind: 'lost', method: 'POST', path: '/issue' });
    const hooks = await hooksOf(bench, () => thrownBy(bench.adapter.forwardEvent(anEvent(), delivery())));
    for (const hook of hooks) expect(await bench.adapter.receiveChange(hook, AbortSignal.timeout(5_000))).toEqual([]);
    await bench.adapter.forwardEvent(anEvent(), delivery({ attempt: 2 }));
    expect(bench.fake.all()).toHaveLength(1);
  });
});
