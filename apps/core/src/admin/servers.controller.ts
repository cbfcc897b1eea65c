import { Controller, Get, HttpCode, NotFoundException, Param, Post, Req, UseGuards } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { OperatorGuard, type OperatorRequest } from '../connected-servers/basic-auth';
import type { ConnectedServer } from '../connected-servers/connected-server';
import { ConnectedServers } from '../connected-servers/connected-servers';
import { ServerStates } from '../connected-servers/server-states';
import { InboxRepository } from '../hooks/inbox.repository';
import { Backlog } from '../outbox/backlog';
import { Signals } from '../outbox/signals';
import { ScheduleRepository } from '../schedules/schedule.repository';
import { Nothing, Why } from './inputs';
import { bodyOf } from './json-request';
import { OperatorActions } from './operator-actions';
import { pinged, type Ping } from './ping';
import { ServerViews } from './server-views';

@Controller('api/servers')
@UseGuards(OperatorGuard)
export class ServersController {
  constructor(
    private readonly database: DataSource,
    private readonly servers: ConnectedServers,
    private readonly states: ServerStates,
    private readonly inbox: InboxRepository,
    private readonly backlog: Backlog,
    private readonly schedule: ScheduleRepository,
    private readonly views: ServerViews,
    private readonly actions: OperatorActions,
    private readonly signals: Signals,
  ) {}

  @Get()
  async list(): Promise<object> {
    const [heaps, work] = [await this.backlog.count(), await this.schedule.all()];
    return { servers: this.servers.all().map((server) => this.views.of(server, heaps, work)) };
  }

  @Get(':name')
  async read(@Param('name') name: string): Promise<object> {
    return this.viewOf(this.named(name));
  }

  /** Nothing more is carried to the server until it is resumed; what is under way is finished. */
  @Post(':name/pause')
  @HttpCode(200)
  async pause(@Req() request: OperatorRequest, @Param('name') name: string): Promise<object> {
    const server = this.named(name);
    const { reason } = bodyOf(request, Why);
    const { operator } = request;
    await this.database.transaction(async (sql) => {
      await this.states.hold(server.uuid, operator, reason, sql);
      await this.actions.note({ operator, action: 'pause', subject: `servers/${server.name}`, reason }, sql);
    });
    return this.viewOf(server);
  }

  /** The server is tried at once, whatever paused it. */
  @Post(':name/resume')
  @HttpCode(200)
  async resume(@Req() request: OperatorRequest, @Param('name') name: string): Promise<object> {
    const server = this.named(name);
    bodyOf(request, Nothing);
    const { operator } = request;
    await this.database.transaction(async (sql) => {
      await this.states.resume(server.uuid, sql);
      await this.inbox.hurry(server.uuid, sql);
      await this.actions.note({ operator, action: 'resume', subject: `servers/${server.name}` }, sql);
    });
    this.signals.due([server.name]);
    return this.viewOf(server);
  }

  /** "Test connection": it changes nothing. */
  @Post(':name/ping')
  @HttpCode(200)
  async ping(@Req() request: OperatorRequest, @Param('name') name: string): Promise<Ping> {
    bodyOf(request, Nothing);
    return pinged(this.named(name));
  }

  private async viewOf(server: ConnectedServer): Promise<object> {
    return this.views.of(server, await this.backlog.count(), await this.schedule.all());
  }

  private named(name: string): ConnectedServer {
    const server = this.servers.named(name);
    if (!server) throw new NotFoundException('There is no connected server by this name');
    return server;
  }
}
