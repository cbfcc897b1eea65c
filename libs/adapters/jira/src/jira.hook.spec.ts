import { createHmac } from 'node:crypto';
import { ForgedHookError, RejectedError, TransientError, type HookRequest } from '@opr-connect/adapter-kit';
import {
  delivery,
  anEvent,
  FLAVOURS,
  forwardedAs,
  HOOK_SECRET,
  hooksOf,
  KEY,
  openBench,
  thrownBy,
  type Bench,
} from './jira.fixture';
import { parseHook, verifySignature } from './jira.hook';

const hook = (body: unknown, headers: Record<string, string> = {}): HookRequest => ({
  ...{ headers, receivedAt: '2024-03-29T20:40:17Z' },
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});
const signed = (body: string, method = 'sha256') =>
  hook(body, { 'x-hub-signature': `${method}=${createHmac(method, HOOK_SECRET).update(body).digest('hex')}` });

describe('the signature', () => {
  it('is the one of the manual of Jira', () => {
    const sum = 'a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9';
    const request = hook('Hello World!', { 'x-hub-signature': `sha256=${sum}` });
    expect(() => verifySignature(request, "It's a Secret to Everybody")).not.toThrow();
    expect(() => verifySignature(request, "It's a Secret to Nobody")).toThrow(ForgedHookError);
  });

  it('may be stronger than SHA-256, and never weaker', () => {
    for (const method of ['sha256', 'sha384', 'sha512'])
      expect(() => verifySignature(signed('{}', method), HOOK_SECRET)).not.toThrow();
    for (const method of ['sha1', 'md5'])
      expect(() => verifySignature(signed('{}', method), HOOK_SECRET)).toThrow('must be sha256 or stronger');
  });

  it.each([
    ['is missing', {}],
    ['must be sha256', { 'x-hub-signature': 'abc' }],
    ['must be sha256', { 'x-hub-signature': 'constructor=00' }],
    ['does not fit', { 'x-hub-signature': 'sha256=00' }],
    ['does not fit', { 'x-hub-signature': `sha256=${'0'.repeat(64)}` }],
  ])('%s: refused', (reason, headers) => {
    expect(() => verifySignature(hook('{}', headers), HOOK_SECRET)).toThrow(reason);
  });

  it('covers the raw bytes', () => {
    const request = signed('{"a":1}');
    expect(() => verifySignature({ ...request, body: Buffer.from('{"a": 1}') }, HOOK_SECRET)).toThrow(ForgedHookError);
  });
});

describe('a hook in any of its shapes', () => {
  const bytes = (body: unknown) => Buffer.from(JSON.stringify(body));

  it('names its issue, who did it, and the labels', () => {
    const body = {
      ...{
        timestamp: 1711744816000,
        webhookEvent: 'jira:issue_updated',
        user: { accountId: '5b10', displayName: 'Ann' },
      },
      issue: { id: '10001', key: 'OPS-1', fields: { labels: ['opr-connect'], description: 'h1. Wiki *markup*' } },
      changelog: { id: '1', items: [{ field: 'Status', fromString: 'To Do', toString: 'Done' }] },
    };
    expect(parseHook(bytes(body))).toEqual({
      ...{ issueId: '10001', kind: 'changed', actors: ['5b10'], labels: ['opr-connect'] },
    });
  });

  it('of a comment on a server has no issue: its id stands in the address of the comment', () => {
    const comment = {
      self: 'https://jira.example.com/rest/api/2/issue/10001/comment/20002',
      ...{ id: '20002', author: { name: 'ann', key: 'JIRAUSER10' }, body: '*hot*' },
    };
    expect(parseHook(bytes({ timestamp: 1, webhookEvent: 'comment_created', comment }))).toEqual({
      ...{ issueId: '10001', kind: 'changed', actors: ['ann', 'JIRAUSER10'] },
    });
    expect(() =>
      parseHook(bytes({ webhookEvent: 'comment_created', comment: { ...comment, self: 'https://x/1' } })),
    ).toThrow('hook: comment.self: must end with /issue/<id>/comment/<id>');
  });

  it('without a user, without a type and with numbers for ids is understood too', () => {
    const body = { webhookEvent: 'jira:issue_deleted', issue: { id: 10001 } };
    expect(parseHook(bytes(body))).toEqual({ issueId: '10001', kind: 'deleted', actors: [] });
  });

  it('of something else is passed over', () => {
    for (const webhookEvent of ['comment_deleted', 'issuelink_created', 'jira:version_released', 'user_created'])
      expect(parseHook(bytes({ webhookEvent }))).toBeUndefined();
  });

  it('with a change log that has no `toString` of its own is not confused by that of every object', () => {
    const changelog = { items: [{ field: 'assignee', fromString: null }] };
    const body = { webhookEvent: 'jira:issue_updated', issue: { id: '1' }, changelog };
    expect(parseHook(bytes(body))).toBeDefined();
    const bad = { ...body, changelog: { items: [{ field: 'assignee', toString: 7 }] } };
    expect(() => parseHook(bytes(bad))).toThrow('hook: changelog.items[0].toString: must be a text or null');
  });

  it.each([
    ['hook: body: must be JSON in UTF-8', Buffer.from([0xff])],
    ['hook: body: must be an object', Buffer.from('[]')],
    ['hook: webhookEvent: must be a text', Buffer.from('{}')],
    ['hook: issue.id: must be a number', Buffer.from('{"webhookEvent":"jira:issue_updated"}')],
    ['hook: issue.id: must be a number', bytes({ webhookEvent: 'jira:issue_updated', issue: { id: '../1' } })],
    ['hook: comment: must be an object', bytes({ webhookEvent: 'comment_updated' })],
    [
      'hook: changelog.items[0].field: must be a text',
      bytes({ webhookEvent: 'jira:issue_updated', issue: { id: '1' }, changelog: { items: [{}] } }),
    ],
  ])('that is none of Jira is refused: %s', (reason, body) => {
    expect(() => parseHook(body)).toThrow(reason);
    expect(() => parseHook(body)).toThrow(RejectedError);
  });
});

