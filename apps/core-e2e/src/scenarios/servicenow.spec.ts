import { harness, harnessWithTokens } from '@opr-connect/adapter-servicenow/contract';
import { IS_TORTURE, playScenarios, playWithoutHooks } from './play-scenarios';

playScenarios(harness);
if (IS_TORTURE) {
  playScenarios(harnessWithTokens);
  playWithoutHooks(harness);
}
