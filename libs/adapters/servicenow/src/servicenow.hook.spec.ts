import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ForgedHookError, RejectedError, type HookRequest, type Seen, type Written } from '@opr-connect/adapter-kit';
import {
  aChange,
  anEvent,
  annotation,
  delivery,
  forwardedAs,
  HOOK_SECRET,
  KEY,
  openBench,
  stateChange,
  thrownBy,
  version,
  type Bench,
} from './servicenow.fixture';

const sign = (body: string, secret = HOOK_SECRET) => createHmac('sha256', secret).update(body).digest('base64');

const hookOf = (body: string, signature = sign(body)): HookRequest => ({
  headers: { 'x-opr-connect-signature': signature },
  body: Buffer.from(body),
  receivedAt: '2024-03-29T20:40:16Z',
});

const told = {
  ...{ sys_id: 'a'.repeat(32), number: 'INC0010001', table: 'incident', correlation_id: KEY, sys_mod_count: '4' },
  sys_created_on: '2024-03-29 20:40:11',
  ...{ sys_updated_by: 'itil.user', operation: 'update', sent_at: '2024-03-29 20:40:16' },
  fields: { state: '2', short_description: 'Title' },
  journal: [
    {
      ...{ sys_id: 'b'.repeat(32), element: 'comments', value: 'Bitte prüfen', sys_created_by: 'itil.user' },
      sys_created_on: '2024-03-29 20:40:15',
    },
  ],
};

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.fake.close());

describe('the signature of a hook', () => {
  const body = JSON.stringify(told);

  it('is right if it was made with the key over these bytes', () => {
    expect(() => bench.adapter.verifyHook(hookOf(body))).not.toThrow();
  });

  it('is what ServiceNow makes: base64 of the HMAC-SHA256', () => {
    const adapter = bench.another({ hookSecret: "It's a Secret to Everybody" });
    const known = Buffer.from('757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17', 'hex');
    expect(() => adapter.verifyHook(hookOf('Hello, World!', known.toString('base64')))).not.toThrow();
  });

  it.each([
    ['missing', body, undefined, 'is missing'],
    ['empty', body, '', 'is missing'],
    ['of another key', body, sign(body, 'another-key-of-16'), 'does not fit the body'],
    ['of another body', `${body} `, sign(body), 'does not fit the body'],
    ['cut short', body, sign(body).slice(0, 20), 'does not fit the body'],
    ['no base64', body, '§§§', 'does not fit the body'],
    ['hexadecimal', body, Buffer.from(sign(body), 'base64').toString('hex'), 'does not fit the body'],
  ])('is refused if it is %s', (_, text, signature, reason) => {
    const headers: Record<string, string> = signature === undefined ? {} : { 'x-opr-connect-signature': signature };
    const hook = { ...hookOf(text), headers };
    expect(() => bench.adapter.verifyHook(hook)).toThrow(ForgedHookError);
    expect(() => bench.adapter.verifyHook(hook)).toThrow(reason);
    expect(() => bench.adapter.verifyHook(hook)).not.toThrow(HOOK_SECRET);
  });
});

