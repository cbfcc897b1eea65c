import {
  Controller,
  HttpCode,
  NotFoundException,
  Param,
  Post,
  Req,
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common';
import { ForgedHookError, type HookRequest } from '@opr-connect/adapter-kit';
import type { FastifyRequest } from 'fastify';
import { ConnectedServers } from '../connected-servers/connected-servers';
import { Signals } from '../outbox/signals';
import { InboxRepository } from './inbox.repository';

const SECRET_HEADERS: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization']);

/** What a ticketing tool tells: stored as it came before it is answered, and understood afterwards. */
@Controller('hooks')
export class HooksController {
  constructor(
    private readonly servers: ConnectedServers,
    private readonly inbox: InboxRepository,
    private readonly signals: Signals,
  ) {}

  @Post(':server')
  @HttpCode(202)
  async receive(@Param('server') name: string, @Req() request: FastifyRequest): Promise<{ status: string }> {
    const server = this.servers.named(name);
    // A tool sends again what was answered 503, and gives up at a 404.
    if (server?.active && !server.adapter)
      throw new ServiceUnavailableException('The settings of this server are wrong');
    if (!server?.active || !server.adapter?.receiveChange)
      throw new NotFoundException('No connected server by this name takes hooks');
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([header, value]) => [
        header,
        Array.isArray(value) ? value.join(', ') : (value ?? ''),
      ]),
    );
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const hook: HookRequest = { headers, body, receivedAt: new Date().toISOString() };
    try {
      server.adapter.verifyHook?.(hook);
    } catch (error) {
      if (error instanceof ForgedHookError) throw new UnauthorizedException(error.message);
      throw error;
    }
    const kept = Object.fromEntries(Object.entries(headers).filter(([header]) => !SECRET_HEADERS.has(header)));
    await this.inbox.keep(server.uuid, {
      headers: kept,
      body: body.toString('base64'),
      receivedAt: hook.receivedAt,
    });
    this.signals.due([name]);
    return { status: 'stored' };
  }
}
