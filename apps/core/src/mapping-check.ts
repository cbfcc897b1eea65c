import { parseArgs } from 'node:util';
import { isLossy, mappingReport, type PropertyReport } from '@opr-connect/adapter-kit';
import { exitCodeOf, UsageError, withServer } from './one-server';

const USAGE = `npm run mapping -- check <server> [--json]
  Prints what becomes of events between the hub and the tool of a connected server: which values become one there, which
  nobody can reach from there, and what comes back other than it went. Nobody is asked, and nothing is stored.`;

async function main(): Promise<void> {
  const { name, json } = readArguments();
  const report = await withServer(name, async ({ mapping }) => {
    if (!mapping) throw new UsageError(`The adapter of ${name} has no mapping that settings have a say in`);
    return mappingReport(mapping);
  });
  process.stdout.write(json ? `${JSON.stringify({ server: name, properties: report }, null, 2)}\n` : inWords(report));
}

function readArguments(): { name: string; json: boolean } {
  try {
    const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true });
    const [verb, name, ...others] = positionals;
    if (verb !== 'check' || name === undefined || others.length > 0) throw new UsageError(USAGE);
    return { name, json: values.json ?? false };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

const WAYS = {
  none: 'does not go',
  once: 'goes into a new record only',
  out: 'goes out, and does not come back',
  back: 'comes back, and does not go out',
  both: 'goes both ways',
} as const;

function inWords(report: readonly PropertyReport[]): string {
  const lossy = report.filter(isLossy).map(({ property }) => property);
  const sum = lossy.length === 0 ? 'Nothing is lost on the way.' : `Something is lost in ${lossy.join(', ')}.`;
  return `${report.map(linesOf).join('\n')}\n\n${sum}\n`;
}

function linesOf({ property, direction, collapsing, unreachable, changed, remarks }: PropertyReport): string {
  return [
    `${property.padEnd(24)}${WAYS[direction]}`,
    ...collapsing.map(({ value, words }) => `  ${words.join(', ')} all become ${value}`),
    ...(unreachable.length > 0 ? [`  nobody can reach ${unreachable.join(', ')} from the tool`] : []),
    ...changed.map(({ from, to }) => `  ${from} ${to === undefined ? 'does not come back' : `comes back as ${to}`}`),
    ...remarks.map((remark) => `  ${remark}`),
  ].join('\n');
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = exitCodeOf(error);
});
