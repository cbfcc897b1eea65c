import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { CASES } from './cases';
import type { Contract, Standing } from './contract';

/** What the page says of one adapter. */
interface Column {
  supports: string;
  /** By id of the case. */
  cells: Map<string, string>;
  /** The reasons behind cells that are not ✓. */
  reasons: string[];
}

const INTRODUCTION = `# Adapters and their contract

What every adapter promises, and which adapter keeps it. This page is generated from the results of the contract suite (\`@opr-connect/adapter-kit/testing\`), and a test of each adapter fails if its column tells something else: \`npm run docs:adapters\` writes it anew.

✓ kept · – does not apply · exempt: not kept, on purpose. The reasons are below the table.
`;

/**
 * Compares the adapter's column in the page with its results, and writes it if the environment has \`UPDATE_DOCS\`.
 *
 * @throws AssertionError  the page tells something else, or a case is broken
 */
export async function checkPage(contract: Contract, path: string): Promise<void> {
  const { name } = contract.harness;
  const page = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const expected = pageWith(page, contract, await contract.results());
  if (process.env['UPDATE_DOCS']) writeFileSync(path, expected);
  else
    assert.ok(
      page === expected,
      `${path} does not tell how ${name} stands with the contract: run npm run docs:adapters`,
    );
}

/** The page with these results as the adapter's column, whether it had one or not. */
export function pageWith(page: string, contract: Contract, results: ReadonlyMap<string, Standing>): string {
  const columns = columnsOf(page);
  columns.set(contract.harness.name, columnOf(contract, results));
  return render(columns);
}

function columnOf({ supports, harness }: Contract, results: ReadonlyMap<string, Standing>): Column {
  const cells = new Map<string, string>();
  const byReason = new Map<string, string[]>();
  for (const [id, standing] of results) {
    switch (standing.kind) {
      case 'kept':
        cells.set(id, '✓');
        break;
      case 'exempt':
      case 'not applicable': {
        cells.set(id, standing.kind === 'exempt' ? 'exempt' : '–');
        byReason.set(standing.reason, [...(byReason.get(standing.reason) ?? []), `\`${id}\``]);
        break;
      }
      case 'broken':
        throw new assert.AssertionError({ message: `${id} is broken: ${standing.error.message}` });
    }
  }
  const reasons = [...byReason].map(([reason, ids]) => `- ${ids.join(', ')}: ${reason}`);
  const collapses = Object.entries(harness.collapses ?? {}).flatMap(([property, words]) =>
    Object.entries(words).map(([word, other]) => `${property} \`${word}\` reads back as \`${other}\``),
  );
  // Control is not transferred yet: until then the highest type does what `synchronize` does.
  const level = supports === 'synchronize_and_transfer_control' ? 'synchronize' : supports;
  return { supports: level, cells, reasons: [...reasons, ...collapses.map((each) => `- ${each}`)] };
}

function render(columns: ReadonlyMap<string, Column>): string {
  const names = [...columns.keys()].sort();
  const row = (first: string, cell: (column: Column) => string) => [
    first,
    ...names.map((name) => cell(columns.get(name) as Column)),
  ];
  const rows = [['promise', ...names], row('supports up to', ({ supports }) => supports)];
  let level = '';
  for (const each of [...CASES].sort(byLevel)) {
    if (each.level !== level) rows.push(row(`**${(level = each.level)}**`, () => ''));
    rows.push(row(`${each.title} (\`${each.id}\`)`, ({ cells }) => cells.get(each.id) ?? ''));
  }
  const sections = names.map((name) => {
    const { reasons } = columns.get(name) as Column;
    return `## ${name}\n\n${reasons.length > 0 ? reasons.join('\n') : 'Everything applies, and everything is kept.'}\n`;
  });
  return [INTRODUCTION, table(rows), ...sections].join('\n');
}

const LEVELS = ['notify', 'notify_and_update', 'synchronize'];
const byLevel = (a: { level: string }, b: { level: string }) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level);

/** As Prettier has tables. */
function table(rows: readonly string[][]): string {
  const [head = [], ...body] = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, index) => Math.max(3, ...[head, ...body].map((row) => row[index]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`;
  return `${[line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n')}\n`;
}

/** The columns that the page has. */
function columnsOf(page: string): Map<string, Column> {
  const columns = new Map<string, Column>();
  const lines = page.split('\n');
  const cellsOf = (line: string) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim());
  const [head, , ...body] = lines.filter((line) => line.startsWith('|')).map(cellsOf);
  for (const [index, name] of (head ?? []).entries()) {
    if (index === 0) continue;
    const column: Column = { supports: '', cells: new Map(), reasons: [] };
    for (const row of body) {
      const id = /\(`([^`]+)`\)$/.exec(row[0] ?? '')?.[1];
      if (id !== undefined) column.cells.set(id, row[index] ?? '');
      else if (row[0] === 'supports up to') column.supports = row[index] ?? '';
    }
    const start = lines.indexOf(`## ${name}`);
    for (const line of lines.slice(start + 1)) {
      if (line.startsWith('## ')) break;
      if (line.startsWith('- ')) column.reasons.push(line);
    }
    columns.set(name, column);
  }
  return columns;
}
