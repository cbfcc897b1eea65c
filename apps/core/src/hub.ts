import { BadRequestException } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AddressInfo } from 'node:net';
import { AppModule } from './app.module';
import type { Configuration } from './config/configuration';
import type { Environment } from './config/environment';
import { migrate } from './database/migrate';
import { logRequests, structuredLogger } from './logging';
import { measureAcknowledgements } from './metrics/acknowledgements';
import { Metrics } from './metrics/metrics';
import { OprErrorFilter } from './opr-endpoint/opr-error.filter';
import { takeRawBodies } from './raw-bodies';

/** The longest segment of a path: an id of the longest kind, with every character of it encoded. */
const MAX_SEGMENT = 4_096;
/** How long a client may take to send a request. */
const REQUEST_MS = 60_000;

export interface Hub {
  /** Where it listens, for example `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Stops taking requests, finishes what is under way, and lets go of the database. */
  close(): Promise<void>;
}

/**
 * Starts the hub on a database that exists.
 *
 * @throws what the database, or the address to listen on, refuses
 */
export async function startHub(
  environment: Environment,
  configuration: Configuration,
  databaseUrl: string,
): Promise<Hub> {
  await migrate(databaseUrl);
  const http = new FastifyAdapter({
    requestTimeout: REQUEST_MS,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: MAX_SEGMENT },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      new OprErrorFilter().answer(error, request, reply),
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.of(environment, configuration, databaseUrl),
    http,
    { logger: structuredLogger(environment.logLevel), bodyParser: false },
  );
  takeRawBodies(http);
  refuseNul(http);
  logRequests(http);
  measureAcknowledgements(http, app.get(Metrics));
  await app.listen(environment.port, environment.host);
  const { address, port, family } = http.getHttpServer().address() as AddressInfo;
  return { url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`, close: () => app.close() };
}

/** PostgreSQL can hold no NUL, so no id contains one. */
function refuseNul(http: FastifyAdapter): void {
  http.getInstance().addHook('onRequest', (request, _reply, done) => {
    done(request.url.includes('%00') ? new BadRequestException('The path must not contain NUL') : undefined);
  });
}
