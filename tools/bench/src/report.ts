import { cpus, loadavg, platform, release, totalmem } from 'node:os';

/** A result: how two things that were measured in turns in the same run compare. */
export interface Ratio {
  what: string;
  value: number;
  /** What it must not fall below. */
  atLeast?: number;
  /** What it must not exceed. */
  atMost?: number;
}

export interface Measured {
  ratios: Ratio[];
  /** Absolute figures, of this machine at this moment: they prove nothing. */
  notes: Record<string, string>;
}

export interface PartReport extends Measured {
  part: string;
  ok: boolean;
}

/** NaN holds no floor. */
export const holds = ({ value, atLeast = -Infinity, atMost = Infinity }: Ratio): boolean =>
  value >= atLeast && value <= atMost;

export interface Machine {
  processors: string;
  memory: string;
  system: string;
  node: string;
  /** Of the last minute, before the bench began. */
  load: string;
}

export const machine = (): Machine => ({
  processors: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
  memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  system: `${platform()} ${release()}`,
  node: process.version,
  load: (loadavg()[0] ?? 0).toFixed(1),
});

/** One part for people. */
export function partLines({ part, ratios, notes }: PartReport): string[] {
  return [
    part,
    ...ratios.map((ratio) => `  ${ratio.value.toFixed(2).padStart(6)}  ${ratio.what}${verdict(ratio)}`),
    ...Object.entries(notes).map(([what, figure]) => `          ${what}: ${figure}`),
  ];
}

function verdict(ratio: Ratio): string {
  const { atLeast, atMost } = ratio;
  if (atLeast === undefined && atMost === undefined) return '';
  const bound = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
  return `  [${bound}: ${holds(ratio) ? 'holds' : 'MISSED'}]`;
}
