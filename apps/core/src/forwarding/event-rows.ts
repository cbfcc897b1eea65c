import { Injectable } from '@nestjs/common';
import type { OprEvent } from '@opr-connect/opr';
import type { ConnectedServer } from '../connected-servers/connected-server';
import { ConnectedServers } from '../connected-servers/connected-servers';
import { ConversationRepository } from '../conversation/conversation.repository';
import type { RowRef } from '../conversation/conversations';
import { takesPart } from '../conversation/rules';
import { OprRefusal, refusalOf } from '../opr-endpoint/status';
import { withForwardingInfo } from './forwarding-info';

/** The forwarded-event registry as a connected server may see it: its own rows, by any id that it uses for them. */
@Injectable()
export class EventRows {
  constructor(
    private readonly repository: ConversationRepository,
    private readonly servers: ConnectedServers,
  ) {}

  /** The row that these ids name: they must name one and the same. An id that names nothing is no contradiction. */
  async named(server: ConnectedServer, ids: readonly (string | undefined)[]): Promise<RowRef> {
    const given = [...new Set(ids.map((id) => id?.trim()).filter((id): id is string => !!id))];
    if (given.length === 0)
      throw new OprRefusal('id_missing', 'event_ref/target_id: a change must name its event, here or in the path', {
        element: 'target_id',
      });
    const found = (await Promise.all(given.map((id) => this.repository.rowOf(server.uuid, id)))).filter(
      (row) => row !== undefined,
    );
    const [row] = found;
    if (!row) throw await this.unknown(server, given);
    if (found.some((other) => other.row !== row.row))
      throw new OprRefusal('ids_contradict', 'event_ref: its ids and the path name different events', {
        element: 'event_ref',
      });
    return row;
  }

  /** The event of a row, as the hub holds it. */
  async read(server: ConnectedServer, id: string): Promise<OprEvent> {
    const { event, row } = await this.named(server, [id]);
    const stored = await this.repository.load(event);
    if (stored?.conversation.retired) throw refusalOf({ reason: 'retired' }, server.name);
    const party = stored?.conversation.parties.find((candidate) => candidate.id === row);
    if (!stored || !party || !takesPart(party)) throw refusalOf({ reason: 'not_forwarded' }, server.name);
    return withForwardingInfo(stored.conversation, (uuid) => this.servers.find(uuid));
  }

  /** An event that the hub holds was not forwarded to the caller; another one it does not know. */
  private async unknown(server: ConnectedServer, ids: readonly string[]): Promise<OprRefusal> {
    const held = await Promise.all(ids.map((id) => this.repository.holds(id)));
    return held.includes(true)
      ? refusalOf({ reason: 'not_forwarded' }, server.name)
      : new OprRefusal('not_held', 'The hub holds no event by this id');
  }
}
