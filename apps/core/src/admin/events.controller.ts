import { Controller, Get, GoneException, NotFoundException, Param, Req, UseGuards } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { OperatorGuard } from '../connected-servers/basic-auth';
import { EventHistories, type EventFacts, type ServerLoad } from './event-histories';
import { EventLookup } from './event-lookup';
import { EventViews } from './event-views';
import { HistoryPage, Nothing } from './inputs';
import { queryOf } from './json-request';

/**
 * Events by any id that somebody may hold in their hands. One id may name several: sources are free in what they call their
 * events.
 */
@Controller('api/events')
@UseGuards(OperatorGuard)
export class EventsController {
  constructor(
    private readonly events: EventLookup,
    private readonly histories: EventHistories,
    private readonly views: EventViews,
  ) {}

  @Get(':id')
  async read(@Req() request: FastifyRequest, @Param('id') id: string): Promise<object> {
    queryOf(request, Nothing);
    const { events } = await this.found(id, { limit: 1 });
    return { events: events.map((event) => this.views.stored(event)) };
  }

  /** Why was this sent, or not? */
  @Get(':id/history')
  async history(@Req() request: FastifyRequest, @Param('id') id: string): Promise<object> {
    const { events, loads, now } = await this.found(id, queryOf(request, HistoryPage));
    return { events: events.map((event) => this.views.history(event, loads, now)) };
  }

  private async found(
    id: string,
    page: HistoryPage,
  ): Promise<{ events: EventFacts[]; loads: ServerLoad[]; now: Date }> {
    const ids = await this.events.idsOf(id);
    if (ids.length === 0) throw new NotFoundException('The hub holds no event that anybody calls by this id');
    const { events, ...rest } = await this.histories.of(ids, page);
    const kept = events.filter(({ retired }) => retired === null);
    const last = events.at(-1)?.retired;
    if (kept.length === 0 && last)
      throw new GoneException(`The event was closed long ago; since ${last.toISOString()} only its ids are kept`);
    return { events: kept, ...rest };
  }
}
