import { readArguments, USAGE, type Arguments } from './arguments';
import { Cluster } from './cluster';
import { Lanes } from './crash/lanes';
import { crashesOf, nameOf, undisturbed, type Outcome } from './crash/matrix';
import { brokenRows, tableOf } from './crash/table';
import { play } from './history/play';
import { FATES } from './proxies/http-proxy';
import { playScenarios, type PlayedScenario } from './scenarios/play';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** The whole product: every walk, every fate of its write, every point that is passed then, before and after. */
async function crashMatrix(cluster: Cluster, { only, lanes: width }: Arguments): Promise<Outcome[]> {
  const lanes = new Lanes(cluster.url, width);
  const isWanted = (row: string): boolean => only === undefined || row.includes(only) || only.startsWith(rowHead(row));
  try {
    const walks = undisturbed(FATES).filter((row) => isWanted(nameOf(row)));
    const recorded = await lanes.take(walks, progress(walks.length, 'undisturbed'));
    const crashes = walks
      .flatMap((row) => crashesOf(row, recorded.find(({ row: name }) => name === nameOf(row))?.points ?? []))
      .filter((row, index, all) => all.findIndex((other) => nameOf(other) === nameOf(row)) === index)
      .filter((row) => only === undefined || nameOf(row).includes(only));
    return [...recorded, ...(await lanes.take(crashes, progress(crashes.length, 'killed')))];
  } finally {
    await lanes.close();
  }
}

/** `walk/fate/`, which a row and all kills of it have in common. */
const rowHead = (row: string): string => row.slice(0, row.lastIndexOf('/') + 1);

function progress(of: number, what: string): (outcome: Outcome) => void {
  let done = 0;
  return ({ row, faults }) => {
    done += 1;
    say(
      `${what} ${done}/${of}  ${faults.length === 0 ? 'held  ' : 'BROKEN'}  ${row}${faults.map((each) => `\n    ${each}`).join('')}`,
    );
  };
}

interface Report {
  crash: { row: string; faults: string[]; notPromised: string[] }[];
  histories: { seed: number; violations: string[] }[];
  scenarios: PlayedScenario[];
}

async function histories({ seed: first, histories: count }: Arguments): Promise<Report['histories']> {
  const played: Report['histories'] = [];
  for (let seed = first; seed < first + count; seed += 1) {
    say(`history with --seed ${seed}`);
    const violations = await play(seed, (line) => say(`    ${line}`)).catch((error: unknown) => [String(error)]);
    played.push({ seed, violations });
    say(violations.length === 0 ? '  held' : violations.map((each) => `  BROKEN  ${each}`).join('\n'));
  }
  return played;
}

async function matrix(wanted: Arguments): Promise<Outcome[]> {
  const cluster = await Cluster.start();
  try {
    return await crashMatrix(cluster, wanted);
  } finally {
    await cluster.stop();
  }
}

async function scenarios({ scenarios: wanted }: Arguments): Promise<PlayedScenario[]> {
  if (wanted === 'none') return [];
  return playScenarios(wanted === 'all' ? undefined : wanted.named);
}

async function main(): Promise<void> {
  const wanted = readArguments(process.argv.slice(2));
  const crash = wanted.crash ? await matrix(wanted) : [];
  const played = await histories(wanted);
  const staged = await scenarios(wanted);
  const broken = [
    ...brokenRows(crash),
    ...played.flatMap(({ seed, violations }) => violations.map((each) => `--seed ${seed}: ${each}`)),
    ...staged.flatMap(({ name, faults }) => faults.map((each) => `${name}: ${each}`)),
  ];
  if (wanted.json) {
    const report: Report = {
      crash: crash.map(({ row, faults, notPromised }) => ({ row, faults, notPromised })),
      histories: played,
      scenarios: staged,
    };
    process.stdout.write(`${JSON.stringify(report)}\n`);
  } else {
    if (crash.length > 0) process.stdout.write(`${tableOf(crash)}\n\n`);
    for (const line of broken) process.stdout.write(`BROKEN  ${line}\n`);
    const seeds = played.map(({ seed }) => seed).join(', ');
    process.stdout.write(
      `${crash.length} rows of the crash matrix, ${played.length} histories${seeds && ` (seeds ${seeds})`}, ${staged.length} scenarios: ${broken.length === 0 ? 'everything held' : `${broken.length} BROKEN`}\n`,
    );
  }
  if (broken.length > 0 || crash.length + played.length + staged.length === 0) process.exitCode = 1;
}

main().catch((error: unknown) => {
  say(
    error instanceof TypeError ? `${error.message}\n\n${USAGE}` : String(error instanceof Error ? error.stack : error),
  );
  process.exitCode = error instanceof TypeError ? 2 : 1;
});
