import { ANSWER_MUTANTS } from './answer.mutants';
import { CAUSE_MUTANTS } from './cause.mutants';
import { CHANGE_MUTANTS } from './change.mutants';
import { CONNECTION_MUTANTS } from './connection.mutants';
import { FAILURE_MUTANTS } from './failure.mutants';
import { FORWARD_MUTANTS } from './forward.mutants';
import { HOOK_MUTANTS } from './hook.mutants';
import type { Mutant } from './mutant';
import { READ_MUTANTS } from './read.mutants';
import { VALUE_MUTANTS } from './value.mutants';

/** One for every case. */
export const MUTANTS: readonly Mutant[] = [
  ...[
    FORWARD_MUTANTS,
    CHANGE_MUTANTS,
    CAUSE_MUTANTS,
    VALUE_MUTANTS,
    READ_MUTANTS,
    HOOK_MUTANTS,
    ANSWER_MUTANTS,
    FAILURE_MUTANTS,
  ].flat(),
  ...CONNECTION_MUTANTS,
];
