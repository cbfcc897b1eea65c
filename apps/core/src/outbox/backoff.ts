const FIRST_MS = 1_000;
const LONGEST_MS = 300_000;

/** How long to wait after the n-th failure: doubling, with jitter so that many do not come back at once. */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 20));
  return Math.round(whole * (0.75 + random() / 2));
}
