import { Injectable, SetMetadata, applyDecorators, type Type } from '@nestjs/common';
import type { Adapter } from './adapter';

export const EVENT_ADAPTER = Symbol('EventAdapter');

export interface EventAdapterOptions<Settings extends object> {
  /** The word that a connected server's `adapter:` names. */
  key: string;
  /** The class that describes and validates the `settings:` of a connected server. */
  settings: Type<Settings>;
}

/** Makes an Adapter for each ConnectedServer that names its key. */
export interface AdapterFactory<Settings extends object> {
  /** Joins settings and context into a live adapter. Makes no network call. */
  connect(settings: Settings, context: AdapterContext): Adapter;
}

export interface AdapterContext {
  /** Name of the connected server. */
  server: string;
  hubId: string;
  log: AdapterLog;
}

export interface AdapterLog {
  info(message: string, details?: Record<string, unknown>): void;
  warn(message: string, details?: Record<string, unknown>): void;
}

/** Marks an `AdapterFactory` so that the core finds it among the providers of the modules in its list. */
export const EventAdapter = <Settings extends object>(options: EventAdapterOptions<Settings>): ClassDecorator =>
  applyDecorators(Injectable(), SetMetadata(EVENT_ADAPTER, options)) as ClassDecorator;
