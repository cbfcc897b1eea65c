import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/** A certificate for tests with its key, both as PEM. */
export interface TestCertificate {
  certificate: string;
  key: string;
  privateKey: KeyObject;
  name: string;
}

/**
 * Makes a certificate for a host (localhost is 127.0.0.1 too), or of an authority if it has no issuer, that is valid for a day. Just as much of X.509 (RFC 5280)
 * as TLS needs: a P-256 key, ECDSA with SHA-256, basic constraints and alternative names.
 */
export function testCertificate(name: string, issuer?: TestCertificate, host = 'localhost'): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
  const version = tag(0xa0, tag(0x02, Buffer.from([2])));
  const serial = tag(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)]));
  const validity = sequence(utcTime(Date.now() - DAY), utcTime(Date.now() + DAY));
  const isAuthority = extension([0x55, 0x1d, 0x13], sequence(...(issuer ? [] : [tag(0x01, Buffer.from([0xff]))])));
  const address = host === 'localhost' ? [tag(0x87, Buffer.from([127, 0, 0, 1]))] : [];
  const names = sequence(tag(0x82, Buffer.from(host)), ...address);
  const extensions = tag(0xa3, sequence(isAuthority, extension([0x55, 0x1d, 0x11], names)));
  const body = sequence(
    ...[version, serial, algorithm, distinguished(issuer?.name ?? name), validity, distinguished(name)],
    ...[publicKey.export({ type: 'spki', format: 'der' }), extensions],
  );
  const signature = sign('sha256', body, issuer?.privateKey ?? privateKey);
  const der = sequence(body, algorithm, tag(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const base64 = der.toString('base64').replace(/.{64}/g, '$&\n');
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    privateKey,
    name,
  };
}

const DAY = 24 * 60 * 60_000;

/** One element of DER: tag, length, content. */
function tag(number: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([number, ...size]), content]);
}

const sequence = (...parts: Buffer[]): Buffer => tag(0x30, Buffer.concat(parts));
const oid = (...bytes: number[]): Buffer => tag(0x06, Buffer.from(bytes));
const extension = (id: number[], value: Buffer): Buffer => sequence(oid(...id), tag(0x04, value));
const distinguished = (commonName: string): Buffer =>
  sequence(tag(0x31, sequence(oid(0x55, 0x04, 0x03), tag(0x0c, Buffer.from(commonName)))));
const utcTime = (at: number): Buffer =>
  tag(0x17, Buffer.from(`${new Date(at).toISOString().slice(2, 19).replace(/[-T:]/g, '')}Z`));
