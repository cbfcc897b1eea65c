/** The embedded PostgreSQL could not be started or stopped; the message is meant for a person and says what to do. */
export class EmbeddedPostgresError extends Error {
  override name = 'EmbeddedPostgresError';
}

/** Another core lives on this data folder. */
export class DataDirInUseError extends EmbeddedPostgresError {
  override name = 'DataDirInUseError';

  constructor(
    readonly dataDir: string,
    readonly pid: number | undefined,
  ) {
    super(
      `The data folder ${dataDir} is in use by another core${pid === undefined ? '' : ` (process ${pid})`}. ` +
        'Stop that core first, or give this one a folder of its own with OPR_CONNECT_DATA_DIR. ' +
        'Cores that are to share one database need DATABASE_URL.',
    );
  }
}

const fieldOf = (error: unknown, field: 'code' | 'message'): string | undefined => {
  const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, field) : undefined;
  return typeof value === 'string' ? value : undefined;
};

/** What Node and PostgreSQL call the reason: ENOENT, 57P03. */
export const errorCode = (error: unknown): string | undefined => fieldOf(error, 'code');

export const errorText = (error: unknown): string => fieldOf(error, 'message') ?? String(error);
