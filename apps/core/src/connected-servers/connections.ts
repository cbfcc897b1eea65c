import { Logger } from '@nestjs/common';
import type { DiscoveryService, Reflector } from '@nestjs/core';
import { EVENT_ADAPTER, type Adapter, type AdapterFactory, type EventAdapterOptions } from '@opr-connect/adapter-kit';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Environment } from '../config/environment';
import type { ServerConfig } from '../config/hub-config';
import { resolveSettings } from '../config/resolve-settings';

export type Connection = { ok: true; adapter: Adapter } | { ok: false; problems: string[] };

/** Makes the live connections. A server whose adapter, name and settings stay the same keeps the one it has. */
export class Connections {
  private readonly factories: Map<string, Factory>;
  private made = new Map<string, { from: unknown; adapter: Adapter }>();

  constructor(
    private readonly environment: Environment,
    discovery: DiscoveryService,
    reflector: Reflector,
  ) {
    this.factories = findFactories(discovery, reflector);
  }

  /** No network call is made. Bad settings are an answer. */
  connect({ uuid, name, adapter: key, settings: raw }: ServerConfig, hubId: string): Connection {
    const factory = this.factories.get(key);
    if (!factory)
      return { ok: false, problems: [`adapter: must be one of ${[...this.factories.keys()].sort().join(', ')}`] };
    const { configFile = '.', variables } = this.environment;
    const settings = resolveSettings(factory.options.settings, raw, dirname(configFile), variables);
    if (!settings.ok) return { ok: false, problems: settings.problems.map((problem) => `settings.${problem}`) };
    const from = { key, name, settings: settings.value };
    const before = this.made.get(uuid);
    if (before && isDeepStrictEqual(before.from, from)) return { ok: true, adapter: before.adapter };
    const log = new Logger(`${key}:${name}`);
    try {
      const adapter = factory.instance.connect(settings.value, {
        server: name,
        hubId,
        log: {
          info: (message, details) => log.log({ ...details }, message),
          warn: (message, details) => log.warn({ ...details }, message),
        },
      });
      this.made.set(uuid, { from, adapter });
      return { ok: true, adapter };
    } catch (error) {
      return { ok: false, problems: [`settings: ${error instanceof Error ? error.message : String(error)}`] };
    }
  }

  /** Forgets the connections to servers that are no more. Calls that are under way end by themselves. */
  keep(uuids: ReadonlySet<string>): void {
    for (const uuid of this.made.keys()) if (!uuids.has(uuid)) this.made.delete(uuid);
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
