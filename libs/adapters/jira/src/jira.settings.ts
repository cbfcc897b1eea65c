import { HttpSettings, MapOf, mappingSettings, Optional, Secret, type MappingSettings } from '@opr-connect/adapter-kit';
import {
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
} from 'class-validator';
import { JIRA } from './jira.mapping';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** A token must not travel in the clear: https, or http to this machine. */
function isSiteUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, hostname, username, password, search, hash } = new URL(value);
  if (username || password || search || hash) return false;
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
}

const IsSiteUrl = (): PropertyDecorator =>
  ValidateBy({
    name: 'isSiteUrl',
    validator: {
      validate: isSiteUrl,
      defaultMessage: () =>
        '$property must be an https URL without user, query and fragment (http only for a loopback host)',
    },
  });

/** The `settings:` of a connected server with `adapter: jira`. */
export class JiraSettings extends HttpSettings {
  /** Where people look at issues, for example `https://example.atlassian.net`. Names the home of every issue: do not move it. */
  @IsSiteUrl()
  url: string;

  /** Where the REST API is, if that is elsewhere: `https://api.atlassian.com/ex/jira/<cloud id>` for a service account. */
  @IsOptional()
  @IsSiteUrl()
  apiUrl?: string;

  /** Mail address of the integration user (Cloud). Without it `token` is a personal access token (Data Center). */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  user?: string;

  /** API token (Cloud) or personal access token (Data Center). What its user does is not reported back as somebody's work. */
  @Secret()
  @IsString()
  @IsNotEmpty()
  token: string;

  /** Secret of the web hook, the same text as in Jira; at least 16 characters. */
  @Secret()
  @IsString()
  @MinLength(16)
  hookSecret: string;

  /** Key of the project of new issues, for example `OPS`. */
  @Matches(/^[A-Za-z][A-Za-z0-9_]*$/)
  project: string;

  /** Name or id of the type of new issues. */
  @IsString()
  @IsNotEmpty()
  issueType = 'Task';

  /** Label of every issue, beginning of its own second label, and key of its entity property. One per hub that uses the site. */
  @Matches(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/)
  @MaxLength(100)
  label = 'opr-connect';

  /** Resolution of an issue whose event is closed. Without it the first usual one that the transition offers is taken. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  resolution?: string;

  /** Name or id of the type of link from an issue to that of its event's cause; empty for no links. */
  @IsString()
  causeLinkType = 'Relates';

  /** Project role that alone may read our comments. Without it everybody who sees the issue may. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  commentRole?: string;

  /** How far each poll looks back beyond the last one: the search of Cloud knows changes late. */
  @IsInt()
  @Min(1)
  @Max(1_440)
  pollOverlapMinutes = 5;

  /** How long a write whose answer was lost may stay unknown to the search of Jira. */
  @IsInt()
  @Min(0)
  @Max(600_000)
  settleMs = 60_000;

  /** How events are told in the words of this project. */
  @Optional()
  @MapOf(() => mappingSettings(JIRA))
  mapping?: MappingSettings;
}
