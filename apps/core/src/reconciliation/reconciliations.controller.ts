import {
  ConflictException,
  Controller,
  Get,
  NotFoundException,
  Param,
  Post,
  Req,
  Res,
  UseGuards,
} from '@nestjs/common';
import { IsBoolean, isUUID } from 'class-validator';
import type { FastifyReply } from 'fastify';
import { Page } from '../admin/inputs';
import { bodyOf, queryOf } from '../admin/json-request';
import { OperatorActions } from '../admin/operator-actions';
import { OperatorGuard, type OperatorRequest } from '../connected-servers/basic-auth';
import type { ConnectedServer } from '../connected-servers/connected-server';
import { ConnectedServers } from '../connected-servers/connected-servers';
import { Statements } from '../database/statements';
import { ScheduleRepository } from '../schedules/schedule.repository';
import type { Reconciliation } from './reconciliation';
import { ReconciliationRepository } from './reconciliation.repository';

/** How a reconciliation is asked for. */
class Asked {
  @IsBoolean({ message: '$property must be true or false' })
  dryRun: boolean;
}

@Controller('api/servers/:name/reconciliations')
@UseGuards(OperatorGuard)
export class ReconciliationsController {
  constructor(
    private readonly database: Statements,
    private readonly servers: ConnectedServers,
    private readonly repository: ReconciliationRepository,
    private readonly schedule: ScheduleRepository,
    private readonly actions: OperatorActions,
  ) {}

  /** It begins within a second, or when the server is paused no more. */
  @Post()
  async begin(@Req() request: OperatorRequest, @Param('name') name: string, @Res() reply: FastifyReply): Promise<void> {
    const server = this.named(name);
    const { dryRun } = bodyOf(request, Asked);
    const { operator } = request;
    if (!server.active || !server.adapter)
      throw new ConflictException('The server is inactive or its settings are wrong: nothing can be compared');
    const begun = await this.database.transaction(async (sql) => {
      const opened = await this.repository.open({ server: server.uuid, dryRun, operator }, sql);
      if (!opened) return undefined;
      await this.schedule.ask('reconcile', server.uuid, sql);
      const subject = `servers/${server.name}/reconciliations/${opened.id}`;
      await this.actions.note({ operator, action: 'reconcile', subject, reason: dryRun ? 'dry run' : undefined }, sql);
      return opened;
    });
    if (!begun) throw new ConflictException('This server is being reconciled already');
    await reply
      .code(202)
      .header('location', `/api/servers/${encodeURIComponent(server.name)}/reconciliations/${begun.id}`)
      .send(view(begun));
  }

  @Get()
  async list(@Req() request: OperatorRequest, @Param('name') name: string): Promise<object> {
    const { limit, before } = queryOf(request, Page);
    const found = await this.repository.list(this.named(name).uuid, limit, before);
    return { reconciliations: found.map(view) };
  }

  @Get(':id')
  async read(@Param('name') name: string, @Param('id') id: string): Promise<object> {
    const found = isUUID(id) ? await this.repository.find(this.named(name).uuid, id) : undefined;
    if (!found) throw new NotFoundException('There is no reconciliation by this id');
    return { ...view(found), findings: await this.repository.findings(found) };
  }

  private named(name: string): ConnectedServer {
    const server = this.servers.named(name);
    if (!server) throw new NotFoundException('There is no connected server by this name');
    return server;
  }
}

const view = ({
  seq,
  id,
  dryRun,
  operator,
  state,
  total,
  done,
  read,
  counts,
  created,
  started,
  ended,
}: Reconciliation): object => ({
  ...{ seq, id, dryRun, operator, state, progress: { done, total, read }, counts, created, started, ended },
});
