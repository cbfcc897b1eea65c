import type { Type } from '@nestjs/common';
import type { AdapterContext } from '../../../event-adapter';
import type { ModelAdapter } from '../model.adapter';
import type { ModelSettings } from '../model.settings';

/** A model adapter with one flaw, which exactly one case must catch. */
export interface Mutant {
  /** Id of the case. */
  caughtBy: string;
  flaw: string;
  adapter?: new (settings: ModelSettings, context: AdapterContext) => ModelAdapter;
  settings?: Type<ModelSettings>;
}
