import { CAUSE_MUTANTS } from './cause.mutants';
import { CHANGE_MUTANTS } from './change.mutants';
import { FORWARD_MUTANTS } from './forward.mutants';
import { VALUE_MUTANTS } from './value.mutants';
import { brokenBy, LIMIT_MS } from './mutants.fixture';

describe('a mutant of the model adapter', () => {
  it.concurrent.each([...[FORWARD_MUTANTS, CHANGE_MUTANTS, CAUSE_MUTANTS, VALUE_MUTANTS].flat()])(
    'in which $flaw is caught by $caughtBy, and by no other case',
    async (mutant) => expect(await brokenBy(mutant)).toEqual([mutant.caughtBy]),
    LIMIT_MS,
  );
});
