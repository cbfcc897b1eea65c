import { HttpSettings, MapOf, mappingSettings, Optional, Secret, type MappingSettings } from '@opr-connect/adapter-kit';
import {
  IsArray,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateBy,
  buildMessage,
  type ValidationArguments,
  type ValidationOptions,
} from 'class-validator';

import { AUTHS, type Auth } from './servicenow.credentials';
import { SERVICENOW } from './servicenow.facts';

const FIELD = /^[a-z][a-z0-9_]*$/;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** A password must not travel in the clear: https, or http to this machine. */
function isInstanceUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, hostname, username, password, search, hash } = new URL(value);
  if (username || password || search || hash) return false;
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
}

const IsInstanceUrl = (options?: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    {
      name: 'isInstanceUrl',
      validator: {
        validate: isInstanceUrl,
        defaultMessage: buildMessage(
          (each) =>
            `${each}$property must be an https URL without user, query and fragment (http only for a loopback host)`,
        ),
      },
    },
    options,
  );

const IsNames = (): PropertyDecorator =>
  ValidateBy({
    name: 'isNames',
    validator: {
      validate: (value: unknown) =>
        typeof value === 'object' &&
        value !== null &&
        !Array.isArray(value) &&
        Object.values(value).every((each) => typeof each === 'string' && each !== ''),
      defaultMessage: () => '$property must be a map of names to names',
    },
  });

/** A text that some ways of logging in need and the others have no use for. */
const NeededBy = (...auths: Auth[]): PropertyDecorator => {
  const problem = (value: unknown, auth: unknown) => {
    if (!AUTHS.some((each) => each === auth)) return undefined;
    if (auths.some((each) => each === auth))
      return typeof value === 'string' && value !== '' ? undefined : `must be given with auth: ${String(auth)}`;
    return value === undefined ? undefined : `must not be given with auth: ${String(auth)}`;
  };
  const authOf = (args?: ValidationArguments) => args && Reflect.get(args.object, 'auth');
  return ValidateBy({
    name: 'neededBy',
    validator: {
      validate: (value, args) => problem(value, authOf(args)) === undefined,
      defaultMessage: (args) => `$property ${problem(args?.value, authOf(args))}`,
    },
  });
};

/** The `settings:` of a connected server with `adapter: servicenow`. */
export class ServiceNowSettings extends HttpSettings {
  /** Address of the instance, for example `https://example.service-now.com`. Names the home of every record: do not move it. */
  @IsInstanceUrl()
  url: string;

  /** How we log in. */
  @IsIn(AUTHS)
  auth: Auth = 'basic';

  /** Login of the integration user, however we log in as it. What it writes is not reported back as somebody's work. */
  @IsString()
  @IsNotEmpty()
  user: string;

  /** Its password. */
  @Secret()
  @NeededBy('basic', 'oauth-password')
  password?: string;

  /** Client id of the OAuth application registry. */
  @NeededBy('oauth-client-credentials', 'oauth-password')
  clientId?: string;

  /** Its secret. */
  @Secret()
  @NeededBy('oauth-client-credentials', 'oauth-password')
  clientSecret?: string;

  /** OAuth scope to ask for, such as `useraccount`. Without one the client's own. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  scope?: string;

  /** Token of the REST API key. */
  @Secret()
  @NeededBy('api-key')
  apiKey?: string;

  /** Key of the business rule's signature, the same text as in the instance; at least 16 characters. */
  @Secret()
  @IsString()
  @MinLength(16)
  hookSecret: string;

  /** Table of the records: `incident` or one that extends it. */
  @Matches(FIELD)
  table = 'incident';

  /** Staging table through which new records are made, by a transform map that coalesces on `correlation_id`. Without it they are made by the Table API. */
  @IsOptional()
  @Matches(FIELD)
  importTable?: string;

  /** Written to `correlation_display`; the business rule's condition names the same text. One per hub that uses the instance. */
  @Matches(/^[^\^,\r\n]+$/)
  @MaxLength(80)
  correlationDisplay = 'OPR Connect';

  /** Caller of new records: `user_name` or sys_id of a user. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  callerId?: string;

  /** Group of new records whose event has none: name or sys_id. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  assignmentGroup?: string;

  /** Users by their login in events, each with the `user_name` in ServiceNow. Others have one login in both. */
  @Optional()
  @IsNames()
  users?: Record<string, string>;

  /** Groups by their name in events, each with the name in ServiceNow. Others have one name in both. */
  @Optional()
  @IsNames()
  groups?: Record<string, string>;

  /** Table in which the configuration item of a new record is looked up, such as `cmdb_ci`. Without it none is. */
  @IsOptional()
  @Matches(FIELD)
  ciTable?: string;

  /** Fields of that table that may hold the name, best first. */
  @IsArray()
  @Matches(FIELD, { each: true })
  ciFields: string[] = ['name', 'fqdn'];

  /** Resolution code; must be one that the instance defines. Without it the first known one that it does define is taken. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  closeCode?: string;

  /** Resolution notes for events that bring no solution. Never reported back as a solution. */
  @IsString()
  @IsNotEmpty()
  closeNotes = 'The event was closed.';

  /** Field of the resolution code; empty for a table that has none. */
  @Matches(/^([a-z][a-z0-9_]*)?$/)
  closeCodeField = 'close_code';

  /** Field of the resolution notes. */
  @Matches(FIELD)
  closeNotesField = 'close_notes';

  /** Length of the column `description`, in characters: what is longer is cut, with a mark. */
  @IsInt()
  @Min(200)
  @Max(16_000_000)
  descriptionLimit = 4_000;

  /** Where annotations go: internal work notes, or comments that the caller sees. */
  @IsIn(['work_notes', 'comments'])
  journal: 'work_notes' | 'comments' = 'work_notes';

  /** Reference field for the record of the event's cause: `parent_incident` of an incident, `parent` of any other task; empty for none. */
  @Matches(/^([a-z][a-z0-9_]*)?$/)
  causeField = 'parent_incident';

  /** States from which ServiceNow lets us change nothing more: an event that is opened again gets a new record. */
  @IsArray()
  @IsString({ each: true, message: '$property must be a list of texts' })
  closedStates: string[] = ['7', '8'];

  /** Page of a record, with `{url}`, `{table}`, `{sys_id}` and `{number}` as placeholders. */
  @Matches(/\{(sys_id|number)\}/, { message: '$property must contain {sys_id} or {number}' })
  linkTemplate = '{url}/nav_to.do?uri={table}.do%3Fsys_id%3D{sys_id}';

  /** How far each poll looks back beyond the last one: a record may become visible later than the time that it carries. */
  @IsInt()
  @Min(1)
  @Max(3_600)
  pollOverlapSeconds = 60;

  /** How long a write may still take effect in the instance after its answer was lost. */
  @IsInt()
  @Min(0)
  @Max(600_000)
  settleMs = 10_000;

  /** How events are told in the words of this table. */
  @Optional()
  @MapOf(() => mappingSettings(SERVICENOW))
  mapping?: MappingSettings;
}
