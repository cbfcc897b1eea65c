import { randomUUID } from 'node:crypto';
import type { Params } from 'nestjs-pino';
import type { LogLevel } from './config/environment';

/** Structured lines in JSON. Nothing that could be a secret is ever written: no headers but two, no bodies, no queries. */
export const logging = (level: LogLevel): Params => ({
  pinoHttp: {
    level,
    genReqId: () => randomUUID(),
    serializers: {
      req: (request: { id: unknown; method: unknown; url: string; remoteAddress: unknown }) => ({
        id: request.id,
        method: request.method,
        url: request.url.split('?', 1)[0],
        from: request.remoteAddress,
      }),
      res: (response: { statusCode: unknown }) => ({ status: response.statusCode }),
    },
    customLogLevel: (_request, response, error) =>
      error || response.statusCode >= 500 ? 'error' : response.statusCode >= 400 ? 'warn' : 'debug',
    redact: { paths: ['err.config', 'err.request', 'err.response', '*.password', '*.authorization'], remove: true },
  },
});
