import {
  BadRequestException,
  ConflictException,
  Controller,
  Get,
  HttpCode,
  NotFoundException,
  Param,
  Post,
  Req,
  UseGuards,
} from '@nestjs/common';
import { isUUID } from 'class-validator';
import { OperatorGuard, type OperatorRequest } from '../connected-servers/basic-auth';
import { DeadLetterRepository, type DeadLetterQuery } from './dead-letter.repository';
import { deadLetterView } from './dead-letter-view';
import { DeadLetters, type Verdict } from './dead-letters';
import { EventLookup } from './event-lookup';
import { DeadLetterPage, ManyDeadLetters, ManyToDiscard, Nothing, Why, type DeadLetterFilter } from './inputs';
import { bodyOf, queryOf } from './json-request';
import { ServerNames } from './server-names';

@Controller('api/dead-letters')
@UseGuards(OperatorGuard)
export class DeadLettersController {
  constructor(
    private readonly letters: DeadLetters,
    private readonly repository: DeadLetterRepository,
    private readonly events: EventLookup,
    private readonly names: ServerNames,
  ) {}

  @Get()
  async list(@Req() request: OperatorRequest): Promise<object> {
    const { limit, before, ...filter } = queryOf(request, DeadLetterPage);
    const found = await this.repository.newest(await this.lookedUp(filter), limit, before);
    return { deadLetters: found.map((letter) => deadLetterView(letter, this.names)) };
  }

  @Post('retry')
  @HttpCode(200)
  async retryMany(@Req() request: OperatorRequest): Promise<object> {
    const filter = bodyOf(request, ManyDeadLetters);
    const { done, left } = await this.letters.many(await this.chosen(filter), {
      action: 'retry',
      operator: request.operator,
    });
    return { retried: done, left };
  }

  @Post('discard')
  @HttpCode(200)
  async discardMany(@Req() request: OperatorRequest): Promise<object> {
    const { reason, ...filter } = bodyOf(request, ManyToDiscard);
    const { done, left } = await this.letters.many(await this.chosen(filter), {
      ...{ action: 'discard', operator: request.operator, reason },
    });
    return { discarded: done, left };
  }

  @Post(':id/retry')
  @HttpCode(200)
  async retry(@Req() request: OperatorRequest, @Param('id') id: string): Promise<object> {
    bodyOf(request, Nothing);
    await this.one(id, { action: 'retry', operator: request.operator });
    return { retried: 1 };
  }

  @Post(':id/discard')
  @HttpCode(200)
  async discard(@Req() request: OperatorRequest, @Param('id') id: string): Promise<object> {
    const { reason } = bodyOf(request, Why);
    await this.one(id, { action: 'discard', operator: request.operator, reason });
    return { discarded: 1 };
  }

  private async one(id: string, verdict: Verdict): Promise<void> {
    if (isUUID(id) && (await this.letters.one(id, verdict))) return;
    if (isUUID(id) && (await this.repository.isAlive(id)))
      throw new ConflictException('This message is no dead letter: it waits to be carried');
    throw new NotFoundException('There is no dead letter by this id');
  }

  private chosen({ all, ...filter }: ManyDeadLetters): Promise<DeadLetterQuery> {
    const isFiltered = Object.values(filter).some((condition) => condition !== undefined);
    if (isFiltered === (all === true))
      throw new BadRequestException('Give either server, kind or event, or all: true, and not both');
    return this.lookedUp(filter);
  }

  private async lookedUp({ server, kind, event }: DeadLetterFilter): Promise<DeadLetterQuery> {
    return {
      server: server === undefined ? undefined : this.names.uuidOf(server),
      kind,
      events: event === undefined ? undefined : await this.events.idsOf(event),
    };
  }
}
