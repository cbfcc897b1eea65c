import { AnyMap, ListOf, MapOf, OneOrMore, Optional, Secret } from '@opr-connect/adapter-kit';
import {
  FORWARDING_TYPES,
  LIFECYCLE_STATES,
  PRIORITIES,
  SEVERITIES,
  type ForwardingType,
  type LifecycleState,
  type Priority,
  type Severity,
} from '@opr-connect/opr';
import { Transform } from 'class-transformer';
import {
  ArrayNotEmpty,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsNumber,
  IsString,
  IsUrl,
  IsUUID,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateBy,
} from 'class-validator';

/** The name of the hub itself among the connected servers: a rule may name it as source, nobody may bear it. */
export const LOCAL = 'local';

const NAME = /^[A-Za-z0-9._-]{1,64}$/;
const nameRule = { message: '$property must be 1 to 64 letters, digits, dots, hyphens or underscores' };
const namesRule = {
  each: true,
  message: '$property must be names of 1 to 64 letters, digits, dots, hyphens or underscores',
};
const oneOf = (words: readonly string[]) => ({ message: `$property must be one of ${words.join(', ')}` });
const each = (words: readonly string[]) => ({ ...oneOf(words), each: true });
const attributeRule = { message: '$property must not be longer than 255 characters' };
const flag = { message: '$property must be true or false' };
const text = { message: '$property must be a text' };
const texts = { each: true, message: '$property must be a text or a list of texts' };
const notEmpty = { message: '$property must not be empty' };
const wait = { message: '$property must be a number of seconds from 0 to 60' };
const calls = { message: '$property must be a whole number from 1 to 100' };
const rate = { message: '$property must be a number from 1 to 100000' };
const flood = { message: '$property must be a number of seconds from 0 to 3600' };
const every = { message: '$property must be a number of seconds, 0 or from 1 to 2592000' };
const days = { message: '$property must be a whole number of days from 0 to 36500' };
const hold = { message: '$property must be a number of seconds from 0 to 86400' };
const doubt = { message: '$property must be a whole number of seconds from 0 to 86400' };

/** Never, or at most once a second and at least once in thirty days. */
const Every = (): PropertyDecorator =>
  ValidateBy(
    { name: 'every', validator: { validate: (value) => value === 0 || (value >= 1 && value <= 2_592_000) } },
    every,
  );

/** A person or tool that uses the hub's own Event Web Service. */
export class OperatorConfig {
  /** Login name, case-sensitive. */
  @Matches(NAME, nameRule)
  name: string;

  @Secret()
  @IsString(text)
  @IsNotEmpty(notEmpty)
  password: string;
}

/** One party that events come from or go to. */
export class ServerConfig {
  /** Login name, case-sensitive, and the `<source>` in `/opr/<source>`. */
  @Matches(NAME, nameRule)
  name: string;

  /** What people are shown instead of the name. */
  @Optional()
  @IsString(text)
  @MaxLength(256, { message: '$property must not be longer than 256 characters' })
  label?: string;

  /** The identity of the server for all time. Default: made from hub id and first name (see serverUuid). */
  @Optional()
  @IsUUID('all', { message: '$property must be a UUID' })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.toLowerCase() : value))
  uuid: string;

  /** Former names, the first one first. They stay reserved, so that no other server is taken for this one. */
  @IsArray({ message: '$property must be a list' })
  @Matches(NAME, namesRule)
  aliases: string[] = [];

  /** The key of the adapter that talks to this server. */
  @IsString(text)
  @IsNotEmpty(notEmpty)
  adapter: string;

  /** An inactive server keeps its events and its history, but nothing is carried and it cannot log in. */
  @IsBoolean(flag)
  active = true;

  /** What the server logs in to the hub with; without it it cannot log in. */
  @Secret()
  @Optional()
  @IsString(text)
  @IsNotEmpty(notEmpty)
  password?: string;

  /** What a server that forwards events to the hub may do with them when the event itself does not say. */
  @IsIn(FORWARDING_TYPES, oneOf(FORWARDING_TYPES))
  forwardingType: ForwardingType = 'synchronize';

  /** How many seconds the answer to a forwarded event may wait for the ticket's id. */
  @IsNumber({ allowNaN: false, allowInfinity: false }, wait)
  @Min(0, wait)
  @Max(60, wait)
  answerWithin = 5;

  /** Answer 503 instead of an id of the hub's own when the ticket does not exist in time. */
  @IsBoolean(flag)
  strict = false;

  /** Send a party's own changes back to it, as some OBM do. For tests and for the hub that plays OBM. */
  @IsBoolean(flag)
  echoToSender = false;

  /** For how many seconds after we sent something a change from this server may be the late echo of an older state. */
  @IsInt(doubt)
  @Min(0, doubt)
  @Max(86_400, doubt)
  doubtWindow = 600;

  /** How many calls to this server may be under way at once, of all cores together. */
  @IsInt(calls)
  @Min(1, calls)
  @Max(100, calls)
  concurrency = 8;

  /** How many calls this server may get in a minute, of all cores together. Default: no limit. */
  @Optional()
  @IsNumber({ allowNaN: false, allowInfinity: false }, rate)
  @Min(1, rate)
  @Max(100_000, rate)
  ratePerMinute?: number;

  /** How many seconds a mere count of duplicates waits for the next one, so that a flood of them costs one call. */
  @IsNumber({ allowNaN: false, allowInfinity: false }, flood)
  @Min(0, flood)
  @Max(3_600, flood)
  floodWindow = 30;

  /** How often a server whose adapter can poll is asked what changed, in seconds. 0: never. */
  @Every()
  pollEverySeconds = 300;

  /** How often every open record of this server is compared with its event, in seconds. 0: only when an operator asks. */
  @Every()
  reconcileEverySeconds = 86_400;

  /** Custom attribute that gets the external id of an event here, when its sender was answered before there was one. Empty: none. */
  @Optional()
  @IsString(text)
  @MaxLength(255, attributeRule)
  idAttribute?: string;

  /** Custom attribute that gets the address of the external record then. Empty: none. */
  @Optional()
  @IsString(text)
  @MaxLength(255, attributeRule)
  urlAttribute?: string;

  /** What the adapter needs. Kept as written; the adapter's own class judges it when the server is connected. */
  @AnyMap()
  settings: Record<string, unknown> = {};
}

