import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, Reflector } from '@nestjs/core';
import { supportedForwardingType, type Adapter } from '@opr-connect/adapter-kit';
import { atLeast, type OprEvent } from '@opr-connect/opr';
import { Configuration } from '../config/configuration';
import { Environment } from '../config/environment';
import { HubConfig, LOCAL, type RuleConfig, type ServerConfig } from '../config/hub-config';
import type { ServerTraits, Target } from '../conversation/conversation';
import { route } from '../forwarding/forwarding-rules';
import type { ConnectedServer } from './connected-server';
import { Connections, type Connection } from './connections';

/**
 * Every configured party, connected, as the configuration in force says. A server with bad settings is quarantined, visibly,
 * and the rest runs. Whoever calls a server while it changes ends the call with the adapter that the call began with.
 */
@Injectable()
export class ConnectedServers implements OnModuleInit {
  private readonly log = new Logger('ConnectedServers');
  private byUuid = new Map<string, ConnectedServer>();
  private byName = new Map<string, ConnectedServer>();

  constructor(
    private readonly configuration: Configuration,
    private readonly environment: Environment,
    private readonly discovery: DiscoveryService,
    private readonly reflector: Reflector,
  ) {}

  /** Not earlier: a factory that is found before Nest has made it lacks what it is to be given. */
  onModuleInit(): void {
    const connections = new Connections(this.environment, this.discovery, this.reflector);
    this.configuration.follow((config) => this.connectAll(config, connections));
  }

  get hubId(): string {
    return this.configuration.current.hubId;
  }

  all(): ConnectedServer[] {
    return [...this.byUuid.values()];
  }

  find(uuid: string): ConnectedServer | undefined {
    return this.byUuid.get(uuid);
  }

  named(name: string): ConnectedServer | undefined {
    return this.byName.get(name);
  }

  /** What the conversation must know of a server, also of one that was configured once and is no more. */
  traits(uuid: string): ServerTraits {
    return this.byUuid.get(uuid)?.traits ?? { ...UNKNOWN, name: uuid };
  }

  /** The servers that the rules want an event from this source forwarded to. */
  route(event: OprEvent, source: string | undefined): Target[] {
    const name = source === undefined ? LOCAL : (this.byUuid.get(source)?.name ?? '');
    return route(this.configuration.current.rules, event, name, (server) => {
      const target = this.byName.get(server);
      return target?.active ? target.uuid : undefined;
    });
  }

  private connectAll({ hubId, servers, rules }: HubConfig, connections: Connections): void {
    const before = this.byUuid;
    const all = servers.map((config) => connected(config, checked(connections.connect(config, hubId), config, rules)));
    this.byUuid = new Map(all.map((server) => [server.uuid, server]));
    this.byName = new Map(all.map((server) => [server.name, server]));
    connections.keep(new Set(this.byUuid.keys()));
    for (const server of all) this.tell(server, before.get(server.uuid));
    for (const { uuid, name } of before.values())
      if (!this.byUuid.has(uuid)) this.log.warn({ server: name, uuid }, `connected server ${name} was removed`);
  }

  private tell({ name, problems, adapter }: ConnectedServer, before: ConnectedServer | undefined): void {
    if (problems.length > 0 && problems.join() !== before?.problems.join())
      this.log.error({ server: name, problems }, `connected server ${name} is quarantined: ${problems.join('; ')}`);
    else if (before && adapter && adapter !== before.adapter)
      this.log.log({ server: name }, `connected server ${name} has new settings`);
  }
}

/** A connection that the rules ask too much of is none. */
function checked(
  connection: Connection,
  { name, adapter: key }: ServerConfig,
  rules: readonly RuleConfig[],
): Connection {
  if (!connection.ok) return connection;
  const supported = supportedForwardingType(connection.adapter);
  const problems = rules.flatMap((rule) =>
    rule.targets
      .filter(({ server, type }) => server === name && !atLeast(supported, type))
      .map(({ type }) => `adapter ${key} supports up to ${supported}, not ${type} as rule "${rule.name}" says`),
  );
  return problems.length > 0 ? { ok: false, problems } : connection;
}

function connected(config: ServerConfig, connection: Connection): ConnectedServer {
  const adapter = connection.ok ? connection.adapter : undefined;
  return {
    uuid: config.uuid,
    name: config.name,
    label: config.label,
    active: config.active,
    adapter,
    problems: connection.ok ? [] : connection.problems,
    traits: traitsOf(config, adapter),
    forwardingType: config.forwardingType,
    answerWithin: config.answerWithin * 1000,
    strict: config.strict,
    concurrency: config.concurrency,
    ratePerMinute: config.ratePerMinute,
    pollEvery: adapter?.pollChanges ? config.pollEverySeconds * 1000 : 0,
    reconcileEvery: config.reconcileEverySeconds * 1000,
    ownLogin: adapter?.traits?.ownLogin,
  };
}

const UNKNOWN: ServerTraits = {
  name: '',
  takesChanges: false,
  readable: false,
  speaksOpr: false,
  hooksMayReorder: false,
  doubtWindow: 0,
  echoToSender: false,
  mergesChanges: true,
  floodWindow: 0,
};

const traitsOf = (config: ServerConfig, adapter: Adapter | undefined): ServerTraits => ({
  name: config.name,
  // Changes wait for a quarantined server, as they do for one that is down.
  takesChanges: adapter ? adapter.forwardChange !== undefined : true,
  readable: adapter ? adapter.getExternalEvent !== undefined : true,
  speaksOpr: adapter?.traits?.speaksOpr ?? false,
  hooksMayReorder: adapter?.traits?.hooksMayReorder ?? false,
  doubtWindow: config.doubtWindow * 1000,
  echoToSender: config.echoToSender,
  mergesChanges: adapter?.traits?.mergesChanges ?? true,
  floodWindow: config.floodWindow * 1000,
  attributes: {
    id: config.idAttribute ?? `${config.name} id`,
    url: config.urlAttribute ?? `${config.name} url`,
  },
  changes: adapter?.changes?.bind(adapter),
  compareVersions: adapter?.compareVersions?.bind(adapter),
});
