import { uuidV5 } from '../config/uuid-v5';

const NAMESPACE = '6f1d2c4e-3b0a-5c7e-9f52-8d1b7a3e4c60';

/**
 * The key that an external record carries, so that it is found again. It follows from configuration and the event alone,
 * and can be made again when every database is lost.
 */
export function correlationKey(parts: { hubId: string; source: string; eventId: string; target: string }): string {
  return uuidV5(NAMESPACE, JSON.stringify([parts.hubId, parts.source, parts.eventId, parts.target]));
}
