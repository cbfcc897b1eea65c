import { ANSWER_MUTANTS } from './answer.mutants';
import { CONNECTION_MUTANTS } from './connection.mutants';
import { FAILURE_MUTANTS } from './failure.mutants';
import { brokenBy, LIMIT_MS } from './mutants.fixture';

describe('a mutant of the model adapter', () => {
  it.concurrent.each([...[ANSWER_MUTANTS, FAILURE_MUTANTS, CONNECTION_MUTANTS].flat()])(
    'in which $flaw is caught by $caughtBy, and by no other case',
    async (mutant) => expect(await brokenBy(mutant)).toEqual([mutant.caughtBy]),
    LIMIT_MS,
  );
});
