import { ConfigError } from './config/config-error';
import { Configuration } from './config/configuration';
import { readEnvironment, type Environment } from './config/environment';
import type { HubConfig } from './config/hub-config';
import {
  EmbeddedPostgresError,
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from './database/embedded/embedded-postgres';
import { isDatabaseUnavailable, sqlState } from './database/errors';
import { SchemaTooNewError } from './database/migrate';
import { startHub, type Hub } from './hub';

/** Exit codes, as in sysexits: what the operator has to look at. */
const EXIT = { failed: 1, newerSchema: 65, unavailable: 69, config: 78 } as const;
const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  const environment = readEnvironment();
  const configuration = Configuration.load(environment);
  const running: Running = {};
  let stopping: Promise<void> | undefined;
  const stop = (code: number) => (stopping ??= shutDown(code, running));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(0));

  if (!environment.databaseUrl) {
    running.postgres = await startEmbeddedPostgres({
      dataDir: environment.dataDir,
      onProgress: say,
      onLost: (error) => {
        // Another core may own the data now: whatever this one still did would be done twice.
        say(error.message);
        process.exit(EXIT.failed);
      },
    });
  }
  if (stopping) return stop(0);
  const databaseUrl = environment.databaseUrl ?? running.postgres?.url;
  if (databaseUrl === undefined) throw new Error('there is no database');
  running.hub = await startHub(environment, configuration, databaseUrl);
  if (stopping) return stop(0);
  greet(running.hub, environment, configuration.current);
}

interface Running {
  postgres?: EmbeddedPostgres;
  hub?: Hub;
}

async function shutDown(code: number, running: Running): Promise<void> {
  const closed = await Promise.allSettled([running.hub?.close()]);
  const stopped = await Promise.allSettled([running.postgres?.stop()]);
  for (const end of [...closed, ...stopped]) {
    if (end.status !== 'rejected') continue;
    say(`The hub did not stop cleanly: ${String(end.reason)}`);
    code = EXIT.failed;
  }
  process.exit(code);
}

function greet(hub: Hub, environment: Environment, config: HubConfig): void {
  say(`OPR Connect listens on ${hub.url}`);
  if (config.servers.length > 0) {
    // Only a server that can log in forwards events to us.
    const senders = config.servers.filter(({ active, password }) => active && password);
    for (const { name } of senders) say(`  ${name} forwards to ${hub.url}/opr/${name}`);
    return;
  }
  say(
    environment.configFile
      ? `No connected servers are configured in ${environment.configFile}.`
      : 'Nothing is configured yet. Write opr-connect.yaml here, or point OPR_CONNECT_CONFIG at your file.',
  );
  say('docs/configuration.md has a complete example; `npm run demo` shows the whole way of an event.');
}

main().catch((error: unknown) => {
  if (error instanceof ConfigError) {
    say(error.message);
    process.exit(EXIT.config);
  }
  if (error instanceof EmbeddedPostgresError) {
    say(error.message);
    process.exit(EXIT.unavailable);
  }
  if (error instanceof SchemaTooNewError) {
    say(error.message);
    process.exit(EXIT.newerSchema);
  }
  if (isDatabaseUnavailable(error)) {
    say(
      `The database cannot be reached (${sqlState(error) ?? String(error)}): see that it runs, and check DATABASE_URL.`,
    );
    process.exit(EXIT.unavailable);
  }
  say(`The hub cannot start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(EXIT.failed);
});