/** Which events a rule is about: all conditions that are given must hold. None given: every event. */
export class FilterConfig {
  /** Names of connected servers that the event came from; `local` for the hub itself. */
  @Optional()
  @OneOrMore()
  @IsString(texts)
  source?: string[];

  @Optional()
  @OneOrMore()
  @IsIn(SEVERITIES, each(SEVERITIES))
  severity?: Severity[];

  @Optional()
  @OneOrMore()
  @IsIn(PRIORITIES, each(PRIORITIES))
  priority?: Priority[];

  @Optional()
  @OneOrMore()
  @IsIn(LIFECYCLE_STATES, each(LIFECYCLE_STATES))
  state?: LifecycleState[];

  @Optional()
  @OneOrMore()
  @IsString(texts)
  category?: string[];

  /** Part of the title, upper and lower case alike. */
  @Optional()
  @IsString(text)
  @IsNotEmpty(notEmpty)
  titleContains?: string;
}

/** One server that a rule forwards to. */
export class TargetConfig {
  /** Name of the connected server. */
  @IsString(text)
  @IsNotEmpty(notEmpty)
  server: string;

  @IsIn(FORWARDING_TYPES, oneOf(FORWARDING_TYPES))
  type: ForwardingType;

  /** How many seconds the forward waits: an event that is closed within them is not forwarded at all. */
  @IsNumber({ allowNaN: false, allowInfinity: false }, hold)
  @Min(0, hold)
  @Max(86_400, hold)
  hold = 0;
}

/** Which events are forwarded to whom. */
export class RuleConfig {
  @IsString(text)
  @IsNotEmpty(notEmpty)
  @MaxLength(256, { message: '$property must not be longer than 256 characters' })
  name: string;

  @IsBoolean(flag)
  active = true;

  @Optional()
  @MapOf(() => FilterConfig)
  filter?: FilterConfig;

  @ListOf(() => TargetConfig)
  @ArrayNotEmpty({ message: '$property must name at least one server' })
  targets: TargetConfig[];
}

/** Who may read `/metrics`. */
export class MetricsConfig {
  /** Everybody who reaches the hub, without a login; else operators only. */
  @IsBoolean(flag)
  open = false;
}

/** For how long what is over is kept, in days. 0: for ever. */
export class RetentionConfig {
  /** An event that is closed everywhere, after its last change. Its ids are kept for ever. */
  @IsInt(days)
  @Min(0, days)
  @Max(36_500, days)
  eventsDays = 90;

  /** A line of history, what an operator did, and what a reconciliation found. */
  @IsInt(days)
  @Min(0, days)
  @Max(36_500, days)
  historyDays = 365;
}

/** The whole configuration file. */
export class HubConfig {
  /** Part of every correlation key and of every default uuid: choose it once. */
  @Matches(NAME, nameRule)
  hubId = 'opr-connect';

  /** The URL under which people and other systems reach this hub; drill-down links begin with it. */
  @Optional()
  @IsUrl(
    {
      protocols: ['http', 'https'],
      require_protocol: true,
      require_tld: false,
      disallow_auth: true,
      allow_fragments: false,
      allow_query_components: false,
    },
    { message: '$property must be an http or https URL without user, query or fragment' },
  )
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.replace(/\/+$/, '') : value))
  publicUrl?: string;

  @MapOf(() => MetricsConfig)
  metrics: MetricsConfig = new MetricsConfig();

  @MapOf(() => RetentionConfig)
  retention = new RetentionConfig();

  @ListOf(() => OperatorConfig)
  operators: OperatorConfig[] = [];

  @ListOf(() => ServerConfig)
  servers: ServerConfig[] = [];

  @ListOf(() => RuleConfig)
  rules: RuleConfig[] = [];
}
