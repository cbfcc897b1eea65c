import { Controller, Get, Param, Post, Req, Res, UseGuards } from '@nestjs/common';
import { writeEventList } from '@opr-connect/opr';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import { Configuration } from '../config/configuration';
import { OperatorGuard } from '../connected-servers/basic-auth';
import { ConnectedServers } from '../connected-servers/connected-servers';
import { ConversationRepository } from '../conversation/conversation.repository';
import { Conversations } from '../conversation/conversations';
import { withForwardingInfo } from '../forwarding/forwarding-info';
import { eventIn } from '../opr-endpoint/opr-body';
import { XML, replyEvent } from '../opr-endpoint/opr-reply';
import { OprRefusal, RETIRED, STATUS } from '../opr-endpoint/status';

/** Newest events in a list; the vendor's default page (OMi Event Web Service) holds as many. */
const PAGE = 20;

/** The Event Web Service, as far as it submits an event to the hub and reads events, for the hub's operators. */
@Controller(['opr-web/rest', 'opr-web/rest/9.10', 'opr-console/rest', 'opr-console/rest/9.10'])
@UseGuards(OperatorGuard)
export class EventServiceController {
  constructor(
    private readonly conversations: Conversations,
    private readonly repository: ConversationRepository,
    private readonly servers: ConnectedServers,
    private readonly configuration: Configuration,
  ) {}

  @Post('event_list')
  async submit(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const submitted = eventIn(request);
    const now = new Date().toISOString();
    const id = submitted.id ?? randomUUID();
    const { publicUrl } = this.configuration.current;
    const event = {
      ...submitted,
      id,
      drilldownUrl:
        submitted.drilldownUrl ?? (publicUrl && `${publicUrl}/opr-web/rest/9.10/event_list/${encodeURIComponent(id)}`),
      state: submitted.state ?? ('open' as const),
      severity: submitted.severity ?? ('normal' as const),
      timeCreated: submitted.timeCreated ?? now,
      timeReceived: now,
    };
    const { refusal } = await this.conversations.submit(event);
    if (refusal) throw new OprRefusal('id_retired', RETIRED);
    await replyEvent(reply, STATUS.submitted, event);
  }

  @Get('event_list')
  async list(@Res() reply: FastifyReply): Promise<void> {
    const events = await this.repository.newest(PAGE);
    await reply
      .code(200)
      .header('content-type', XML)
      .send(writeEventList({ event: events }));
  }

  @Get('event_list/:id')
  async read(@Param('id') id: string, @Res() reply: FastifyReply): Promise<void> {
    const stored = await this.repository.findByEventId(id);
    if (!stored) throw new OprRefusal('not_held', 'The hub holds no event by this id');
    if (stored.conversation.retired) throw new OprRefusal('retired', RETIRED);
    await replyEvent(
      reply,
      200,
      withForwardingInfo(stored.conversation, (uuid) => this.servers.find(uuid)),
    );
  }
}
