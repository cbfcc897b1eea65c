import { IsInt, IsNotEmpty, IsString, Max, Min, MinLength, ValidateBy } from 'class-validator';
import { HttpSettings } from '../../http.settings';
import { Secret } from '../../settings';

function isAddress(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, username, password } = new URL(value);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}

export const IsAddress = (): PropertyDecorator =>
  ValidateBy({
    name: 'isAddress',
    validator: { validate: isAddress, defaultMessage: () => '$property must be an http or https URL without user' },
  });

/** The `settings:` of a connected server with the model adapter. */
export class ModelSettings extends HttpSettings {
  /** Address of the tool. */
  @IsAddress()
  url: string;

  /** Login at the tool (Basic). */
  @IsString()
  @IsNotEmpty()
  user: string;

  /** Its password. */
  @Secret()
  @IsString()
  @IsNotEmpty()
  password: string;

  /** What hooks are signed with. */
  @Secret()
  @IsString()
  @MinLength(16)
  hookSecret: string;

  /** How long a write may still take effect after its answer was lost, in milliseconds. */
  @IsInt()
  @Min(0)
  @Max(600_000)
  settleMs = 2_000;
}
