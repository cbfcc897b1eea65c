import { readEvent, writeEvent } from '@opr-connect/opr';
import fastify from 'fastify';
import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import type { Bench } from './bench';
import { Child, serveCalls } from './child';
import { oprTarget, type Core } from './core';
import { medianRatio, perSecond } from './numbers';
import type { Measured } from './report';
import { LOGIN } from './secrets';

/** As many connections as the core's pool has. */
const POOL = 20;
/** Requests under way at a time, here and in the other parts. */
export const CLIENTS = 32;

export type ReferenceCalls = {
  /** Answers the URL to post events to. */
  listen(databaseUrl: string): Promise<string>;
};

/** The least that a durable ingest can be: the same parser, and one INSERT that is committed before the answer. */
async function listen(databaseUrl: string): Promise<string> {
  const pool = new Pool({ connectionString: databaseUrl, max: POOL });
  await pool.query(
    'create table reference (id uuid primary key, event_id text not null unique, document jsonb not null)',
  );
  const server = fastify();
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  server.post('/event', async (request, reply) => {
    const event = readEvent(request.body as Buffer);
    const id = randomUUID();
    await pool.query('insert into reference (id, event_id, document) values ($1, $2, $3)', [
      id,
      event.id,
      JSON.stringify(event),
    ]);
    return reply.type('application/xml;charset=UTF-8').send(writeEvent({ id }));
  });
  return `${await server.listen({ host: '127.0.0.1', port: 0 })}/event`;
}

if (require.main === module) serveCalls({ listen } satisfies ReferenceCalls);

/** The reference in a process of its own, on a database of its own in the same PostgreSQL. */
export async function startReference(bench: Bench): Promise<string> {
  const reference = Child.start<ReferenceCalls>(__filename);
  bench.closeWithPart(() => reference.close());
  return reference.call('listen', await bench.newDatabase());
}

/** A core that takes events for `tool` and can carry none: the only place that knows how deliveries are paused. */
const coreWithDeliveriesPaused = (bench: Bench): Promise<Core> => bench.core([oprTarget('tool', bench.urls.down)]);

/** How many events a second are taken over durably, of what the least possible ingest takes. */
export async function ingest(bench: Bench): Promise<Measured> {
  const [rounds, events] = bench.quick ? [3, 500] : [7, 1_500];
  const reference = await startReference(bench);
  const paused = await coreWithDeliveriesPaused(bench);
  const running = await bench.core([oprTarget('tool', bench.urls.healthy)]);
  const post = async (url: string, count = events) =>
    (await bench.load.call('post', { url, login: LOGIN, events: count, category: 'tool', clients: CLIENTS })).perSecond;
  const all = [reference, paused.eventUrl, running.eventUrl];
  for (const url of all) await post(url, 300);
  await running.carriedAll();
  const seen: [number[], number[], number[]] = [[], [], []];
  for (let round = 1; round <= rounds; round += 1) {
    bench.say(`round ${round} of ${rounds}`);
    seen[0].push(await post(reference));
    seen[1].push(await post(paused.eventUrl));
    seen[2].push(await post(running.eventUrl));
    await running.carriedAll();
  }
  return {
    ratios: [
      {
        what: 'durable ingest of the reference, deliveries paused',
        value: medianRatio(seen[1], seen[0]),
        atLeast: 0.6,
      },
      { what: 'durable ingest of the reference, deliveries running', value: medianRatio(seen[2], seen[0]) },
    ],
    notes: {
      reference: perSecond(seen[0]),
      'deliveries paused': perSecond(seen[1]),
      'deliveries running': perSecond(seen[2]),
    },
  };
}
