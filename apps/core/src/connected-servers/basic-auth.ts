import {
  ServiceUnavailableException,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Configuration } from '../config/configuration';
import type { ConnectedServer } from './connected-server';
import { ConnectedServers } from './connected-servers';
import { TooManyLogins, type Credentials } from './credentials';
import { Logins } from './logins';

export interface AuthenticatedRequest extends FastifyRequest {
  /** The connected server that logged in. */
  connectedServer: ConnectedServer;
}

/** Lets a connected server in by its name and password (RFC 7617). */
@Injectable()
export class ConnectedServerGuard implements CanActivate {
  private readonly logins: Logins;

  constructor(
    configuration: Configuration,
    private readonly servers: ConnectedServers,
  ) {
    this.logins = new Logins(configuration, ({ servers }) =>
      servers.flatMap(({ name, password, active }) => (active && password ? [{ name, password }] : [])),
    );
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const name = await authenticated(request, this.logins.credentials, 'a connected server');
    const server = this.servers.named(name);
    if (!server) throw new UnauthorizedException();
    request.connectedServer = server;
    return true;
  }
}

export interface OperatorRequest extends FastifyRequest {
  /** Login name of the operator. */
  operator: string;
}

/** Lets an operator in by name and password. */
@Injectable()
export class OperatorGuard implements CanActivate {
  private readonly logins: Logins;

  constructor(configuration: Configuration) {
    this.logins = new Logins(configuration, ({ operators }) =>
      operators.map(({ name, password }) => ({ name, password })),
    );
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<OperatorRequest>();
    request.operator = await authenticated(request, this.logins.credentials, 'an operator');
    return true;
  }
}

async function authenticated(request: FastifyRequest, credentials: Credentials, whom: string): Promise<string> {
  const pair = basicPair(request.headers.authorization);
  if (!pair) throw new UnauthorizedException(`Log in as ${whom}: HTTP Basic with name and password`);
  if (!(await verified(credentials, pair))) throw new UnauthorizedException('The name or the password is wrong');
  return pair.name;
}

async function verified(credentials: Credentials, pair: { name: string; password: string }): Promise<boolean> {
  try {
    return await credentials.verify(pair.name, pair.password);
  } catch (error) {
    if (error instanceof TooManyLogins)
      throw new ServiceUnavailableException('Too many logins at once; try again later');
    throw error;
  }
}

function basicPair(header: string | undefined): { name: string; password: string } | undefined {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(header ?? '') ?? [];
  if (!encoded) return undefined;
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon < 0 ? undefined : { name: pair.slice(0, colon), password: pair.slice(colon + 1) };
}
