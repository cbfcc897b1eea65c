import { harnessFor } from '@opr-connect/adapter-jira/contract';
import { playScenarios } from './play-scenarios';

playScenarios(harnessFor('cloud'));
playScenarios(harnessFor('dataCenter'));
