import { harnessFor } from '@opr-connect/adapter-jira/contract';
import { IS_TORTURE, playScenarios, playWithoutHooks } from './play-scenarios';

for (const harness of [harnessFor('cloud'), harnessFor('dataCenter')]) {
  playScenarios(harness);
  if (IS_TORTURE) playWithoutHooks(harness);
}
