import type { Harness, RecordProperty } from '@opr-connect/adapter-kit/testing';
import { ORDERS, playCause } from './causes';
import { mishapsFor, type Mishap } from './faults';
import { SCENARIOS, type Scenario } from './scenarios';
import { Stage } from './stage';

/** `npm run torture` plays the product with every mishap; `npm test` plays each scenario once, without one. */
export const IS_TORTURE = process.env['SCENARIO_FAULTS'] === 'all';
/** A scenario ends when the last retry was made. */
const LIMIT_MS = 240_000;

const NOTHING: Mishap = { name: 'nothing fails', order: () => undefined, ends: 'alone' };

export function playScenarios(harness: Harness, mishaps = IS_TORTURE ? mishapsFor(harness) : [NOTHING]): void {
  describe.each(mishaps)(`OBM and ${harness.name} agree, silently, when $name:`, (mishap) => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await Stage.open(harness);
    });
    afterAll(() => stage.close());

    const befalls = mishap === NOTHING ? undefined : mishap;
    it.each(scenariosFor(harness))(
      '$name',
      async (scenario) => {
        expect(await stage.play(scenario, befalls)).toEqual([]);
      },
      LIMIT_MS,
    );

    if (harness.lacks?.ties !== undefined || mishap.ends === 'apart') return;
    it.each(ORDERS)(
      '%s',
      async (order) => {
        expect(await playCause(stage, order, befalls)).toEqual([]);
      },
      LIMIT_MS,
    );
  });
}

/** Plays them with the same tool, whose hooks nobody set up: it is asked what changed. */
export const playWithoutHooks = ({ name, start, ...harness }: Harness): void =>
  playScenarios(
    {
      ...{ ...harness, name: `${name} without hooks`, pollEverySeconds: 1 },
      start: () => start('http://127.0.0.1:9/nobody/listens'),
    },
    [NOTHING],
  );

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
