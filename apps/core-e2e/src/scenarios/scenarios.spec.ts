import { harnessFor } from '@opr-connect/adapter-jira/contract';
import type { Harness } from '@opr-connect/adapter-kit/testing';
import { harness as opr } from '@opr-connect/adapter-opr/contract';
import { harness as servicenow } from '@opr-connect/adapter-servicenow/contract';
import { harness as webhook } from '@opr-connect/adapter-webhook/contract';
import { SCENARIOS } from './scenarios';
import { Stage } from './stage';

const HARNESSES: readonly Harness[] = [servicenow, harnessFor('cloud'), webhook, opr];

describe.each(HARNESSES)('OBM and $name agree, silently, after', (harness) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open(harness);
  });
  afterAll(() => stage.close());

  it.each(SCENARIOS)('$name', async (scenario) => {
    expect(await stage.play(scenario)).toEqual([]);
  });
});
