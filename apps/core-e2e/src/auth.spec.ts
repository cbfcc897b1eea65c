import { writeEvent } from '@opr-connect/opr';
import { newEvent } from './support/events';
import { Installation, SECRETS } from './support/installation';
import { OprClient, type Answer } from '@opr-connect/core/testing';

const SYNC = '/opr-gateway/rest/9.10/synchronization';
let hub: Installation;

beforeAll(async () => {
  hub = await Installation.start({
    config: ({ obm }) => {
      const settings = `settings: { syncUrl: '${obm.syncUrl}', user: opr-connect, password: '\${OBM_OUT}' }`;
      return `
operators: [{ name: console, password: '\${CONSOLE}' }]
servers:
  - { name: obm, adapter: opr, password: '\${OBM_IN}', ${settings} }
  - { name: plain, adapter: opr, password: '\${BEYOND_ASCII}', ${settings} }
  - { name: asleep, adapter: opr, active: false, password: '\${OBM_IN}', ${settings} }
  - { name: silent, adapter: opr, ${settings} }
`;
    },
  });
});

afterAll(() => hub?.close());

const ping = (name: string, password: string, root = `/opr/${name}`): Promise<Answer> =>
  new OprClient(hub.core.url + root, name, password).send('GET', '');

/** What a caller can tell two answers by. */
const visible = ({ status, headers, body }: Answer): unknown => ({
  status,
  body,
  headers: Object.fromEntries([...headers].filter(([name]) => name !== 'date')),
});

describe('A login', () => {
  it.each([`/opr/plain`, SYNC])('by a password beyond ASCII with colons in it opens %s', async (root) => {
    expect((await ping('plain', SECRETS.BEYOND_ASCII, root)).status).toBe(200);
  });

  it('tells by no answer whether a name exists', async () => {
    await ping('obm', SECRETS.OBM_IN);
    const wrong = await ping('obm', 'wrong', SYNC);
    expect(wrong.status).toBe(401);
    for (const [name, password] of [
      ['nobody', 'wrong'],
      ['nobody', SECRETS.OBM_IN],
      ['asleep', 'wrong'],
      ['asleep', SECRETS.OBM_IN],
      ['silent', ''],
      ['silent', 'wrong'],
      ['console', SECRETS.CONSOLE],
    ] as const)
      expect([name, visible(await ping(name, password, SYNC))]).toEqual([name, visible(wrong)]);
  });

  it('that is wrong is still refused after the right one was seen, and the right one after a wrong one', async () => {
    for (const [password, status] of [
      [SECRETS.OBM_IN, 200],
      ['wrong', 401],
      [`${SECRETS.OBM_IN} `, 401],
      [SECRETS.OBM_IN, 200],
    ] as const)
      expect((await ping('obm', password)).status).toBe(status);
  });

  it('of an operator opens the Event Web Service, and that of a connected server does not', async () => {
    const list = (name: string, password: string): Promise<Answer> =>
      new OprClient(`${hub.core.url}/opr-web/rest/9.10`, name, password).send('GET', '/event_list');
    expect((await list('console', SECRETS.CONSOLE)).status).toBe(200);
    expect((await list('obm', SECRETS.OBM_IN)).status).toBe(401);
  });

  it('leaves no secret in any log line', async () => {
    await hub.asObm.forward(newEvent());
    await hub.asObm.send('POST', '/event', writeEvent(newEvent()), { authorization: `Basic ${SECRETS.OBM_IN}` });
    await ping('obm', SECRETS.OBM_OUT);
    await hub.asObm.send('POST', '/event', SECRETS.OBM_IN);
    await hub.asObm.send('GET', `/event/x?password=${encodeURIComponent(SECRETS.OBM_IN)}`);
    const written = hub.core.log.join('') + hub.core.told.join('');
    expect(written).toContain('"status":401');
    for (const secret of Object.values(SECRETS))
      for (const spelling of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])
        expect(written).not.toContain(spelling);
  });
});
