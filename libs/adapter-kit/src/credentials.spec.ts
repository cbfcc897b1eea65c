import { withoutCredentials } from './credentials';
import { basicAuthorization } from './http';

describe('an answer that quotes the request', () => {
  it('is told without the login, in whichever form it stands there', () => {
    const authorization = basicAuthorization('hub', 'pass:wörd 1');
    const token = authorization.split(' ')[1];
    const said = `bad ${authorization}, or ${token}; password pass:wörd 1 of hub`;
    expect(withoutCredentials(said, { Authorization: authorization })).toBe('bad ***, or ***; password *** of hub');
  });

  it('is told without bearer tokens and keys', () => {
    const headers = { authorization: 'Bearer abc.def', 'x-sn-apikey': 'k-1', accept: 'application/json' };
    expect(withoutCredentials('abc.def k-1 application/json', headers)).toBe('*** *** application/json');
  });
});