describe.each(FLAVOURS)('on %s, what people do', (flavour) => {
  let bench: Bench;
  let id: string;
  let snapshot: Awaited<ReturnType<Bench['adapter']['forwardEvent']>>['snapshot'];
  beforeEach(async () => {
    bench = await openBench(flavour);
    const written = await bench.adapter.forwardEvent(anEvent(), delivery());
    ({ snapshot } = written);
    id = written.ref.id;
  });
  afterEach(() => bench.fake.close());

  const told = async (happening: () => unknown) => {
    const seen = [];
    for (const each of await hooksOf(bench, happening)) {
      bench.adapter.verifyHook(each);
      seen.push(...(await bench.adapter.receiveChange(each, AbortSignal.timeout(5_000))));
    }
    return seen;
  };

  it('is told under the correlation key, as the issue then is', async () => {
    const ann = bench.fake.asPerson('ann');
    const seen = await told(() => {
      ann.transition(id, 'In Progress');
      ann.edit(id, { priority: '1', description: 'Now {really} *hot*' });
      ann.assign(id, 'ben');
    });
    expect(seen).toHaveLength(3);
    for (const each of seen) {
      expect(each).toMatchObject({ id: KEY, annotations: [] });
      expect(each.snapshot?.version).toBe(String(bench.fake.issue(id).updated));
      expect(bench.adapter.changes(snapshot, each.snapshot ?? { fields: {} })).toMatchObject([
        { propertyName: 'description', currentValue: 'Now {really} *hot*' },
        { propertyName: 'severity', currentValue: 'critical' },
        { propertyName: 'state', previousValue: 'open', currentValue: 'in_progress' },
        { propertyName: 'assigned_user', currentUserName: flavour === 'cloud' ? 'ben@example.com' : 'ben' },
      ]);
    }
    const [first, last] = [snapshot?.version ?? '', seen[0]?.snapshot?.version ?? ''];
    expect(bench.adapter.compareVersions(first, last)).toBeLessThan(0);
  });

  it('in a comment is told with one id, in whichever forms and however often it comes', async () => {
    Object.assign(bench.fake.hooks.behaviour, { bothForms: true, doubled: true, reordered: true });
    const seen = await told(() => bench.fake.asPerson('ann').comment(id, 'Looking.\nNow.'));
    expect(seen.length).toBeGreaterThan(1);
    for (const each of seen)
      expect(each).toMatchObject({
        id: KEY,
        annotations: [{ author: 'Ann', text: expect.stringMatching(/^Looking\.\s+Now\.$/), own: false }],
      });
    expect(new Set(seen.flatMap(({ annotations }) => annotations.map((each) => each.id))).size).toBe(1);
  });

  it('is not told where we did it ourselves', async () => {
    const written = { ref: { id }, snapshot };
    const seen = await told(() =>
      bench.adapter.forwardChange(
        {
          changedProperties: [
            { kind: 'string_property_change', propertyName: 'title', currentValue: 'x' },
            { kind: 'annotation_property_change', changeOperation: 'insert', currentValue: 'note', annotationId: 'a' },
          ],
        },
        forwardedAs(written),
        delivery(),
      ),
    );
    expect(seen).toEqual([]);
    expect(bench.fake.hooks.sent.length).toBeGreaterThan(1);
  });

  it('to a copy, or to the label, does not take the event away from its issue', async () => {
    const ann = bench.fake.asPerson('ann');
    const copies = await told(() => ann.edit(ann.clone(id).id, { summary: 'a copy' }));
    expect(copies.map((each) => each.id)).toEqual([bench.fake.all().at(-1)?.id]);
    const seen = await told(() => ann.edit(id, { labels: [] }));
    expect(seen.map((each) => each.id)).toEqual([id]);
  });

  it('by moving it is no loss: the number stays', async () => {
    const seen = await told(() => bench.fake.asPerson('ann').move(id, 'NET'));
    expect(seen).toMatchObject([{ id: KEY }]);
  });

  it('by deleting it is told as its end, late hooks of it are not', async () => {
    const ann = bench.fake.asPerson('ann');
    const seen = await told(() => {
      ann.comment(id, 'last words');
      ann.delete(id);
    });
    expect(seen).toEqual([{ id, gone: 'the issue was deleted in Jira', annotations: [] }]);
  });

  it('cannot be forged', async () => {
    bench.fake.hooks.behaviour.forged = true;
    const [forged] = await hooksOf(bench, () => bench.fake.asPerson('ann').comment(id, 'x'));
    expect(forged && (() => bench.adapter.verifyHook(forged))).toThrow(ForgedHookError);
  });

  it('waits while Jira is away', async () => {
    const [first] = await hooksOf(bench, () => bench.fake.asPerson('ann').comment(id, 'x'));
    await bench.fake.down();
    const error = await thrownBy(bench.adapter.receiveChange(first ?? hook({}), AbortSignal.timeout(5_000)));
    expect(error).toBeInstanceOf(TransientError);
    await bench.fake.up();
    expect(await bench.adapter.receiveChange(first ?? hook({}), AbortSignal.timeout(5_000))).toHaveLength(1);
  });
});
