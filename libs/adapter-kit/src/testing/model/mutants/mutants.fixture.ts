import { CASES } from '../../cases';
import { Contract } from '../../contract';
import { ModelAdapter } from '../model.adapter';
import { modelHarness } from '../model.contract';
import type { Mutant } from './mutant';

/** Ids of the cases that a mutant breaks. */
export async function brokenBy({ adapter = ModelAdapter, settings }: Mutant): Promise<string[]> {
  const contract = new Contract(modelHarness((...given) => new adapter(...given), settings));
  const broken: string[] = [];
  for (const each of CASES) await contract.check(each).catch(() => broken.push(each.id));
  return broken;
}

/** A mutant has most of its time to wait, so several are tried at once. */
export const LIMIT_MS = 120_000;
