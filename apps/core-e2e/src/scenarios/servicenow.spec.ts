import { harness } from '@opr-connect/adapter-servicenow/contract';
import { playScenarios } from './play-scenarios';

playScenarios(harness);
