import type { Type } from '@nestjs/common';
import type { AdapterContext } from '../../event-adapter';
import type { Harness } from '../harness';
import { HOOK_SECRET, LOGIN, ModelTool, PAGE } from './model-tool';
import { ModelAdapter } from './model.adapter';
import { ModelSettings } from './model.settings';

export type MakeModel = (settings: ModelSettings, context: AdapterContext) => ModelAdapter;

/** The harness of the model adapter, or of a mutant of it. */
export const modelHarness = (
  make: MakeModel = (settings, context) => new ModelAdapter(settings, context),
  settings: Type<ModelSettings> = ModelSettings,
): Harness => ({
  name: 'model',
  factory: { connect: (given, context) => make(given as ModelSettings, context) },
  settings,
  plain: (url) => ({ url, ...LOGIN, hookSecret: HOOK_SECRET, timeoutMs: 5_000, settleMs: 100 }),
  otherSecret: { hookSecret: 'secret-of-somebody-else' },
  start: (door) => ModelTool.start(door),
  pageSize: PAGE,
  troubles: ['dropped title'],
  collapses: { severity: { unknown: 'normal' }, state: { resolved: 'closed' } },
});
