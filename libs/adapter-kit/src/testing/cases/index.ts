import type { ContractCase } from '../case';
import { ANSWERS } from './answers';
import { CAUSE } from './cause';
import { CHANGE } from './change';
import { CONNECTION } from './connection';
import { FAILURES } from './failures';
import { FORWARD } from './forward';
import { HOOKS } from './hooks';
import { POLLS } from './polls';
import { READS } from './reads';
import { TEXT } from './text';
import { VALUES } from './values';

/** Every promise of the contract, in the order in which `docs/adapters.md` tells them. */
export const CASES: readonly ContractCase[] = [
  ...[FORWARD, CHANGE, CAUSE, VALUES, TEXT, READS, HOOKS, POLLS, ANSWERS, FAILURES, CONNECTION].flat(),
];
