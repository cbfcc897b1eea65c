import { HttpSettings, Secret } from '@opr-connect/adapter-kit';
import {
  IsBoolean,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  ValidateBy,
  ValidateIf,
  type ValidationArguments,
} from 'class-validator';

/** OBM sites speak http inside their own network and give servers names without a domain, so both are allowed. */
function isRootUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !/^https?:\/\/[^\s\\?#]+$/i.test(value) || !URL.canParse(value)) return false;
  const { username, password } = new URL(value);
  return username === '' && password === '';
}

const RULE = '$property must be an http or https URL without user, query and fragment';

const IsRootUrl = (whenMissing = RULE): PropertyDecorator =>
  ValidateBy({
    name: 'isRootUrl',
    validator: {
      validate: isRootUrl,
      defaultMessage: (args?: ValidationArguments) => (args?.value == null ? whenMissing : RULE),
    },
  });

/** The `settings:` of a connected server with `adapter: opr`. At least one of the two URLs is needed. */
export class OprSettings extends HttpSettings {
  /**
   * Root URL path of the party's OPR endpoint, for example `https://hub.example.com/opr/obm`: events are forwarded to it.
   * Absent: no event can be forwarded to this server.
   */
  @ValidateIf(({ endpointUrl, syncUrl }: OprSettings) => endpointUrl != null || syncUrl == null)
  @IsRootUrl('$property is required where there is no syncUrl')
  endpointUrl?: string;

  /**
   * Root of the party's Event Synchronization Web Service, for example
   * `https://obm.example.com/opr-gateway/rest/9.10/synchronization`: what happens to events that it forwarded is told to it there.
   * Absent: nothing is synchronised back.
   */
  @IsOptional()
  @IsRootUrl()
  syncUrl?: string;

  /** Login at both: of OBM the *Name* of the connected server that it has for this hub (case counts), not its display label. */
  @IsString()
  @IsNotEmpty()
  @Matches(/^[^:\p{Cc}]*$/u, { message: '$property must not contain a colon or control characters' })
  user: string;

  /** Its password. */
  @Secret()
  @IsString()
  @IsNotEmpty()
  password: string;

  /** How long a request whose answer was lost may still take effect there. A repeat does no harm, so this may be short. */
  @IsInt()
  @Min(0)
  @Max(600_000)
  settleMs = 1_000;

  /** Whether events can be read there (`GET event/<id>`). With `false` it is never tried. */
  @IsBoolean()
  readable = true;
}
