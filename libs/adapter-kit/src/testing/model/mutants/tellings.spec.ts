import { HOOK_MUTANTS } from './hook.mutants';
import { READ_MUTANTS } from './read.mutants';
import { brokenBy, LIMIT_MS } from './mutants.fixture';

describe('a mutant of the model adapter', () => {
  it.concurrent.each([...[READ_MUTANTS, HOOK_MUTANTS].flat()])(
    'in which $flaw is caught by $caughtBy, and by no other case',
    async (mutant) => expect(await brokenBy(mutant)).toEqual([mutant.caughtBy]),
    LIMIT_MS,
  );
});
