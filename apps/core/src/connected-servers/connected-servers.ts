import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, Reflector } from '@nestjs/core';
import {
  EVENT_ADAPTER,
  supportedForwardingType,
  type Adapter,
  type AdapterFactory,
  type EventAdapterOptions,
} from '@opr-connect/adapter-kit';
import { atLeast, type OprEvent } from '@opr-connect/opr';
import { dirname } from 'node:path';
import { HubConfig, LOCAL, type ServerConfig } from '../config/hub-config';
import { Environment } from '../config/environment';
import { resolveSettings } from '../config/resolve-settings';
import type { ServerTraits, Target } from '../conversation/conversation';
import { route } from '../forwarding/forwarding-rules';
import type { ConnectedServer } from './connected-server';

/** Every configured party, connected. A server with bad settings is quarantined, visibly, and the rest runs. */
@Injectable()
export class ConnectedServers implements OnModuleInit {
  private readonly log = new Logger('ConnectedServers');
  private readonly byUuid = new Map<string, ConnectedServer>();
  private readonly byName = new Map<string, ConnectedServer>();

  constructor(
    private readonly config: HubConfig,
    private readonly environment: Environment,
    private readonly discovery: DiscoveryService,
    private readonly reflector: Reflector,
  ) {}

  /** Not earlier: a factory that is found before Nest has made it lacks what it is to be given. */
  onModuleInit(): void {
    const factories = findFactories(this.discovery, this.reflector);
    for (const config of this.config.servers) {
      const server = this.connect(config, factories, this.environment);
      this.byUuid.set(server.uuid, server);
      this.byName.set(server.name, server);
      if (server.problems.length)
        this.log.error(
          { server: server.name, problems: server.problems },
          `connected server ${server.name} is quarantined: ${server.problems.join('; ')}`,
        );
    }
  }

  get hubId(): string {
    return this.config.hubId;
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
    return route(this.config.rules, event, name, (server) => {
      const target = this.byName.get(server);
      return target?.active ? target.uuid : undefined;
    });
  }

  private connect(config: ServerConfig, factories: Map<string, Factory>, environment: Environment): ConnectedServer {
    const connected = this.adapterFor(config, factories, environment);
    const adapter = connected.ok ? connected.adapter : undefined;
    return {
      uuid: config.uuid,
      name: config.name,
      label: config.label,
      active: config.active,
      adapter,
      problems: connected.ok ? [] : connected.problems,
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

  private adapterFor(
    config: ServerConfig,
    factories: Map<string, Factory>,
    environment: Environment,
  ): { ok: true; adapter: Adapter } | { ok: false; problems: string[] } {
    const factory = factories.get(config.adapter);
    if (!factory)
      return { ok: false, problems: [`adapter: must be one of ${[...factories.keys()].sort().join(', ')}`] };
    const settings = resolveSettings(
      factory.options.settings,
      config.settings,
      dirname(environment.configFile ?? '.'),
      environment.variables,
    );
    if (!settings.ok) return { ok: false, problems: settings.problems.map((problem) => `settings.${problem}`) };
    const log = new Logger(`${config.adapter}:${config.name}`);
    let adapter: Adapter;
    try {
      adapter = factory.instance.connect(settings.value, {
        server: config.name,
        hubId: this.config.hubId,
        log: {
          info: (message, details) => log.log({ ...details }, message),
          warn: (message, details) => log.warn({ ...details }, message),
        },
      });
    } catch (error) {
      return { ok: false, problems: [`settings: ${error instanceof Error ? error.message : String(error)}`] };
    }
    const problems = this.config.rules.flatMap((rule) =>
      rule.targets
        .filter((target) => target.server === config.name && !atLeast(supportedForwardingType(adapter), target.type))
        .map(
          (target) =>
            `adapter ${config.adapter} supports up to ${supportedForwardingType(adapter)}, not ${target.type} as rule "${rule.name}" says`,
        ),
    );
    return problems.length ? { ok: false, problems } : { ok: true, adapter };
  }
}

interface Factory {
  options: EventAdapterOptions<object>;
  instance: AdapterFactory<object>;
}

function findFactories(discovery: DiscoveryService, reflector: Reflector): Map<string, Factory> {
  const factories = new Map<string, Factory>();
  for (const { instance, metatype } of discovery.getProviders()) {
    if (!metatype || !instance) continue;
    const options = reflector.get<EventAdapterOptions<object> | undefined>(EVENT_ADAPTER, metatype);
    if (!options) continue;
    if (factories.has(options.key)) throw new Error(`two adapters bear the key "${options.key}"`);
    factories.set(options.key, { options, instance: instance as AdapterFactory<object> });
  }
  return factories;
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
  changes: adapter?.changes?.bind(adapter),
  compareVersions: adapter?.compareVersions?.bind(adapter),
});
