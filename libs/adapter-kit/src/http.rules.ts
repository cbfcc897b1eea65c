import { ValidateBy, type ValidationArguments } from 'class-validator';
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';

/** A rule that knows the other fields of its object. */
const rule = (name: string, problem: (value: unknown, fields: object) => string | undefined): PropertyDecorator =>
  ValidateBy({
    name,
    validator: {
      validate: (value, args?: ValidationArguments) => problem(value, args?.object ?? {}) === undefined,
      defaultMessage: (args?: ValidationArguments) => `$property ${problem(args?.value, args?.object ?? {})}`,
    },
  });

/** Of no use without the other field. */
export const GivenWith = (other: string): PropertyDecorator =>
  rule('givenWith', (_, fields) =>
    Reflect.get(fields, other) === undefined ? `must be given together with ${other}` : undefined,
  );

/** One certificate or more, as PEM. */
export const IsCertificates = (): PropertyDecorator =>
  rule('isCertificates', (value) =>
    certificatesIn(value).length === 0 ? 'must be one or more certificates as PEM' : undefined,
  );

/** The private key of the first certificate in `clientCertificate`. */
export const FitsCertificate = (): PropertyDecorator =>
  rule('fitsCertificate', (value, fields) => {
    const key = privateKey(value, Reflect.get(fields, 'clientKeyPassphrase'));
    if (!key) return 'must be a private key as PEM that clientKeyPassphrase, if it has one, opens';
    const [certificate] = certificatesIn(Reflect.get(fields, 'clientCertificate'));
    return certificate && !certificate.checkPrivateKey(key) ? 'must be the key of clientCertificate' : undefined;
  });

export const IsProxyUrl = (): PropertyDecorator =>
  rule('isProxyUrl', (value) =>
    isProxyUrl(value)
      ? undefined
      : 'must be an http or https URL of host and port only; the login is in proxyUser and proxyPassword',
  );

const BLOCKS = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** The certificates in a text; none if one of them cannot be read. */
function certificatesIn(value: unknown): X509Certificate[] {
  if (typeof value !== 'string') return [];
  try {
    return (value.match(BLOCKS) ?? []).map((block) => new X509Certificate(block));
  } catch {
    return [];
  }
}

function privateKey(value: unknown, passphrase: unknown): KeyObject | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    return createPrivateKey({ key: value, ...(typeof passphrase === 'string' && { passphrase }) });
  } catch {
    return undefined;
  }
}

function isProxyUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !/^https?:\/\/[^\s\\?#@]+$/i.test(value) || !URL.canParse(value)) return false;
  return new URL(value).pathname === '/';
}
