import type { ExternalRef, Written } from '@opr-connect/adapter-kit';
import type { PropertyChange } from '@opr-connect/opr';
import { aChange, anEvent, delivery, forwardedAs, KEY, openBench, type Bench, type Overrides } from './jira.fixture';

let bench: Bench;
afterEach(() => bench.fake.close());

const symptom = anEvent({ cause: { targetId: 'the-cause' } });
const aboutCause = (currentValue?: string): PropertyChange => ({
  ...{ kind: 'string_property_change', propertyName: 'cause', currentValue },
});

/** A site with an issue for another event, and one for the symptom. */
async function siteWith(overrides: Overrides = {}): Promise<{ cause: ExternalRef; written: Written }> {
  bench = await openBench('cloud', overrides);
  const other = await bench.adapter.forwardEvent(anEvent({ id: 'the-cause' }), delivery({ key: 'key-of-the-cause' }));
  return { cause: other.ref, written: await bench.adapter.forwardEvent(symptom, delivery({ cause: other.ref })) };
}

const carry = (written: Written, cause?: ExternalRef, adapter = bench.adapter) =>
  adapter.forwardChange(aChange(aboutCause(cause && 'the-cause')), forwardedAs(written), delivery({ cause }));
const links = () => bench.fake.issues.links.map(({ type, inward, outward }) => ({ type, inward, outward }));
const notedIn = ({ ref }: Written) => bench.fake.issue(ref.id).properties['opr-connect'];

describe('an issue is linked to that of its cause', () => {
  it('by a link that reads "is caused by" where the settings name such a type, by its name or its id', async () => {
    const { cause, written } = await siteWith({ causeLinkType: 'problem/incident' });
    expect(links()).toEqual([{ type: '10100', inward: cause.id, outward: written.ref.id }]);
    await bench.another({ causeLinkType: '10100' }).ping(AbortSignal.timeout(5_000));
  });

  it('and notes that, so that the link is removed with the cause', async () => {
    const { cause, written } = await siteWith();
    expect(notedIn(written)).toEqual({ key: KEY, cause: cause.id });
    await carry(written);
    expect([links(), notedIn(written)]).toEqual([[], { key: KEY }]);
  });

  it('by the link that people made, which is theirs and stays', async () => {
    const { cause, written } = await siteWith();
    await carry(written);
    // Relates reads the same both ways.
    const [from, to] = [bench.fake.issues.get(written.ref.id), bench.fake.issues.get(cause.id)];
    bench.fake.issues.link('10003', from, to, 'ann');
    for (const each of [cause, undefined]) {
      await carry(written, each);
      expect(links()).toEqual([{ type: '10003', inward: written.ref.id, outward: cause.id }]);
    }
    expect(notedIn(written)).toEqual({ key: KEY });
  });

  it('and no link that people removed is missed when the cause is taken away', async () => {
    const { written } = await siteWith();
    bench.fake.issues.unlink(bench.fake.issues.links[0]?.id ?? '', 'ann');
    await carry(written);
    expect([links(), notedIn(written)]).toEqual([[], { key: KEY }]);
  });

  it('by none where the settings want none, which is logged once of changes', async () => {
    const { cause, written } = await siteWith({ causeLinkType: '' });
    for (const each of [cause, cause]) await carry(written, each);
    expect(links()).toEqual([]);
    expect(bench.logged.map(({ message }) => message)).toEqual(['cause has no field in Jira and is not carried']);
  });
});

describe('a site on which issues cannot be linked', () => {
  it('because it has no such type says so when the connection is tested, with the types that it has', async () => {
    bench = await openBench();
    await expect(bench.another({ causeLinkType: 'Causes' }).ping(AbortSignal.timeout(5_000))).rejects.toThrow(
      "causeLinkType: must be one of this site's, or empty: Blocks, Relates, Problem/Incident",
    );
  });

  it('because an administrator switched it off says so when the connection is tested, and what to do', async () => {
    bench = await openBench();
    bench.fake.linking = false;
    await expect(bench.adapter.ping(AbortSignal.timeout(5_000))).rejects.toThrow(
      /currently disabled.*switch issue linking on, or leave causeLinkType empty/,
    );
  });

  it.each<[string, (bench: Bench) => void, object?]>([
    ['it has no such type', () => undefined, { causeLinkType: 'Causes' }],
    ['an administrator switched it off', ({ fake }) => void (fake.linking = false)],
    [
      'the user may not do it',
      ({ fake }) => fake.faults.add({ kind: 'status', status: 404, method: 'POST', path: '/issueLink', times: 0 }),
    ],
  ])('because %s gets its issues all the same, and the log has one line', async (_why, arrange, settings = {}) => {
    bench = await openBench();
    arrange(bench);
    const adapter = bench.another(settings);
    const cause = { id: (await adapter.forwardEvent(anEvent(), delivery({ key: 'k' }))).ref.id };
    const written = await adapter.forwardEvent(symptom, delivery({ cause }));
    await carry(written, cause, adapter);
    expect(links()).toEqual([]);
    expect(bench.logged).toEqual([{ level: 'warn', message: 'issues are not linked to those of their causes' }]);
  });
});
