import { Controller, Get, Param, Post, Req, Res, UseGuards } from '@nestjs/common';

import type { FastifyReply } from 'fastify';
import { ConnectedServerGuard, type AuthenticatedRequest } from '../connected-servers/basic-auth';
import { Conversations } from '../conversation/conversations';
import { EventRows } from '../forwarding/event-rows';
import { eventChangeIn } from '../opr-endpoint/opr-body';
import { EVENT_TYPE, replyChange, replyEvent } from '../opr-endpoint/opr-reply';
import { OprRefusal, refusalOf } from '../opr-endpoint/status';

/**
 * The Event Synchronization Web Service (OMi Extensibility Guide): a connected server reads and changes back the events that
 * were forwarded to it, and no others. The paths with and without the version are the same.
 */
@Controller(['opr-gateway/rest/synchronization', 'opr-gateway/rest/9.10/synchronization'])
@UseGuards(ConnectedServerGuard)
export class SyncServiceController {
  constructor(
    private readonly conversations: Conversations,
    private readonly rows: EventRows,
  ) {}

  @Get()
  ping(@Res() reply: FastifyReply): void {
    reply.code(200).header('content-type', 'text/plain').send('OK');
  }

  @Get('event/:id')
  async read(@Req() request: AuthenticatedRequest, @Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    await replyEvent(reply, 200, await this.rows.read(request.connectedServer, id));
  }

  @Post(['event_change', 'event_change/:id'])
  async change(
    @Req() request: AuthenticatedRequest,
    @Param('id') id: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const server = request.connectedServer;
    const change = eventChangeIn(request);
    const targetId = change.eventRef?.targetId?.trim();
    if (id && targetId && id !== targetId)
      throw new OprRefusal('ids_contradict', 'event_ref/target_id: differs from the id in the path', {
        element: 'target_id',
      });
    const row = await this.rows.named(server, [id, targetId, change.eventRef?.targetGlobalId]);
    const changed = await this.conversations.change(row, change);
    if (!changed.ok) throw refusalOf(changed.refusal, server.name);
    await replyChange(reply, 200, {
      id: change.id,
      eventRef: { targetId: id ?? targetId, targetType: EVENT_TYPE },
      changedProperties: [],
      sequenceNumber: change.sequenceNumber,
    });
  }
}
