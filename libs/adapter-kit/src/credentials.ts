const CARRIES_ONE = /^(proxy-)?authorization$|api-?key/i;

/**
 * A text without the credentials of the request that it answers: some servers and proxies quote a request whose login they
 * refuse, and their words go into errors that operators read.
 */
export function withoutCredentials(text: string, headers: Readonly<Record<string, string>> = {}): string {
  return Object.entries(headers)
    .filter(([name]) => CARRIES_ONE.test(name))
    .flatMap(([, value]) => formsOf(value))
    .reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}

/** The value, what stands behind its scheme, and the password in that; the longest first. */
function formsOf(value: string): string[] {
  const [scheme = '', token = value] = value.split(' ');
  const password = /^basic$/i.test(scheme)
    ? Buffer.from(token, 'base64')
        .toString()
        .replace(/^[^:]*:/, '')
    : '';
  return [value, token, password].filter((each) => each !== '');
}
