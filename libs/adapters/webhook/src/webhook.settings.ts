import { HttpSettings, isNetwork, IsSource, Secret } from '@opr-connect/adapter-kit';
import {
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  ValidateBy,
  buildMessage,
  type ValidationOptions,
} from 'class-validator';
import { isStandardSecret } from './webhook.signature';

const rule = (
  name: string,
  message: string,
  validate: (value: unknown, settings: WebhookSettings) => boolean,
  options?: ValidationOptions,
): PropertyDecorator =>
  ValidateBy(
    {
      name,
      validator: {
        validate: (value: unknown, context) => validate(value, context?.object as WebhookSettings),
        defaultMessage: buildMessage((each) => `${each}$property ${message}`),
      },
    },
    options,
  );

/** What is posted must not travel in the clear, except to addresses that are listed as our own. */
const IsEndpoint = () =>
  rule(
    'isEndpoint',
    'must be a URL without user and fragment: https, or http if allowedNetworks is not empty',
    (value, { allowedNetworks }) => {
      if (typeof value !== 'string' || !URL.canParse(value.replaceAll('{id}', 'id'))) return false;
      const { protocol, username, password, hash } = new URL(value.replaceAll('{id}', 'id'));
      if (username || password || hash) return false;
      return (
        protocol === 'https:' || (protocol === 'http:' && Array.isArray(allowedNetworks) && allowedNetworks.length > 0)
      );
    },
  );

/** Standard Webhooks asks for 24 to 64 random bytes; other signatures for a text that cannot be guessed. */
const IsSigningSecret = () =>
  rule(
    'isSigningSecret',
    'must be whsec_ and the base64 of 24 to 64 bytes, or whsk_ (whpk_ for hooks) and that of an ed25519 key; with signing: hmac, a text of at least 16 characters',
    (value, { signing }) =>
      typeof value === 'string' && (signing === 'hmac' ? value.length >= 16 : isStandardSecret(value)),
  );

const IsAllowedHosts = () =>
  rule(
    'isAllowedHosts',
    'must be a list of host names, each with *. in front for all hosts below it',
    (value) =>
      Array.isArray(value) &&
      value.every((each) => typeof each === 'string' && /^(\*\.)?[a-z0-9]([a-z0-9.:[\]-]*[a-z0-9\]])?$/.test(each)),
  );

const IsNetworks = () =>
  rule(
    'isNetworks',
    'must be a list of loopback, private, or networks like 10.1.0.0/16',
    (value) => Array.isArray(value) && value.every((each) => typeof each === 'string' && isNetwork(each)),
  );

/** The `settings:` of a connected server with `adapter: webhook`. */
export class WebhookSettings extends HttpSettings {
  /** Where events are posted to. */
  @IsEndpoint()
  url: string;

  /** Where changes are posted to, if elsewhere; `{id}` stands for the external id of the event. */
  @IsOptional()
  @IsEndpoint()
  changeUrl?: string;

  /** `standard`: Standard Webhooks 1.0. `hmac`: one header as the settings below describe it. */
  @IsIn(['standard', 'hmac'])
  signing: 'standard' | 'hmac' = 'standard';

  /** Signs what is sent. */
  @Secret()
  @IsSigningSecret()
  secret: string;

  /** While a secret is replaced: the old one, by which what is sent is signed as well. */
  @Secret()
  @IsOptional()
  @IsSigningSecret()
  previousSecret?: string;

  /** Verifies hooks that come in. Without it none are taken, and the server supports up to `notify_and_update`. */
  @Secret()
  @IsOptional()
  @IsSigningSecret()
  hookSecret?: string;

  /** While a secret is replaced: the old one, which still opens the door. */
  @Secret()
  @IsOptional()
  @IsSigningSecret()
  previousHookSecret?: string;

  /** `hmac`: the header that carries the signature, in lower case. */
  @Matches(/^[a-z0-9-]+$/)
  signatureHeader = 'x-hub-signature-256';

  /** `hmac`: what stands before the signature in its header. */
  @IsString()
  signaturePrefix = 'sha256=';

  /** `hmac`: how the signature is written. */
  @IsIn(['hex', 'base64'])
  signatureEncoding: 'hex' | 'base64' = 'hex';

  /** `hmac`: the hash function. */
  @IsIn(['sha1', 'sha256', 'sha384', 'sha512'])
  signatureAlgorithm: 'sha1' | 'sha256' | 'sha384' | 'sha512' = 'sha256';

  /** `hmac`: what is signed, with `{id}`, `{timestamp}` and `{body}` as placeholders. With `{timestamp}`, stale hooks are refused. */
  @Matches(/\{body\}/, { message: '$property must contain {body}' })
  signedText = '{body}';

  /** `hmac`: the header of the delivery key, in lower case. */
  @Matches(/^[a-z0-9-]+$/)
  idHeader = 'webhook-id';

  /** `hmac`: the header of the time of the attempt (seconds since 1970), in lower case. */
  @Matches(/^[a-z0-9-]+$/)
  timestampHeader = 'webhook-timestamp';

  /** JSONata that makes the body that is sent. Its input is the documented body. */
  @IsOptional()
  @IsSource('jsonata')
  bodyMapping?: string;

  /** JSONata that makes the documented `data`, or a list of them, of a hook. Its input is a map with `headers` and `body`. */
  @IsOptional()
  @IsSource('jsonata')
  hookMapping?: string;

  /** Where in the answer to an event its external id stands: names with dots between. Without one the delivery key is the id. */
  @IsString()
  @IsNotEmpty()
  answerId = 'id';

  /** Where in the answer the address of its page stands. */
  @IsString()
  @IsNotEmpty()
  answerUrl = 'url';

  /** Hosts that `url` and `changeUrl` may name: exactly, or `*.example.com`. Without any, every host. */
  @IsArray()
  @IsAllowedHosts()
  allowedHosts: string[] = [];

  /** Addresses that may be called beside public ones: `loopback`, `private`, or networks like `10.1.0.0/16`. */
  @IsArray()
  @IsNetworks()
  allowedNetworks: string[] = [];

  /** The party sends its hooks one after the other, each only when the one before was taken. */
  @IsBoolean()
  hooksInOrder = false;

  /** Largest body that is sent, in bytes. */
  @IsInt()
  @Min(1_000)
  @Max(10_000_000)
  maxBodyBytes = 1_000_000;

  /** How long to wait after an answer was lost, before the same delivery is sent again. */
  @IsInt()
  @Min(0)
  @Max(600_000)
  settleMs = 2_000;
}
