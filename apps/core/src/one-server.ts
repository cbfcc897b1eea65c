import { Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule, NestFactory } from '@nestjs/core';
import type { Adapter } from '@opr-connect/adapter-kit';
import { ADAPTER_MODULES } from './adapters';
import { ConfigError } from './config/config-error';
import { Configuration } from './config/configuration';
import { Environment, readEnvironment } from './config/environment';
import { ConnectedServers } from './connected-servers/connected-servers';

/** The command line is not understood, or names what there is not. */
export class UsageError extends Error {}

/** As in sysexits: a wrong command line, a configuration that cannot be used, or what was given cannot be told or understood. */
export const exitCodeOf = (error: unknown): 64 | 65 | 78 =>
  error instanceof UsageError ? 64 : error instanceof ConfigError ? 78 : 65;

/** The connected servers of a configuration, without a database behind them and without a door. */
@Module({})
class ServersModule {
  static of(environment: Environment, configuration: Configuration): DynamicModule {
    return {
      module: ServersModule,
      imports: [DiscoveryModule, ...ADAPTER_MODULES],
      providers: [
        { provide: Environment, useValue: environment },
        { provide: Configuration, useValue: configuration },
        ConnectedServers,
      ],
    };
  }
}

/**
 * What `use` makes of one connected server of the configuration, for the commands that look at a server and leave it alone.
 *
 * @throws UsageError   there is no such server
 * @throws ConfigError  the configuration, or the settings of the server, cannot be used
 */
export async function withServer<Result>(name: string, use: (adapter: Adapter) => Promise<Result>): Promise<Result> {
  const environment = readEnvironment();
  const module = ServersModule.of(environment, Configuration.load(environment));
  const context = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  try {
    const server = context.get(ConnectedServers).named(name);
    if (!server) throw new UsageError(`There is no connected server ${name}`);
    if (!server.adapter) throw new ConfigError(`${environment.configFile}: ${name}`, server.problems);
    return await use(server.adapter);
  } finally {
    await context.close();
  }
}
