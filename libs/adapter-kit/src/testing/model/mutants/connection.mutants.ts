import type { Type } from '@nestjs/common';
import { Allow, IsInt, IsNotEmpty, IsNumber, IsString, Max, Min, MinLength } from 'class-validator';
import type { Delivery, Json, Preview } from '../../../adapter';
import type { AdapterContext } from '../../../event-adapter';
import { MisconfiguredError, TransientError } from '../../../errors';
import { Secret } from '../../../settings';
import { ModelAdapter } from '../model.adapter';
import { IsAddress, type ModelSettings } from '../model.settings';
import type { Mutant } from './mutant';

/** Settings with these rules instead of the usual ones. */
function settingsWith(rules: Readonly<Record<string, PropertyDecorator[]>>): Type<ModelSettings> {
  class Settings {
    timeoutMs = 30_000;
    maxAnswerBytes = 1_000_000;
    settleMs = 2_000;
  }
  const usual: Record<string, PropertyDecorator[]> = {
    url: [IsAddress()],
    user: [IsString(), IsNotEmpty()],
    password: [Secret(), IsString(), IsNotEmpty()],
    hookSecret: [Secret(), IsString(), MinLength(16)],
    timeoutMs: [IsInt(), Min(100), Max(300_000)],
    maxAnswerBytes: [Allow()],
    settleMs: [IsInt(), Min(0)],
  };
  for (const [field, decorators] of Object.entries({ ...usual, ...rules }))
    for (const decorate of decorators) decorate(Settings.prototype, field);
  return Settings as unknown as Type<ModelSettings>;
}

export const CONNECTION_MUTANTS: readonly Mutant[] = [
  {
    caughtBy: 'connect.silent',
    flaw: 'an adapter calls before it is asked to',
    adapter: class extends ModelAdapter {
      constructor(settings: ModelSettings, context: AdapterContext) {
        super(settings, context);
        this.ping(AbortSignal.timeout(1_000)).catch(() => undefined);
      }
    },
  },
  {
    caughtBy: 'ping.works',
    flaw: 'ping asks for what is not there',
    adapter: class extends ModelAdapter {
      override async ping(signal: AbortSignal): Promise<void> {
        await this.call('GET', '/you', signal);
      }
    },
  },
  {
    caughtBy: 'ping.login',
    flaw: 'ping takes every answer for a good one',
    adapter: class extends ModelAdapter {
      override async ping(signal: AbortSignal): Promise<void> {
        await this.send({ method: 'GET', url: `${this.settings.url}/me`, signal });
      }
    },
  },
  {
    caughtBy: 'ping.down',
    flaw: 'ping takes a tool that is down for a wrong address',
    adapter: class extends ModelAdapter {
      override async ping(signal: AbortSignal): Promise<void> {
        try {
          await super.ping(signal);
        } catch (error) {
          throw error instanceof TransientError ? new MisconfiguredError(error.message) : error;
        }
      }
    },
  },
  {
    caughtBy: 'preview.silent',
    flaw: 'a preview makes the record',
    adapter: class extends ModelAdapter {
      override async preview(message: Preview, delivery: Delivery): Promise<Json> {
        await this.forwardEvent(message.event, delivery);
        return super.preview(message, delivery);
      }
    },
  },
  { caughtBy: 'settings.unknown', flaw: 'any colour will do', settings: settingsWith({ colour: [Allow()] }) },
  { caughtBy: 'settings.rules', flaw: 'any user will do', settings: settingsWith({ user: [Allow()] }) },
  { caughtBy: 'settings.url', flaw: 'any text is an address', settings: settingsWith({ url: [IsString()] }) },
  {
    caughtBy: 'settings.times',
    flaw: 'any number is a time',
    settings: settingsWith({ timeoutMs: [IsNumber(), Min(0)] }),
  },
];
