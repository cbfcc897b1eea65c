import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { AuthenticatedRequest } from '../connected-servers/basic-auth';
import type { Metrics } from './metrics';

const REQUESTS: Readonly<Record<string, string>> = {
  '/opr/:source/event': 'event',
  '/opr/:source/event_change': 'event_change',
  '/opr/:source/event_change/:id': 'event_change',
};

/** Measures how long OPR clients wait for what they post to be taken, or refused. */
export function measureAcknowledgements(http: FastifyAdapter, metrics: Metrics): void {
  http.getInstance().addHook('onResponse', (request, reply, done) => {
    const kind = request.method === 'POST' ? REQUESTS[request.routeOptions.url ?? ''] : undefined;
    if (kind !== undefined) {
      // Whoever did not log in could write any name into the path.
      const source = (request as Partial<AuthenticatedRequest>).connectedServer?.name ?? '';
      metrics.acknowledgement.observe({ source, request: kind, status: reply.statusCode }, reply.elapsedTime / 1000);
    }
    done();
  });
}
