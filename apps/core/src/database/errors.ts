/** SQLSTATE of an error that PostgreSQL reported. */
export function sqlState(error: unknown): string | undefined {
  const cause = error instanceof Error && 'driverError' in error ? error.driverError : error;
  return typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string'
    ? cause.code
    : undefined;
}

export const isUniqueViolation = (error: unknown): boolean => sqlState(error) === '23505';

/**
 * The database is away, restarting, closed for maintenance (55000), locked by others for too long (55P03), a copy that takes no writes (25006), out of room, unwilling
 * to let us in (28, 3D), or too busy to finish in time (57014, 40): nothing was stored, and it may be later.
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  const state = sqlState(error) ?? '';
  return (
    /^(08|25006|25P03|28|3D|40|53|55000|55P03|57|58)/.test(state) ||
    /^E(CONN|PIPE|TIMEDOUT|HOST|NET|NOTFOUND|AI_AGAIN)/.test(state) ||
    // Between two statements of a transaction a lost connection shows as a query runner that was already released.
    /Connection terminated|timeout exceeded when trying to connect|Query read timeout|not queryable|was already released/.test(
      String(error),
    )
  );
}

/** What was asked for met something else that was asked for at the same moment: alone it may go well. */
export const isContention = (error: unknown): boolean => /^(40|55P03)/.test(sqlState(error) ?? '');
