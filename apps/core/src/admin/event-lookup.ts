import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { storable } from '../database/json';

/** Most events that one id is taken to name. */
const MOST = 50;

/** Finds events by whatever people hold in their hands. */
@Injectable()
export class EventLookup {
  constructor(private readonly database: DataSource) {}

  /** The hub's own ids of the events that are called so by anybody: their source, the hub itself (it
   * has an id of its own for the event and for each party of it), or a party that shares them. */
  async idsOf(id: string): Promise<string[]> {
    const found: { id: string }[] = await this.database.query(
      `select id from event where event_id = $1
       union select id from event where id = $2::uuid
       union select event from forwarded_event where id = $2::uuid
       union select f.event from external_id x join forwarded_event f on f.id = x.forwarded_event where x.id = $1
       limit ${MOST}`,
      [storable(id), UUID.test(id) ? id : null],
    );
    return found.map((event) => event.id);
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
