import { parseSettings } from '@opr-connect/adapter-kit';
import { IsIn, IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError } from './config-error';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const DEFAULT_CONFIG_FILE = 'opr-connect.yaml';
const HOST = /^[A-Za-z0-9:._-]+$/;
const POSTGRES_URL = /^postgres(ql)?:\/\/\S+$/;
const portRule = { message: '$property must be a whole number from 0 to 65535' };

class Settings {
  @IsOptional()
  @Matches(POSTGRES_URL, { message: '$property must be a URL that begins with postgresql://' })
  DATABASE_URL?: string;

  @Matches(HOST, { message: '$property must be a host name or an IP address' })
  OPR_CONNECT_HOST = '127.0.0.1';

  @IsInt(portRule)
  @Min(0, portRule)
  @Max(65_535, portRule)
  OPR_CONNECT_PORT = 8080;

  @IsIn(LOG_LEVELS, { message: `$property must be one of ${LOG_LEVELS.join(', ')}` })
  LOG_LEVEL: LogLevel = 'info';
}

/** The environment of the process, read once. Everything else is in the configuration file. */
export class Environment {
  /** Where the embedded PostgreSQL and whatever else the core keeps lies (absolute). */
  dataDir: string;
  /** The configuration file (absolute); without one the hub starts with nothing configured. */
  configFile?: string;
  /** A PostgreSQL of the operator's own; without it the embedded one is used. Contains a password. */
  databaseUrl?: string;
  host: string;
  /** 0 lets the system choose a free port. */
  port: number;
  logLevel: LogLevel;
  /** What `${NAME}` in the configuration file refers to. */
  variables: Readonly<Record<string, string | undefined>>;
}

/** A variable that is set to nothing counts as not set. */
export function readEnvironment(
  variables: Readonly<Record<string, string | undefined>> = process.env,
  folder: string = process.cwd(),
): Environment {
  const given = (name: string) => variables[name]?.trim() || undefined;
  const port = given('OPR_CONNECT_PORT');
  const plain = {
    DATABASE_URL: given('DATABASE_URL'),
    OPR_CONNECT_HOST: given('OPR_CONNECT_HOST'),
    OPR_CONNECT_PORT: port !== undefined && /^\d+$/.test(port) ? Number(port) : port,
    LOG_LEVEL: given('LOG_LEVEL')?.toLowerCase(),
  };
  const parsed = parseSettings(
    Settings,
    Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined)),
  );
  if (!parsed.ok) throw new ConfigError('The environment', parsed.problems);

  const configured = given('OPR_CONNECT_CONFIG');
  const byDefault = resolve(folder, DEFAULT_CONFIG_FILE);
  return Object.assign(new Environment(), {
    dataDir: resolve(folder, given('OPR_CONNECT_DATA_DIR') ?? 'data'),
    configFile: configured ? resolve(folder, configured) : existsSync(byDefault) ? byDefault : undefined,
    databaseUrl: parsed.value.DATABASE_URL,
    host: parsed.value.OPR_CONNECT_HOST,
    port: parsed.value.OPR_CONNECT_PORT,
    logLevel: parsed.value.LOG_LEVEL,
    variables,
  });
}
