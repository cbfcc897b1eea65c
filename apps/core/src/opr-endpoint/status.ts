import type { Refusal } from '../conversation/conversation';

/**
 * What the hub answers to a party that speaks OPR, by reason. The vendor documents hardly any status (OMi Extensibility
 * Guide, "Forward Events and Event Changes", "Synchronize Event Changes Back"), so these are the hub's own contract; the
 * same table is in docs/status-codes.md, and each row has a test.
 */
export const STATUS = {
  accepted: 200,
  submitted: 202,
  not_well_formed: 400,
  ids_contradict: 400,
  not_logged_in: 401,
  not_your_path: 403,
  not_forwarded: 403,
  type_forbids_changes: 403,
  property_not_settable: 403,
  not_held: 404,
  id_retired: 409,
  retired: 410,
  too_large: 413,
  wrong_media_type: 415,
  wrong_document: 422,
  id_missing: 422,
  not_yet: 503,
  database_unavailable: 503,
} as const;

export type Reason = keyof typeof STATUS;

/** An answer that is no success, for a reason of the table. */
export class OprRefusal extends Error {
  readonly status: number;

  constructor(
    readonly reason: Reason,
    message: string,
    /** Where in the document, for what is wrong with it. */
    readonly where: { line?: number; element?: string; rule?: string } = {},
  ) {
    super(message);
    this.name = 'OprRefusal';
    this.status = STATUS[reason];
  }
}

/** An event that was closed long ago: its ids name it for good, and nothing else of it is kept. */
export const RETIRED = 'The event by this id was closed long ago and is over: its id is kept, and names no other event';

export function refusalOf(refusal: Refusal, server: string): OprRefusal {
  switch (refusal.reason) {
    case 'retired':
      return new OprRefusal(refusal.reason, RETIRED);
    case 'not_forwarded':
      return new OprRefusal(refusal.reason, `This event was not forwarded to ${server}`);
    case 'type_forbids_changes':
      return new OprRefusal(
        refusal.reason,
        `This event was forwarded to ${server} as ${refusal.type}, which does not allow changes back`,
      );
    case 'property_not_settable':
      return new OprRefusal(
        refusal.reason,
        refusal.operation
          ? `${refusal.property}: a connected server may not ${refusal.operation} it`
          : `${refusal.property}: a connected server may not change it`,
        { element: refusal.property },
      );
  }
}
