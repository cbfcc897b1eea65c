import type { ContractCase } from './case';
import { CASES } from './cases';
import { Contract, LIMIT_MS } from './contract';
import { modelHarness } from './model/model.contract';
import { MUTANTS } from './model/mutants';

describe('the model adapter', () => {
  const contract = new Contract(modelHarness());

  it.each(contract.cases)('keeps $id: $title', (each) => contract.check(each), LIMIT_MS);

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

describe('an exemption', () => {
  const [first] = CASES as [ContractCase];

  it('from a case that is passed is an error', async () => {
    const contract = new Contract({ ...modelHarness(), exempt: { 'forward.create': 'so I believed' } });
    await expect(contract.check(first)).rejects.toThrow('forward.create is exempt (so I believed), and passes');
  });

  it('names a case', () => {
    expect(() => new Contract({ ...modelHarness(), exempt: { 'forward.creates': 'a slip of the pen' } })).toThrow(
      'exempt: there is no case forward.creates that applies',
    );
  });
});
