import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ConfigError } from './config-error';
import type { Environment } from './environment';
import type { HubConfig } from './hub-config';
import { configIn, loadConfig } from './load-config';
import { filesNamedIn, fingerprint } from './source-files';
import { readYamlFile } from './yaml-file';

/** Two looks must see the same before it is read: so a change counts within half a second, and never half of it. */
const LOOK_MS = 200;

type Sources = Pick<Environment, 'configFile' | 'variables'>;

/**
 * The configuration in force. It is read again when its file, or a file that it names, has changed. Invariants:
 * - a configuration counts as a whole, for all followers in the same turn, or not at all;
 * - one that cannot be used changes nothing: its problems are logged, and the one before stays in force;
 * - what identifies external records (`hubId`, a server's `uuid`) stays as it was when the process started.
 */
@Injectable()
export class Configuration implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger('Configuration');
  private readonly followers: ((config: HubConfig) => void)[] = [];
  private files: readonly string[];
  private seen?: string;
  private read?: string;
  private refused: readonly string[] = [];
  private looking = false;
  private timer?: NodeJS.Timeout;

  private constructor(
    private readonly sources: Sources,
    private config: HubConfig,
  ) {
    this.files = sources.configFile === undefined ? [] : [sources.configFile];
  }

  /** @throws ConfigError */
  static load(sources: Sources): Configuration {
    return new Configuration(sources, loadConfig(sources));
  }

  get current(): HubConfig {
    return this.config;
  }

  /** What is wrong with the file as it is now. While there is anything, an earlier one is in force. */
  get problems(): readonly string[] {
    return this.refused;
  }

  /** Is told the configuration now, and again whenever a file was read. It must not throw. */
  follow(follower: (config: HubConfig) => void): void {
    follower(this.config);
    this.followers.push(follower);
  }

  onApplicationBootstrap(): void {
    const { configFile } = this.sources;
    if (configFile !== undefined) this.timer = setInterval(() => void this.look(configFile), LOOK_MS);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private async look(file: string): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    const now = await fingerprint(this.files);
    if (now !== this.read && now === this.seen) this.readAgain(file, now);
    this.seen = now;
    this.looking = false;
  }

  private readAgain(file: string, mark: string): void {
    this.read = mark;
    try {
      const raw = readYamlFile(file);
      this.files = [file, ...filesNamedIn(raw, dirname(file))];
      const config = configIn(raw, file, this.sources.variables);
      const problems = identityChanges(this.config, config);
      if (problems.length > 0) throw new ConfigError(file, problems);
      this.takeOver(config);
    } catch (error) {
      this.refuse(error instanceof ConfigError ? error : new ConfigError(file, [String(error)]));
    }
  }

  private takeOver(config: HubConfig): void {
    const changed = !isDeepStrictEqual(config, this.config);
    const { servers, rules, operators } = config;
    this.config = config;
    if (changed || this.refused.length > 0)
      this.log.log(
        { servers: servers.length, rules: rules.length, operators: operators.length },
        'the configuration file was read again and is in force',
      );
    this.refused = [];
    for (const follower of this.followers) follower(config);
  }

  private refuse({ problems, message }: ConfigError): void {
    if (isDeepStrictEqual(problems, this.refused)) return;
    this.refused = problems;
    this.log.error({ problems }, `the configuration stays as it was: ${message}`);
  }
}

/** What may not change while the hub runs, for records made before could not be found again. */
function identityChanges(before: HubConfig, after: HubConfig): string[] {
  const uuids = new Map(before.servers.map(({ name, uuid }) => [name, uuid]));
  return [
    ...(after.hubId === before.hubId ? [] : ['hubId: cannot change while the hub runs']),
    ...after.servers.flatMap(({ name, uuid }, index) =>
      (uuids.get(name) ?? uuid) === uuid ? [] : [`servers[${index}].uuid: cannot change while the hub runs`],
    ),
  ];
}
