import { harness } from '@opr-connect/adapter-opr/contract';
import { playScenarios } from './play-scenarios';

playScenarios(harness);
