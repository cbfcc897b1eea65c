import { Logger } from '@nestjs/common';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { PinoLogger, Logger as StructuredLogger } from 'nestjs-pino';
import type { LogLevel } from './config/environment';

/** Structured lines in JSON. Nothing that could be a secret is ever written: no headers, no bodies, no queries. */
export const structuredLogger = (level: LogLevel): StructuredLogger =>
  new StructuredLogger(
    new PinoLogger({
      pinoHttp: {
        level,
        redact: { paths: ['err.config', 'err.request', 'err.response', '*.password', '*.authorization'], remove: true },
      },
    }),
    {},
  );

/** A line for each request that was answered: what went well is for those who debug. */
export function logRequests(http: FastifyAdapter): void {
  const log = new Logger('Requests');
  http.getInstance().addHook('onResponse', ({ method, url, ip }, { statusCode: status, elapsedTime }, done) => {
    const level = status >= 500 ? 'error' : status >= 400 ? 'warn' : 'debug';
    log[level]({ method, url: url.split('?', 1)[0], from: ip, status, ms: Math.round(elapsedTime) }, 'answered');
    done();
  });
}
