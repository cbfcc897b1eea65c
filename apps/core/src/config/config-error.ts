/** The configuration cannot be used. Each problem is `field: rule`; no problem ever quotes a value that may be secret. */
export class ConfigError extends Error {
  override name = 'ConfigError';

  readonly problems: readonly string[];

  constructor(
    readonly source: string,
    problems: readonly string[],
  ) {
    const distinct = [...new Set(problems)];
    super(`${source} cannot be used:\n${distinct.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = distinct;
  }
}

/** Why Node's file system refuses: ENOENT, EACCES. */
export function reasonOf(error: unknown): string {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : 'unknown reason';
}
