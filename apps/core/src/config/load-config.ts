import { parseSettings } from '@opr-connect/adapter-kit';
import { dirname } from 'node:path';
import { ConfigError } from './config-error';
import { crossCheck } from './cross-check';
import type { Environment } from './environment';
import { HubConfig, ServerConfig } from './hub-config';
import { resolveReferences, withoutConsequences } from './references';
import { serverUuid } from './server-uuid';
import { readYamlFile } from './yaml-file';

/**
 * Reads the configuration file once and whole. Everything that is wrong with it is told in one ConfigError, except that
 * nothing more can be said about a file that is not YAML. The `settings` of the servers stay as written: they are
 * judged one by one when a server is connected, so that a bad one stops nobody else (see resolveSettings).
 */
export function loadConfig({ configFile, variables }: Pick<Environment, 'configFile' | 'variables'>): HubConfig {
  return configFile === undefined ? new HubConfig() : configIn(readYamlFile(configFile), configFile, variables);
}

/**
 * The same, of what was read.
 *
 * @throws ConfigError
 */
export function configIn(raw: unknown, configFile: string, variables: Environment['variables']): HubConfig {
  const { plain, problems } = resolveReferences(
    HubConfig,
    raw,
    { baseDir: dirname(configFile), variables },
    (owner, field) => owner instanceof ServerConfig && field === 'settings',
  );
  const parsed = parseSettings(HubConfig, plain);
  const all = withoutConsequences([...(parsed.ok ? [] : parsed.problems), ...crossCheck(plain)], problems);
  if (!parsed.ok || all.length > 0) throw new ConfigError(configFile, all);
  for (const server of parsed.value.servers) server.uuid ??= serverUuid(parsed.value.hubId, server);
  return parsed.value;
}
