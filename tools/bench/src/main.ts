import { readArguments, usage, type Arguments } from './arguments';
import { Bench } from './bench';
import { boot } from './boot';
import { deadNeighbour } from './dead-neighbour';
import { hotStatements } from './hot-statements';
import { ingest } from './ingest';
import { lookUp } from './look-up';
import { holds, machine, partLines, type Measured, type PartReport } from './report';
import { storm } from './storm';
import { twoWay } from './two-way';

const EXIT = { ok: 0, failed: 1, usage: 2 } as const;
const PARTS: Readonly<Record<string, (bench: Bench) => Promise<Measured>>> = {
  ingest,
  'two-way': twoWay,
  'dead-neighbour': deadNeighbour,
  storm,
  'look-up': lookUp,
  boot,
};
const tell = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  const names = Object.keys(PARTS);
  let args: Arguments | 'help';
  try {
    args = readArguments(process.argv.slice(2), names);
  } catch (error) {
    tell(`${error instanceof Error ? error.message : String(error)}\n\n${usage(names)}`);
    return EXIT.usage;
  }
  if (args === 'help') {
    process.stdout.write(usage(names));
    return EXIT.ok;
  }
  const facts = machine();
  const print = (line: string): void => (args.json ? undefined : void process.stdout.write(`${line}\n`));
  print(
    `${Object.values(facts).slice(0, 4).join(' · ')} · load ${facts.load}${args.quick ? ' · quick: no result' : ''}`,
  );
  const parts = await Promise.race([measure(args, print), interruption()]);
  if (!parts) return EXIT.failed;
  const ok = parts.every((part) => part.ok);
  if (args.json) process.stdout.write(`${JSON.stringify({ ok, quick: args.quick, machine: facts, parts }, null, 2)}\n`);
  return ok ? EXIT.ok : EXIT.failed;
}

let running: Bench | undefined;

async function measure(args: Arguments, print: (line: string) => void): Promise<PartReport[]> {
  const bench = await Bench.start({ quick: args.quick, profiles: args.profiles, say: (line) => tell(`    … ${line}`) });
  running = bench;
  const reports: PartReport[] = [];
  for (const [part, run] of Object.entries(PARTS)) {
    if (args.only.length > 0 && !args.only.includes(part)) continue;
    tell(`${part} …`);
    const measured = await run(bench);
    await bench.endPart();
    const report = { part, ok: measured.ratios.every(holds), ...measured };
    reports.push(report);
    partLines(report).forEach(print);
    if (args.profiles) (await hotStatements(bench.anyDatabase)).forEach(tell);
  }
  return reports;
}

/** Resolves at the first Ctrl-C or SIGTERM. A second one ends the process as usual. */
const interruption = (): Promise<undefined> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(undefined));
  });

main()
  .catch((error: unknown) => {
    tell(`The bench failed. ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return EXIT.failed;
  })
  .then(async (code) => {
    await running?.close();
    process.exit(code);
  })
  .catch((error: unknown) => {
    tell(String(error));
    process.exit(EXIT.failed);
  });
