import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  sign,
  timingSafeEqual,
  verify,
  type KeyObject,
} from 'node:crypto';
import { ForgedHookError, type HookRequest } from '@opr-connect/adapter-kit';

/** Both ways, as Standard Webhooks advises. */
export const TOLERANCE_SECONDS = 300;

/** What is signed, or was. */
export interface Signed {
  id: string;
  /** Seconds since 1970, of the attempt. */
  timestamp: number;
  body: Buffer;
}

/** How a party signs, in either direction. */
export interface Signature {
  /** The headers of one attempt. */
  headers(message: Signed): Record<string, string>;
  /**
   * Checks a hook at a moment (milliseconds since 1970).
   *
   * @throws ForgedHookError naming the header and the rule
   */
  verify(hook: HookRequest, now: number): void;
  /** The id of a hook, if its signature covers one: an id that nobody signed could be changed by whoever plays it again. */
  idOf(hook: HookRequest): string | undefined;
}

export interface HmacOptions {
  signatureHeader: string;
  signaturePrefix: string;
  signatureEncoding: 'hex' | 'base64';
  signatureAlgorithm: string;
  signedText: string;
  idHeader: string;
  timestampHeader: string;
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const PREFIXED = /^(whsec_|whsk_|whpk_)?(.+)$/;
/** RFC 8410: what stands before the 32 bytes of an ed25519 key in DER. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

function bytesOf(secret: string): { kind: string; bytes: Buffer } {
  const [, kind = 'whsec_', base64 = ''] = PREFIXED.exec(secret) ?? [];
  return { kind, bytes: BASE64.test(base64) ? Buffer.from(base64, 'base64') : Buffer.alloc(0) };
}

export function isStandardSecret(secret: string): boolean {
  const { kind, bytes } = bytesOf(secret);
  if (kind === 'whpk_') return bytes.length === 32;
  if (kind === 'whsk_') return bytes.length === 32 || bytes.length === 64;
  return bytes.length >= 24 && bytes.length <= 64;
}

/** One secret of Standard Webhooks: `v1` is an HMAC-SHA256, `v1a` an ed25519 signature. */
interface StandardKey {
  version: 'v1' | 'v1a';
  sign(text: Buffer): Buffer;
  fits(text: Buffer, signature: Buffer): boolean;
}

function standardKey(secret: string): StandardKey {
  const { kind, bytes } = bytesOf(secret);
  if (kind === 'whsec_') {
    const mac = (text: Buffer) => createHmac('sha256', bytes).update(text).digest();
    return { version: 'v1', sign: mac, fits: (text, signature) => sameBytes(mac(text), signature) };
  }
  const isPublic = kind === 'whpk_';
  // A private key comes as its seed, or as seed and public key in one.
  const key: KeyObject = isPublic
    ? createPublicKey({ key: Buffer.concat([SPKI, bytes]), format: 'der', type: 'spki' })
    : createPrivateKey({ key: Buffer.concat([PKCS8, bytes.subarray(0, 32)]), format: 'der', type: 'pkcs8' });
  return {
    version: 'v1a',
    sign: (text) => sign(null, text, key),
    fits: (text, signature) => verify(null, text, isPublic ? key : createPublicKey(key), signature),
  };
}

/**
 * Standard Webhooks 1.0: `webhook-id`, `webhook-timestamp` and `webhook-signature` over `id.timestamp.body`; a signature by
 * each secret, with spaces between. Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
 */
export function standardSignature(secrets: readonly string[]): Signature {
  const keys = secrets.map(standardKey);
  const textOf = ({ id, timestamp, body }: Signed) => Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  return {
    headers(message) {
      const text = textOf(message);
      return {
        'webhook-id': message.id,
        'webhook-timestamp': String(message.timestamp),
        'webhook-signature': keys.map((key) => `${key.version},${key.sign(text).toString('base64')}`).join(' '),
      };
    },
    verify({ headers, body }, now) {
      const id = required(headers, 'webhook-id');
      const timestamp = timestampOf(headers, 'webhook-timestamp', now);
      const text = textOf({ id, timestamp, body });
      const given = required(headers, 'webhook-signature')
        .split(' ')
        .map((each) => each.split(','));
      const fits = given.some(([version, signature = '']) =>
        keys.some((key) => key.version === version && key.fits(text, Buffer.from(signature, 'base64'))),
      );
      if (!fits)
        throw new ForgedHookError('webhook-signature: does not fit the body: hookSecret differs, or it was altered');
    },
    idOf: ({ headers }) => headers['webhook-id'],
  };
}

/** One HMAC in one header, as GitHub, Jira, Slack and ServiceNow do it, each in a way of its own. */
export function hmacSignature(secrets: readonly string[], options: HmacOptions): Signature {
  const { signatureHeader, signaturePrefix, signatureEncoding, signedText, idHeader, timestampHeader } = options;
  const coversId = signedText.includes('{id}');
  const mac = (secret: string, { id, timestamp, body }: Signed): string => {
    const hmac = createHmac(options.signatureAlgorithm, secret);
    for (const part of signedText.split(/(\{(?:id|timestamp|body)\})/)) {
      if (part === '{body}') hmac.update(body);
      else hmac.update(part === '{id}' ? id : part === '{timestamp}' ? String(timestamp) : part);
    }
    return signaturePrefix + hmac.digest(signatureEncoding);
  };
  return {
    headers: (message) => ({
      [idHeader]: message.id,
      [timestampHeader]: String(message.timestamp),
      // One header holds one signature, so a receiver replaces its secret first.
      [signatureHeader]: mac(secrets[0] ?? '', message),
    }),
    verify({ headers, body }, now) {
      const given = required(headers, signatureHeader);
      const timestamp = signedText.includes('{timestamp}') ? timestampOf(headers, timestampHeader, now) : 0;
      const message = { id: coversId ? required(headers, idHeader) : '', timestamp, body };
      if (!secrets.some((secret) => sameBytes(Buffer.from(mac(secret, message)), Buffer.from(given))))
        throw new ForgedHookError(`${signatureHeader}: does not fit the body: hookSecret differs, or it was altered`);
    },
    idOf: ({ headers }) => (coversId ? headers[idHeader] : undefined),
  };
}

const sameBytes = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

function required(headers: Readonly<Record<string, string>>, name: string): string {
  const value = headers[name];
  if (!value) throw new ForgedHookError(`${name}: is missing`);
  return value;
}

function timestampOf(headers: Readonly<Record<string, string>>, name: string, now: number): number {
  const text = required(headers, name);
  if (!/^\d{1,12}$/.test(text)) throw new ForgedHookError(`${name}: must be seconds since 1970`);
  const timestamp = Number(text);
  const age = Math.floor(now / 1000) - timestamp;
  if (age > TOLERANCE_SECONDS) throw new ForgedHookError(`${name}: is more than ${TOLERANCE_SECONDS} seconds old`);
  if (age < -TOLERANCE_SECONDS)
    throw new ForgedHookError(`${name}: is more than ${TOLERANCE_SECONDS} seconds ahead: check both clocks`);
  return timestamp;
}
