import { harness } from '@opr-connect/adapter-webhook/contract';
import { playScenarios } from './play-scenarios';

playScenarios(harness);
