import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import * as ipaddr from 'ipaddr.js';

/** Instance metadata of clouds at addresses that are not link-local: AWS over IPv6, Alibaba, Azure's wire server. */
const METADATA = ['fd00:ec2::254', '100.100.100.200', '168.63.129.16'].map((address) =>
  ipaddr.parse(address).toString(),
);

/** Which addresses may be called beside public ones. */
export type Network = 'loopback' | 'private' | (string & {});

export const isNetwork = (text: string): boolean =>
  text === 'loopback' || text === 'private' || (/\/\d+$/.test(text) && isIP(text.replace(/\/\d+$/, '')) > 0);

/**
 * Whether a call to this address is allowed: a public one always; loopback (127/8, ::1), private (RFC 1918, RFC 4193) and
 * shared ones (RFC 6598) only if `networks` names them; link-local ones, cloud metadata, multicast and addresses that wrap
 * another one (NAT64, 6to4, Teredo) never.
 */
export function isAllowedAddress(address: string, networks: readonly Network[]): boolean {
  if (isIP(address) === 0) return false;
  const ip = ipaddr.process(address);
  const range = ip.range();
  if (METADATA.includes(ip.toString())) return false;
  switch (range) {
    case 'unicast':
      return true;
    case 'loopback':
    case 'private':
    case 'uniqueLocal':
    case 'carrierGradeNat':
      return networks.some((network) => {
        if (network === 'loopback') return range === 'loopback';
        if (network === 'private') return range === 'private' || range === 'uniqueLocal';
        const [base, bits] = ipaddr.parseCIDR(network);
        return base.kind() === ip.kind() && ip.match(base, bits);
      });
    default:
      return false;
  }
}

/** The name or address that was asked for leads to where no call may go. */
export class ForbiddenAddressError extends Error {
  readonly code = 'EFORBIDDENADDRESS';
}

type Callback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/**
 * A `lookup` for agents that answers allowed addresses only. The connection is made to the very address that was checked, so
 * a name that resolves differently a moment later gains nothing. A host that is written as an address is never looked up:
 * check that with `isAllowedAddress`.
 */
export const allowedLookup =
  (networks: readonly Network[]) =>
  (host: string, options: LookupOptions, callback: Callback): void => {
    lookup(host, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '');
      const allowed = found.filter(({ address }) => isAllowedAddress(address, networks));
      const [first] = allowed;
      if (!first) return callback(new ForbiddenAddressError(`${host} is at no address that may be called`), '');
      if (options.all) return callback(null, allowed);
      callback(null, first.address, first.family);
    });
  };
