import { CASES } from './cases';
import { Contract } from './contract';
import { modelHarness } from './model/model.contract';
import { MUTANTS } from './model/mutants';
import { ModelAdapter } from './model/model.adapter';

describe('the model adapter', () => {
  const contract = new Contract(modelHarness());

  it.each(contract.cases)('keeps $id: $title', (each) => contract.check(each));

  it('is one that every case applies to', () => {
    expect(contract.cases).toHaveLength(CASES.length);
  });
});

describe('the cases', () => {
  it('have each an id of its own, and a mutant', () => {
    expect(new Set(CASES.map(({ id }) => id)).size).toBe(CASES.length);
    expect(MUTANTS.map(({ caughtBy }) => caughtBy).sort()).toEqual(CASES.map(({ id }) => id).sort());
  });
});

const isBroken = (contract: Contract, each: (typeof CASES)[number]): Promise<boolean> =>
  contract.check(each).then(
    () => false,
    () => true,
  );

describe('a mutant of the model adapter', () => {
  it.concurrent.each(MUTANTS)(
    'in which $flaw is caught by $caughtBy, and by no other case',
    async ({ caughtBy, adapter = ModelAdapter, settings }) => {
      const contract = new Contract(modelHarness((...given) => new adapter(...given), settings));
      const broken: string[] = [];
      for (const each of CASES) if (await isBroken(contract, each)) broken.push(each.id);
      expect(broken).toEqual([caughtBy]);
    },
    60_000,
  );
});
