import { allowedLookup, ForbiddenAddressError, isAllowedAddress, isNetwork } from '.';

describe('an address', () => {
  test.each(['8.8.8.8', '2606:4700::1111', '::ffff:8.8.8.8'])('%s is public and may be called', (address) => {
    expect(isAllowedAddress(address, [])).toBe(true);
  });

  test.each([
    ['127.0.0.1', 'loopback'],
    ['::1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['10.1.2.3', 'private'],
    ['192.168.0.1', 'private'],
    ['fd12::1', 'private'],
    ['10.1.2.3', '10.1.0.0/16'],
    ['100.64.0.1', '100.64.0.0/10'],
    ['::ffff:10.1.2.3', '10.1.0.0/16'],
  ])('%s may be called only if %s is listed', (address, network) => {
    expect(isAllowedAddress(address, [])).toBe(false);
    expect(isAllowedAddress(address, ['10.2.0.0/16', '192.0.2.0/24'])).toBe(false);
    expect(isAllowedAddress(address, [network])).toBe(true);
  });

  test.each([
    ...['169.254.169.254', 'fe80::1', '100.100.100.200', 'fd00:ec2::254', '168.63.129.16', '0.0.0.0', '::'],
    ...[
      '224.0.0.1',
      '255.255.255.255',
      '64:ff9b::7f00:1',
      '2002:7f00:1::',
      '192.0.0.192',
      '::ffff:169.254.169.254',
      '',
    ],
  ])('%s may never be called, whatever is listed', (address) => {
    expect(isAllowedAddress(address, ['loopback', 'private', '0.0.0.0/0', '::/0'])).toBe(false);
  });

  test.each([
    ['loopback', true],
    ['10.0.0.0/8', true],
    ['fd00::/8', true],
    ['10.0.0.0', false],
    ['example.com', false],
  ])('%s is a network: %s', (text, expected) => expect(isNetwork(text)).toBe(expected));
});

describe('the lookup', () => {
  const resolve = (networks: string[], all: boolean) =>
    new Promise<unknown>((done, fail) =>
      allowedLookup(networks)('localhost', { all }, (error, found) => (error ? fail(error) : done(found))),
    );

  it('answers no address that is not listed', async () => {
    await expect(resolve([], true)).rejects.toThrow(ForbiddenAddressError);
    await expect(resolve(['private'], false)).rejects.toThrow('localhost is at no address that may be called');
  });

  it('answers one address or all, as it is asked', async () => {
    expect(['127.0.0.1', '::1']).toContain(await resolve(['loopback'], false));
    expect(await resolve(['loopback'], true)).toContainEqual({ address: '127.0.0.1', family: 4 });
  });
});
