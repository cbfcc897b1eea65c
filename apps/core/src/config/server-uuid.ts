import { uuidV5 } from './uuid-v5';

/** Never changes: every correlation key in every ticket hangs on it. */
const OPR_CONNECT = '6f6f2f0e-3a0b-4d0e-9b8e-6d1c7f6a1b52';

/**
 * The uuid of a connected server that was given none: made from hub id and first name, so that it can be found again
 * when every database is lost, and survives a change of name as long as the first name stays among the aliases.
 */
export function serverUuid(hubId: string, server: { name: string; aliases?: readonly string[] }): string {
  return uuidV5(uuidV5(OPR_CONNECT, hubId), server.aliases?.[0] ?? server.name);
}
