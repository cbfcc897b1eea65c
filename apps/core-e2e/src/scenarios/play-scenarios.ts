import type { Fault, Harness, RecordProperty } from '@opr-connect/adapter-kit/testing';
import { ORDERS, playCause } from './causes';
import { FAULTS } from './faults';
import { SCENARIOS, type Scenario } from './scenarios';
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

    it.each(scenariosFor(harness))('$name', async (scenario) => {
      expect(await stage.play(scenario, fault)).toEqual([]);
    });

    if (harness.lacks?.ties !== undefined) return;
    it.each(ORDERS)('%s', async (order) => {
      expect(await playCause(stage, order, fault)).toEqual([]);
    });
  });
}

/**
 * Those that people of this tool can play: nobody edits a field that there is not. That it is not there is seen when OBM changes
 * the property. What the adapter lacks is said in the scenario's name, with its reason.
 */
function scenariosFor({ unheld = {}, untold = {} }: Harness): Scenario[] {
  return SCENARIOS.flatMap((scenario) => {
    const said = scenario.steps.flatMap((step) => ('tool' in step && step.tool !== 'delete' ? [step.tool] : []));
    const byTool = said.flatMap((each) => Object.keys(each) as RecordProperty[]);
    if (byTool.some((property) => unheld[property] !== undefined)) return [];
    const byObm = scenario.steps.flatMap((step) => ('obm' in step ? (Object.keys(step.obm) as RecordProperty[]) : []));
    const reasons = [...byTool.flatMap((each) => untold[each] ?? []), ...byObm.flatMap((each) => unheld[each] ?? [])];
    return [{ ...scenario, name: [scenario.name, ...new Set(reasons)].join(', but ') }];
  });
}
