/** SQLSTATE of an error that PostgreSQL reported. */
export function sqlState(error: unknown): string | undefined {
  const cause = error instanceof Error && 'driverError' in error ? error.driverError : error;
  return typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string'
    ? cause.code
    : undefined;
}

export const isUniqueViolation = (error: unknown): boolean => sqlState(error) === '23505';

/** The database is away, restarting, or out of room: nothing was stored, and it may be later. */
export function isDatabaseUnavailable(error: unknown): boolean {
  const state = sqlState(error) ?? '';
  return (
    /^(08|53|57P0)/.test(state) ||
    /^E(CONN|PIPE|TIMEDOUT|HOST|NET)/.test(state) ||
    /Connection terminated|timeout exceeded when trying to connect/.test(String(error))
  );
}
