import { parseSettings, secretFields } from '@opr-connect/adapter-kit';
import { OprSettings } from './opr.settings';

const login = { user: 'hub', password: 'correct horse' };

const problemsOf = (plain: object): string[] => {
  const parsed = parseSettings(OprSettings, { ...login, ...plain });
  return parsed.ok ? [] : parsed.problems;
};

it.each([
  ['an endpoint inside the network', { endpointUrl: 'http://b/opr/obm' }],
  ['a sync service', { syncUrl: 'https://obm.example.com/opr-gateway/rest/9.10/synchronization' }],
  ['a trailing slash', { syncUrl: 'https://obm.example.com/opr-gateway/rest/synchronization/' }],
  ['both sides', { endpointUrl: 'http://localhost:8080', syncUrl: 'http://127.0.0.1:8081/sync' }],
  ['an IPv6 address', { endpointUrl: 'http://[::1]:8080/opr' }],
  ['a side that is written but left empty', { endpointUrl: null, syncUrl: 'http://obm/sync' }],
])('accepts %s', (_, plain) => {
  expect(problemsOf(plain)).toEqual([]);
});

it('waits half a minute for an answer and reads events, if nothing else is said', () => {
  const parsed = parseSettings(OprSettings, { ...login, endpointUrl: 'http://b' });
  expect(parsed).toMatchObject({ ok: true, value: { timeoutMs: 30_000, settleMs: 1_000, readable: true } });
});

it('asks for one of the two URLs', () => {
  expect(problemsOf({})).toEqual(['endpointUrl: is required where there is no syncUrl']);
});

it.each([
  'ftp://b/opr',
  'http:b',
  'https://',
  'http://hub:secret@b/opr',
  'http://b/opr?x=1',
  'http://b/opr?',
  'http://b/opr#part',
  ' http://b/opr',
  'http://b/o pr',
  'http:\\\\b\\opr',
  '/opr/obm',
  42,
])('refuses %p as a root URL, without quoting it', (url) => {
  const rule = 'must be an http or https URL without user, query and fragment';
  expect(problemsOf({ endpointUrl: url })).toEqual([`endpointUrl: ${rule}`]);
  expect(problemsOf({ syncUrl: url })).toEqual([`syncUrl: ${rule}`]);
});

it('refuses a user that Basic authentication cannot carry', () => {
  for (const user of ['a:b', 'a\nb'])
    expect(problemsOf({ endpointUrl: 'http://b', user })).toEqual([
      'user: must not contain a colon or control characters',
    ]);
});

it('refuses fields that it does not know and values of another type', () => {
  expect(problemsOf({ endpointUrl: 'http://b', url: 'http://c', timeoutMs: '1', readable: 'no' })).toEqual(
    expect.arrayContaining([
      'url: is not a known field',
      expect.stringMatching(/^timeoutMs: /),
      expect.stringMatching(/^readable: /),
    ]),
  );
});

it('marks what is secret', () => {
  expect(secretFields(OprSettings)).toEqual(['clientKey', 'clientKeyPassphrase', 'proxyPassword', 'password']);
});
