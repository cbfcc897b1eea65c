import type { Outcome } from './matrix';

/** For each walk its points down and the fates of its write across; a cell says what came of a kill before and after. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const parts = outcomes.map(({ row, faults, notPromised }) => {
    const [walk = '', fate = '', where = ''] = row.split('/');
    const [, moment = '', point = where] = /^(before|after) (.*)$/.exec(where) ?? [];
    const held = notPromised.length === 0 ? 'held' : 'not promised';
    return { walk, fate, point, moment, word: faults.length === 0 ? held : 'BROKEN' };
  });
  const fates = unique(parts.map(({ fate }) => fate));
  const blocks = unique(parts.map(({ walk }) => walk)).map((walk) => {
    const ofWalk = parts.filter((part) => part.walk === walk);
    const points = unique(ofWalk.map(({ point }) => point));
    const lines = points.map((point) => [
      point,
      ...fates.map((fate) =>
        ofWalk
          .filter((part) => part.point === point && part.fate === fate)
          .sort((a, b) => b.moment.localeCompare(a.moment))
          .map(({ moment, word }) => `${word}${moment && ` ${moment}`}`)
          .join(', '),
      ),
    ]);
    return [[walk.toUpperCase(), ...fates], ...lines];
  });
  const widths = [0, ...fates.map((_, index) => index + 1)].map((column) =>
    Math.max(...blocks.flat().map((line) => (line[column] ?? '').length)),
  );
  const text = blocks.map((block) =>
    block
      .map((line) =>
        line
          .map((cell, index) => cell.padEnd(widths[index] ?? 0))
          .join('  ')
          .trimEnd(),
      )
      .join('\n'),
  );
  return text.join('\n\n');
}

/** The rows that did not hold, each with what was seen. */
export const brokenRows = (outcomes: readonly Outcome[]): string[] =>
  outcomes.flatMap(({ row, faults }) => (faults.length === 0 ? [] : [`${row}: ${faults.join('; ')}`]));

const unique = (texts: readonly string[]): string[] => [...new Set(texts)];
