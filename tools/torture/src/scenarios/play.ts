import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface PlayedScenario {
  /** The adapter, the mishap and the scenario. */
  name: string;
  faults: string[];
}

interface JestReport {
  testResults: {
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages: string[] }[];
  }[];
}

const E2E = join(__dirname, '../../../../apps/core-e2e');

/** Plays the scenarios of `apps/core-e2e` with every mishap; `only`: those whose name contains this. */
export async function playScenarios(only: string | undefined): Promise<PlayedScenario[]> {
  const folder = await mkdtemp(join(tmpdir(), 'opr-connect-torture-'));
  const file = join(folder, 'scenarios.json');
  try {
    const reporter = join(__dirname, 'reporter.js');
    const jest = spawn(
      process.execPath,
      [
        ...[require.resolve('jest/bin/jest'), 'src/scenarios', '--reporters', reporter],
        ...['--json', '--outputFile', file],
        ...(only === undefined ? [] : ['--testNamePattern', literally(only)]),
      ],
      { cwd: E2E, env: { ...process.env, SCENARIO_FAULTS: 'all' }, stdio: ['ignore', 'ignore', 'inherit'] },
    );
    await once(jest, 'exit');
    return played(JSON.parse(await readFile(file, 'utf8')) as JestReport);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A file that could not be run at all is one broken scenario. */
function played({ testResults }: JestReport): PlayedScenario[] {
  return testResults.flatMap(({ message, assertionResults }) =>
    assertionResults.length === 0
      ? [{ name: 'the scenarios of one adapter', faults: [message] }]
      : assertionResults
          .filter(({ status }) => status === 'passed' || status === 'failed')
          .map(({ fullName: name, failureMessages: faults }) => ({ name, faults })),
  );
}

const literally = (text: string): string => text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
