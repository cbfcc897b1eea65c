import type { Fault, Harness } from '@opr-connect/adapter-kit/testing';
import { FAULTS } from './faults';
import { SCENARIOS } from './scenarios';
import { Stage } from './stage';

/** `npm run torture:scenarios` plays the product with every fault; `npm test` plays each scenario once, without one. */
const TROUBLES: readonly { name: string; fault?: Fault }[] =
  process.env['SCENARIO_FAULTS'] === 'all' ? FAULTS : [{ name: 'nothing fails' }];

export function playScenarios(harness: Harness): void {
  describe.each(TROUBLES)(`OBM and ${harness.name} agree, silently, when $name:`, ({ fault }) => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await Stage.open(harness);
    });
    afterAll(() => stage.close());

    it.each(SCENARIOS)('$name', async (scenario) => {
      expect(await stage.play(scenario, fault)).toEqual([]);
    });
  });
}
