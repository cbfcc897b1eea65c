import { harness, harnessWithTokens } from '@opr-connect/adapter-servicenow/contract';
import { IS_TORTURE, playScenarios } from './play-scenarios';

playScenarios(harness);
if (IS_TORTURE) playScenarios(harnessWithTokens);