describe('the body of a hook', () => {
  it('tells the record by its key, its version, its fields and its journal', async () => {
    expect(await bench.adapter.receiveChange(hookOf(JSON.stringify(told)))).toEqual([
      {
        id: KEY,
        snapshot: { version: version(4), fields: { state: '2', short_description: 'Title' } },
        annotations: [
          {
            ...{ id: 'b'.repeat(32), author: 'itil.user', text: 'Bitte prüfen', own: false },
            time: '2024-03-29T20:40:15Z',
          },
        ],
      },
    ]);
  });

  it('names the record by its sys_id where it carries no key', async () => {
    const [seen] = await bench.adapter.receiveChange(hookOf(JSON.stringify({ ...told, correlation_id: '' })));
    expect(seen?.id).toBe('a'.repeat(32));
  });

  it('tells nothing when a record was inserted', async () => {
    expect(await bench.adapter.receiveChange(hookOf(JSON.stringify({ ...told, operation: 'insert' })))).toEqual([]);
  });

  it.each([
    ['{', 'hook: body: must be JSON in UTF-8'],
    ['[]', 'hook: body: must be an object'],
    [JSON.stringify({ ...told, sys_id: 'x' }), 'hook: sys_id: must be 32 hexadecimal digits'],
    [JSON.stringify({ ...told, number: 7 }), 'hook: number: must be a text'],
    [JSON.stringify({ ...told, table: 'problem' }), 'hook: table: must be incident'],
    [JSON.stringify({ ...told, correlation_id: null }), 'hook: correlation_id: must be a text'],
    [JSON.stringify({ ...told, sys_mod_count: 4 }), 'hook: sys_mod_count: must be a whole number, as text'],
    [JSON.stringify({ ...told, operation: 'delete' }), 'hook: operation: must be insert or update'],
    [JSON.stringify({ ...told, fields: [] }), 'hook: fields: must be an object'],
    [JSON.stringify({ ...told, fields: { state: 2 } }), 'hook: fields.state: must be a text'],
    [JSON.stringify({ ...told, journal: undefined }), 'hook: journal: must be a list'],
    [
      JSON.stringify({ ...told, journal: [{ ...told.journal[0], value: undefined }] }),
      'journal[0].value: must be a text',
    ],
  ])('is refused with field and rule: %s', async (body, message) => {
    const error = await thrownBy(bench.adapter.receiveChange(hookOf(body)));
    expect(error).toBeInstanceOf(RejectedError);
    expect(error.message).toContain(message);
  });

  it('is refused if its bytes are no UTF-8', async () => {
    const hook = { ...hookOf('x'), body: Buffer.from([0x22, 0xff, 0x22]) };
    expect((await thrownBy(bench.adapter.receiveChange(hook))).message).toContain('must be JSON in UTF-8');
  });
});

