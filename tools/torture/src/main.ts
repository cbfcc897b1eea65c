import { readArguments, USAGE, type Arguments } from './arguments';
import { Cluster } from './cluster';
import { Lanes } from './crash/lanes';
import { crashesOf, nameOf, undisturbed, type Outcome } from './crash/matrix';
import { brokenRows, tableOf } from './crash/table';
import { FATES } from './proxies/http-proxy';

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

async function main(): Promise<void> {
  const wanted = readArguments(process.argv.slice(2));
  const cluster = await Cluster.start();
  try {
    const outcomes = wanted.crash ? await crashMatrix(cluster, wanted) : [];
    const broken = brokenRows(outcomes);
    if (wanted.json)
      process.stdout.write(`${JSON.stringify({ crash: outcomes.map(({ row, faults }) => ({ row, faults })) })}\n`);
    else {
      process.stdout.write(`${tableOf(outcomes)}\n\n`);
      for (const line of broken) process.stdout.write(`BROKEN  ${line}\n`);
      process.stdout.write(
        `${outcomes.length} rows, ${outcomes.length - broken.length} held, ${broken.length} broken\n`,
      );
    }
    if (broken.length > 0 || outcomes.length === 0) process.exitCode = 1;
  } finally {
    await cluster.stop();
  }
}

main().catch((error: unknown) => {
  say(
    error instanceof TypeError ? `${error.message}\n\n${USAGE}` : String(error instanceof Error ? error.stack : error),
  );
  process.exitCode = error instanceof TypeError ? 2 : 1;
});
