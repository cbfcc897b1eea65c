import { Controller, Get, Param, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { ConnectedServerGuard, type AuthenticatedRequest } from '../connected-servers/basic-auth';
import type { ConnectedServer } from '../connected-servers/connected-server';
import { ConnectedServers } from '../connected-servers/connected-servers';
import { ServerStates } from '../connected-servers/server-states';
import { ConversationRepository } from '../conversation/conversation.repository';
import { Conversations, type RowRef, type Taken } from '../conversation/conversations';
import { EventRows } from '../forwarding/event-rows';
import { Signals } from '../outbox/signals';
import { eventChangeIn, eventWithIdIn } from './opr-body';
import { EVENT_TYPE, replyChange, replyEvent } from './opr-reply';
import { OprRefusal, refusalOf, RETIRED } from './status';

/**
 * What an OPR client says to us: an OBM, or another hub, that forwards events to its connected server (OMi Extensibility
 * Guide, "Forward Events and Event Changes to an External Event Process"). Its root URL path is `/opr/<source>`.
 */
@Controller('opr/:source')
@UseGuards(ConnectedServerGuard)
export class OprEndpointController {
  constructor(
    private readonly conversations: Conversations,
    private readonly repository: ConversationRepository,
    private readonly rows: EventRows,
    private readonly servers: ConnectedServers,
    private readonly states: ServerStates,
    private readonly signals: Signals,
  ) {}

  /** "Test connection". */
  @Get()
  ping(@Req() request: AuthenticatedRequest, @Param('source') source: string, @Res() reply: FastifyReply): void {
    this.sourceOf(request, source);
    reply.code(200).header('content-type', 'text/plain').send('OK');
  }

  @Post('event')
  async event(
    @Req() request: AuthenticatedRequest,
    @Param('source') source: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const server = this.sourceOf(request, source);
    const event = eventWithIdIn(request);
    const received = await this.conversations.receive(server, event);
    if ('refusal' in received) throw new OprRefusal('id_retired', RETIRED);
    const answer = await this.answerWithin(server, received);
    await replyEvent(reply, 200, { id: answer.id, sequenceNumber: event.sequenceNumber, drilldownUrl: answer.url });
  }

  @Post(['event_change', 'event_change/:id'])
  async change(
    @Req() request: AuthenticatedRequest,
    @Param('source') source: string,
    @Param('id') id: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const server = this.sourceOf(request, source);
    const change = eventChangeIn(request);
    const row = await this.rows.named(server, [id, change.eventRef?.targetId, change.eventRef?.targetGlobalId]);
    const changed = await this.conversations.change(row, change);
    if (!changed.ok) throw refusalOf(changed.refusal, server.name);
    const targetId = id ?? change.eventRef?.targetId;
    await replyChange(reply, 200, {
      id: change.id,
      eventRef: { targetId, targetGlobalId: changed.stored.eventId, targetType: EVENT_TYPE },
      changedProperties: [],
      sequenceNumber: change.sequenceNumber,
    });
  }

  /** The event as the hub holds it: what a hub that plays OBM reads in doubt. */
  @Get('event/:id')
  async read(
    @Req() request: AuthenticatedRequest,
    @Param('source') source: string,
    @Param('id') id: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const event = await this.rows.read(this.sourceOf(request, source), id);
    await replyEvent(reply, 200, event);
  }

  private sourceOf(request: AuthenticatedRequest, source: string): ConnectedServer {
    const { connectedServer } = request;
    if (connectedServer.name !== source)
      throw new OprRefusal('not_your_path', `This path belongs to ${source}, and you are ${connectedServer.name}`);
    return connectedServer;
  }

  /** Waits as long as the server's setting allows for the one target's id, so that operators see it. */
  private async answerWithin(server: ConnectedServer, received: Taken): Promise<{ id: string; url?: string }> {
    const { ref } = received;
    const until = Date.now() + server.answerWithin;
    const isHopeless = received.isNew && (server.answerWithin === 0 || !this.mayComeSoon(received.targets));
    let answer = received.isNew ? { id: ref.row, isExternal: false } : await this.conversations.answerId(ref);
    while (!isHopeless && !answer.isExternal && Date.now() < until) {
      // Listening begins before looking: what is settled in between is not missed.
      const settled = this.signals.untilSettled(ref.event, until - Date.now());
      const isExpected = await this.isExpected(ref);
      if (isExpected) await settled;
      answer = await this.conversations.answerId(ref);
      if (!isExpected) break;
    }
    if (server.strict && !answer.isExternal && (await this.hasTarget(ref)))
      throw new OprRefusal('not_yet', 'The event is stored, and has no external id yet');
    return answer;
  }

  /** Whether an external id may come soon: there is one target, and nothing holds it up. */
  private mayComeSoon(targets: readonly string[]): boolean {
    const [only] = targets;
    return (
      only !== undefined && targets.length === 1 && !!this.servers.find(only)?.adapter && !this.states.isPaused(only)
    );
  }

  private async isExpected(ref: RowRef): Promise<boolean> {
    const stored = await this.repository.load(ref.event);
    const targets = stored?.conversation.parties.filter(({ id }) => id !== ref.row) ?? [];
    return targets[0]?.state === 'queued' && this.mayComeSoon(targets.map(({ server }) => server));
  }

  private async hasTarget(ref: RowRef): Promise<boolean> {
    const stored = await this.repository.load(ref.event);
    return (stored?.conversation.parties.length ?? 0) > 1;
  }
}
