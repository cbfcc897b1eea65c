import { OPR_NAMESPACE, writeEvent, writeEventChange } from '@opr-connect/opr';
import { createHmac } from 'node:crypto';
import { newEvent, stateChange } from './support/events';
import { Installation, SECRETS } from './support/installation';
import { basic, cutOffRequest, rawRequest } from './support/raw-request';
import { refusalIn } from './support/refusals';

let hub: Installation;
/** An event that the OBM forwarded, with everything settled. */
const known = newEvent();

beforeAll(async () => {
  hub = await Installation.start({ answerWithin: 10 });
  await hub.asObm.forward(known);
  await hub.quiet();
});

afterAll(() => hub?.close());

const XML = 'application/xml;charset=UTF-8';
const LOGIN = basic('obm', SECRETS.OBM_IN);
const EVENT = '/opr/obm/event';
const CHANGE = `/opr/obm/event_change/${known.id}`;
const BACK = `/opr-gateway/rest/9.10/synchronization/event_change/${known.id}`;
const HOOK = '/hooks/servicenow';
const PLACES = [EVENT, CHANGE, BACK];

interface Sent {
  status: number;
  headers: Headers;
  body: string;
}

async function post(path: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<Sent> {
  const answer = await fetch(hub.core.url + path, {
    method: 'POST',
    body,
    headers: { 'content-type': XML, authorization: LOGIN, ...headers },
    signal: AbortSignal.timeout(30_000),
  });
  return { status: answer.status, headers: answer.headers, body: await answer.text() };
}

const stored = (): Promise<object[]> =>
  hub.rows(`select (select count(*) from event) as events, (select count(*) from outbox_message) as messages,
    (select count(*) from external_id) as ids, (select count(*) from event_history) as history,
    (select string_agg(document::text, '' order by id) from event) as documents`);

/** Runs what is bad, and sees that it left nothing behind and that what is good works as before. */
async function leavesNothing<T>(bad: () => Promise<T>): Promise<T> {
  const before = await stored();
  const result = await bad();
  expect(await stored()).toEqual(before);
  expect((await fetch(`${hub.core.url}/health/ready`)).status).toBe(200);
  expect(hub.core.log.join('') + hub.core.told.join('')).not.toContain(SECRETS.OBM_IN);
  return result;
}

/** A document of the kind that belongs to the path, with something more inside. */
const documentFor = (path: string, inside: string, namespace = OPR_NAMESPACE): string => {
  const root = path === EVENT ? 'event' : 'event_change';
  const usual = path === EVENT ? '<id>bad</id><title>t</title>' : '';
  return `<${root} xmlns="${namespace}">${usual}${inside}</${root}>`;
};

const LAUGHS = Array.from({ length: 10 }, (_, depth) => `<!ENTITY l${depth + 1} "${`&l${depth};`.repeat(10)}">`).join(
  '',
);

interface BadBody {
  body: (path: string) => string | Buffer;
  status: number;
  /** Of the refusal: the word, and the rule or element where there is one. */
  told: Record<string, string>;
}

const BAD_BODIES: [string, BadBody][] = [
  ['what is no XML', { body: () => '{"title":"t"}', status: 400, told: { rule: 'not_well_formed' } }],
  ['nothing', { body: () => '', status: 400, told: { reason: 'not_well_formed', rule: 'empty' } }],
  ['white space', { body: () => ' \n ', status: 400, told: { rule: 'empty' } }],
  [
    'another namespace',
    {
      body: (path) => documentFor(path, '', 'urn:other'),
      status: 422,
      told: { reason: 'wrong_document', rule: 'namespace' },
    },
  ],
  ['another root', { body: () => '<incident/>', status: 422, told: { reason: 'wrong_document', rule: 'root' } }],
  [
    'a list of events',
    {
      body: () => `<event_list xmlns="${OPR_NAMESPACE}"><event><id>bad</id></event></event_list>`,
      status: 422,
      told: { reason: 'wrong_document', element: 'event_list' },
    },
  ],
  [
    'a bomb of entities',
    {
      body: (path) => `<!DOCTYPE e [<!ENTITY l0 "ha">${LAUGHS}]>${documentFor(path, '<title>&l10;</title>')}`,
      status: 400,
      told: { reason: 'not_well_formed', rule: 'doctype' },
    },
  ],
  [
    '20 MB',
    { body: (path) => documentFor(path, 'x'.repeat(20 * 1024 * 1024)), status: 413, told: { reason: 'too_large' } },
  ],
  [
    'elements 10,000 deep',
    {
      body: (path) => documentFor(path, '<x>'.repeat(10_000) + '</x>'.repeat(10_000)),
      status: 400,
      told: { rule: 'limit_depth' },
    },
  ],
  [
    'half a document',
    { body: (path) => documentFor(path, '').slice(0, -9), status: 400, told: { rule: 'not_well_formed' } },
  ],
  [
    'invalid UTF-8',
    {
      body: (path) =>
        Buffer.concat([Buffer.from('<!--'), Buffer.from([0xff, 0xfe]), Buffer.from(`-->${documentFor(path, '')}`)]),
      status: 400,
      told: { rule: 'encoding' },
    },
  ],
  [
    'a NUL',
    { body: (path) => documentFor(path, '<solution>\0</solution>'), status: 400, told: { rule: 'not_well_formed' } },
  ],
  [
    'a NUL by its number',
    { body: (path) => documentFor(path, '<solution>&#0;</solution>'), status: 400, told: { rule: 'not_well_formed' } },
  ],
];

describe.each(PLACES.map((path) => [path.replace(known.id, '<id>'), path]))('POST %s', (_name, path) => {
  it.each(BAD_BODIES)('refuses %s, says why, and stores nothing', async (_what, { body, status, told }) => {
    const answer = await leavesNothing(() => post(path, body(path)));
    expect(answer.status).toBe(status);
    const refusal = refusalIn(answer);
    expect(refusal).toMatchObject({ status: String(status), ...told });
    expect(refusal['message']).not.toBe('');
  });

  it.each([
    ['JSON', 'application/json'],
    ['a form', 'application/x-www-form-urlencoded'],
    ['text', 'text/plain'],
    ['what is no type', 'xml'],
  ])('refuses the content type of %s', async (_what, type) => {
    const answer = await leavesNothing(() => post(path, documentFor(path, ''), { 'content-type': type }));
    expect(answer.status).toBe(415);
    expect(refusalIn(answer)).toMatchObject({ reason: 'wrong_media_type' });
    expect(answer.body).toContain('Content-Type');
  });

  it('refuses a compressed body, by the name of its header', async () => {
    const answer = await leavesNothing(() =>
      post(path, documentFor(path, ''), { 'content-type': XML, 'content-encoding': 'gzip' }),
    );
    expect(answer.status).toBe(415);
    expect(answer.body).toContain('Content-Encoding');
  });

  it('refuses a body without a content type', async () => {
    const body = documentFor(path, '');
    const answer = await leavesNothing(() =>
      rawRequest(
        hub.core.url,
        [`POST ${path} HTTP/1.1`, `Authorization: ${LOGIN}`, `Content-Length: ${body.length}`],
        body,
      ),
    );
    expect(answer?.status).toBe(415);
    expect(refusalIn(answer ?? { body: '' })).toMatchObject({ reason: 'wrong_media_type' });
  });

  it('refuses chunks that are none', async () => {
    const head = [
      `POST ${path} HTTP/1.1`,
      `Authorization: ${LOGIN}`,
      `Content-Type: ${XML}`,
      'Transfer-Encoding: chunked',
    ];
    const answer = await leavesNothing(() => rawRequest(hub.core.url, head, 'zz\r\nnot a chunk\r\n'));
    expect(answer?.status).toBe(400);
  });

  it('stores nothing of a body that is cut off', async () => {
    const body = path === EVENT ? writeEvent(newEvent()) : writeEventChange(stateChange('closed'));
    const head = [`POST ${path} HTTP/1.1`, `Authorization: ${LOGIN}`, `Content-Type: ${XML}`];
    await leavesNothing(() => cutOffRequest(hub.core.url, head, body));
    expect(hub.core.log.join('')).not.toContain('"level":50');
  });

  it.each([
    ['a wrong password', { authorization: basic('obm', 'wrong horse') }],
    ['the password of another', { authorization: basic('obm', SECRETS.DESK_IN) }],
    ['an unknown name', { authorization: basic('nobody', SECRETS.OBM_IN) }],
    ['a name in other letters', { authorization: basic('OBM', SECRETS.OBM_IN) }],
    ['no login', { authorization: '' }],
    ['another scheme', { authorization: `Bearer ${SECRETS.OBM_IN}` }],
    ['no base64', { authorization: 'Basic %%%' }],
    ['no colon', { authorization: `Basic ${Buffer.from('obm').toString('base64')}` }],
    ['nothing after the scheme', { authorization: 'Basic' }],
  ])('refuses %s, and tells no password', async (_what, headers) => {
    const answer = await leavesNothing(() => post(path, documentFor(path, ''), headers));
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm="/);
    expect(refusalIn(answer)).toMatchObject({ reason: 'not_logged_in' });
    for (const password of [...Object.values(SECRETS), 'wrong horse']) {
      expect(answer.body).not.toContain(password);
      expect(hub.core.log.join('')).not.toContain(password);
    }
  });

  it('takes a good one afterwards', async () => {
    const good = path === EVENT ? writeEvent(newEvent()) : writeEventChange({ changedProperties: [] });
    expect((await post(path, good)).status).toBe(200);
  });
});

const BAD_EVENTS: [string, string, Record<string, string>][] = [
  ['no id', '<title>t</title>', { reason: 'id_missing', element: 'id' }],
  ['a blank id', '<id> \n </id>', { reason: 'id_missing', element: 'id' }],
  ['an id that is too long', `<id>${'x'.repeat(257)}</id>`, { reason: 'wrong_document', element: 'id' }],
  ['an unknown severity', '<id>bad</id><severity>fatal</severity>', { rule: 'enum', element: 'severity' }],
  ['an unknown state', '<id>bad</id><state>done</state>', { rule: 'enum', element: 'state' }],
  ['an unknown priority', '<id>bad</id><priority>p1</priority>', { rule: 'enum', element: 'priority' }],
  ['a time that is none', '<id>bad</id><time_created>now</time_created>', { rule: 'type', element: 'time_created' }],
];

const BAD_CHANGES: [string, string, Record<string, string>][] = [
  [
    'an unknown state',
    '<state_change><property_name>state</property_name><current_value>done</current_value></state_change>',
    { rule: 'enum', element: 'current_value' },
  ],
  [
    'an unknown property',
    '<string_property_change><property_name>colour</property_name><current_value>red</current_value></string_property_change>',
    { rule: 'enum', element: 'property_name' },
  ],
];

describe('A document with a value that cannot be', () => {
  it.each(BAD_EVENTS)('%s in an event is refused by element and rule', async (_what, inside, told) => {
    const answer = await leavesNothing(() => post(EVENT, `<event xmlns="${OPR_NAMESPACE}">${inside}</event>`));
    expect(answer.status).toBe(422);
    expect(refusalIn(answer)).toMatchObject(told);
  });

  it.each(
    BAD_CHANGES.flatMap((row) =>
      [CHANGE, BACK].map((path) => [row[0], path.replace(known.id, '<id>'), path, row] as const),
    ),
  )('%s in a change to %s is refused by element and rule', async (_what, _place, path, [, inside, told]) => {
    const body = `<event_change xmlns="${OPR_NAMESPACE}"><changed_properties>${inside}</changed_properties></event_change>`;
    const answer = await leavesNothing(() => post(path, body));
    expect(answer.status).toBe(422);
    expect(refusalIn(answer)).toMatchObject(told);
  });

  it.each(['/opr/obm/event_change', '/opr-gateway/rest/synchronization/event_change'])(
    'a change to %s that names no event is refused',
    async (path) => {
      const answer = await leavesNothing(() => post(path, writeEventChange(stateChange('closed'))));
      expect(answer.status).toBe(422);
      expect(refusalIn(answer)).toMatchObject({ reason: 'id_missing', element: 'target_id' });
    },
  );
});

describe('A path', () => {
  it.each([
    ['of a source that does not exist', '/opr/nobody/event', 403],
    ['that does not exist', '/opr/obm/incident', 404],
    ['with an id that cannot be', `/opr/obm/event_change/${'x'.repeat(1_000)}`, 404],
    ['with an id that is longer than any', `/opr/obm/event_change/${'x'.repeat(5_000)}`, 414],
    ['with a NUL', '/opr/obm/event_change/a%00b', 400],
    ['that is not encoded', '/opr/obm/event_change/%zz', 400],
    ['with what is no UTF-8', '/opr/obm/event_change/%ff', 400],
  ])('%s is refused', async (_what, path, status) => {
    const body = path.endsWith('/event') ? writeEvent(newEvent()) : writeEventChange(stateChange('closed'));
    const answer = await leavesNothing(() => post(path, body));
    expect(answer.status).toBe(status);
    expect(refusalIn(answer)).toMatchObject({ status: String(status) });
  });
});

describe('A hook', () => {
  const body = JSON.stringify({ sys_id: 'a'.repeat(32), operation: 'update' });
  const signed = (text: string, secret = SECRETS.HOOK): Record<string, string> => ({
    'content-type': 'application/json',
    authorization: '',
    'x-opr-connect-signature': createHmac('sha256', secret).update(text).digest('base64'),
  });

  it.each([
    ['for a server that does not exist', '/hooks/nobody', body, signed(body), 404],
    ['for a server that takes none', '/hooks/obm', body, signed(body), 404],
    ['without a signature', HOOK, body, { 'content-type': 'application/json' }, 401],
    ['signed with another secret', HOOK, body, signed(body, 'another'), 401],
    ['that was changed on the way', HOOK, `${body} `, signed(body), 401],
    ['with a signature that is none', HOOK, body, { 'x-opr-connect-signature': '%' }, 401],
    ['of 20 MB', HOOK, 'x'.repeat(20 * 1024 * 1024), signed('x'), 413],
  ])('%s is refused in JSON', async (_what, path, text, headers, status) => {
    const answer = await leavesNothing(() => post(path, text, headers));
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ status, message: expect.stringMatching(/./) });
    expect(answer.body).not.toContain(SECRETS.HOOK);
  });

  it('that is signed is stored', async () => {
    expect(await post(HOOK, body, signed(body))).toMatchObject({ status: 202, body: '{"status":"stored"}' });
  });
});
