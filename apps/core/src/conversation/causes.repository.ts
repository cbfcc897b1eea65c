import { Injectable } from '@nestjs/common';
import type { ExternalRef } from '@opr-connect/adapter-kit';
import { storable } from '../database/json';
import { Statements, type Sql } from '../database/statements';
import type { Stored } from './conversation.repository';

/** An event that has a record at a server. */
export interface Recorded {
  event: string;
  /** As its source calls it. */
  eventId: string;
  server: string;
}

/** Events and the events that they name as their causes. */
@Injectable()
export class CausesRepository {
  constructor(private readonly database: Statements) {}

  /**
   * The record of an event's cause at a server: of the same source first, for an id is unique only there. Two events that name
   * each other, or one that names itself, are nobody's symptom.
   */
  async recordOf(cause: string, { id, source, eventId }: Stored, server: string): Promise<ExternalRef | undefined> {
    const found: { ref: ExternalRef | null }[] = await this.database.query(
      `select (select f.ref from forwarded_event f where f.event = e.id and f.server = $4 and f.state <> 'cancelled') as ref
         from event e where e.event_id = $1 and e.id <> $2 and e.cause is distinct from $3
        order by e.source is not distinct from $5::uuid desc, e.time_received, e.id`,
      [storable(cause), id, eventId, server, source],
    );
    return found.find(({ ref }) => ref !== null)?.ref ?? undefined;
  }

  /**
   * The rows, each at the server of the record, of events that name the event of a record as their cause. Two statements of one
   * table each: of a join the plan that was made while the tables were small would read all of them.
   */
  async symptomsOf(records: readonly Recorded[], sql: Sql): Promise<{ event: string; row: string }[]> {
    if (records.length === 0) return [];
    const symptoms: { id: string; cause: string }[] = await sql.query(
      `select id, cause from event where cause = any($1)`,
      [records.map(({ eventId }) => eventId)],
    );
    if (symptoms.length === 0) return [];
    const rows: { event: string; row: string; server: string }[] = await sql.query(
      `select event, id as row, server from forwarded_event where event = any($1)`,
      [symptoms.map(({ id }) => id)],
    );
    return rows.filter(({ event, server }) => {
      const cause = symptoms.find(({ id }) => id === event)?.cause;
      return records.some((made) => made.eventId === cause && made.server === server && made.event !== event);
    });
  }
}