describe('what a person does in ServiceNow', () => {
  let receiver: Server;
  let received: HookRequest[];
  let record: Written;

  beforeEach(async () => {
    received = [];
    receiver = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const headers = Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
        );
        received.push({ headers, body: Buffer.concat(chunks), receivedAt: new Date().toISOString() });
        response.writeHead(202).end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const { port } = receiver.address() as AddressInfo;
    bench.fake.hooks.target = { url: `http://127.0.0.1:${port}/hooks/servicenow`, secret: HOOK_SECRET };
    record = await bench.adapter.forwardEvent(anEvent(), delivery({ key: `${KEY}-${Math.random()}` }));
    await bench.fake.hooks.quiet();
    received.length = 0;
  });
  afterEach(async () => {
    bench.fake.hooks.target = undefined;
    Object.assign(bench.fake.hooks.behaviour, {
      off: false,
      delayMs: 0,
      doubled: false,
      reordered: false,
      forged: false,
      echo: true,
    });
    await bench.fake.hooks.quiet();
    receiver.closeAllConnections();
    await new Promise((resolve) => receiver.close(resolve));
  });

  const seen = async (): Promise<Seen[]> => {
    await bench.fake.hooks.quiet();
    const all: Seen[] = [];
    for (const hook of received) {
      bench.adapter.verifyHook(hook);
      all.push(...(await bench.adapter.receiveChange(hook)));
    }
    return all;
  };

  it('comes back as changes and annotations', async () => {
    const person = bench.fake.asPerson('itil.user');
    person.workNote(record.ref.id, 'Schaue es mir an 🚒');
    person.update(record.ref.id, { state: '2', assigned_to: bench.fake.tables.table('sys_user')[0]?.['sys_id'] ?? '' });
    person.resolve(record.ref.id, 'Cable replaced');
    const [noted, started, resolved] = await seen();
    expect(noted?.annotations).toMatchObject([{ text: 'Schaue es mir an 🚒', author: 'itil.user', own: false }]);
    expect(bench.adapter.changes(record.snapshot, noted?.snapshot ?? { fields: {} })).toEqual([]);
    expect(bench.adapter.changes(noted?.snapshot, started?.snapshot ?? { fields: {} })).toEqual([
      { kind: 'state_change', propertyName: 'state', previousValue: 'open', currentValue: 'in_progress' },
      {
        ...{ kind: 'user_property_change', propertyName: 'assigned_user' },
        ...{ previousUserName: '', currentUserName: 'itil.user' },
      },
    ]);
    expect(bench.adapter.changes(started?.snapshot, resolved?.snapshot ?? { fields: {} })).toEqual([
      { kind: 'string_property_change', propertyName: 'solution', currentValue: 'Cable replaced' },
      { kind: 'state_change', propertyName: 'state', previousValue: 'in_progress', currentValue: 'closed' },
    ]);
    expect([noted, started, resolved].map((each) => each?.snapshot?.version)).toEqual([1, 2, 3].map(version));
    // Each hook repeats the entries of the last minutes; the id is what tells them apart.
    expect(resolved?.annotations).toEqual(noted?.annotations);
  });

  it('is told apart from what we wrote ourselves', async () => {
    const change = aChange(stateChange('closed'), annotation('From the operator', 'a1'));
    const written = await bench.adapter.forwardChange(change, forwardedAs(record), delivery({ key: 'c1' }));
    const [echo] = await seen();
    expect(echo?.annotations).toMatchObject([{ text: 'From the operator', own: true }]);
    expect(echo?.snapshot).toEqual(written.snapshot);
    expect(bench.adapter.changes(record.snapshot, written.snapshot ?? { fields: {} })).toEqual([
      { kind: 'state_change', propertyName: 'state', previousValue: 'open', currentValue: 'closed' },
    ]);
  });

  it('is told again, twice, late and out of order, if the fake is told to', async () => {
    Object.assign(bench.fake.hooks.behaviour, { doubled: true, reordered: true, delayMs: 5 });
    const person = bench.fake.asPerson('itil.user');
    person.workNote(record.ref.id, 'one');
    person.workNote(record.ref.id, 'two');
    person.workNote(record.ref.id, 'three');
    expect((await seen()).map(({ snapshot }) => snapshot?.version)).toEqual([2, 2, 1, 1, 3, 3].map(version));
    expect(bench.adapter.traits.hooksMayReorder).toBe(true);
    expect(bench.adapter.compareVersions('2024-03-29 20:40:15#10', '2024-03-29 20:40:15#9')).toBeGreaterThan(0);
  });

  it('is told by nobody else: what a forger signs is refused', async () => {
    bench.fake.hooks.behaviour.forged = true;
    bench.fake.asPerson('itil.user').workNote(record.ref.id, 'not from ServiceNow');
    await bench.fake.hooks.quiet();
    const [hook] = received;
    expect(() => hook && bench.adapter.verifyHook(hook)).toThrow(ForgedHookError);
    received.length = 0;
  });

  it('is not told where the business rule leaves our own work out', async () => {
    bench.fake.hooks.behaviour.echo = false;
    await bench.adapter.forwardChange(aChange(stateChange('in_progress')), forwardedAs(record), delivery());
    bench.fake.asPerson('itil.user').workNote(record.ref.id, 'mine');
    expect(await seen()).toHaveLength(1);
  });

  it('is not told of a duplicate that we resolve, lest its end be taken for that of the event', async () => {
    const key = bench.fake.incident(record.ref.id)['correlation_id'] ?? '';
    const extra = bench.fake.tables.insert({ correlation_id: key, correlation_display: 'OPR Connect' }, 'opr.connect');
    await bench.adapter.forwardEvent(anEvent(), delivery({ key, attempt: 2 }));
    expect(bench.fake.incident(extra['number'] ?? '')['state']).toBe('6');
    expect(await seen()).toEqual([]);
  });
});
