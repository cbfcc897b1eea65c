import { BadRequestException, PayloadTooLargeException, UnsupportedMediaTypeException } from '@nestjs/common';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';

/** A request body may hold this many bytes: the largest event that a tool could still take, several times over. */
const MAX_BODY = 8 * 1024 * 1024;
/** So much of a body that is too large is read and thrown away: many clients read no answer while they send. */
const MAX_READ = 4 * MAX_BODY;

/** Every body reaches its controller as bytes: XML is read by our own reader, and a hook's signature covers the raw bytes. */
export function takeRawBodies(http: FastifyAdapter): void {
  const fastify = http.getInstance();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', readBody);
}

type Done = (error: Error | null, body?: Buffer) => void;

function readBody({ headers }: FastifyRequest, body: IncomingMessage, done: Done): void {
  const chunks: Buffer[] = [];
  let size = 0;
  const end = (error: Error | null): void => {
    body.off('data', take).off('end', whole).off('error', cutOff);
    if (error) done(error);
    else done(null, Buffer.concat(chunks));
  };
  const take = (chunk: Buffer): void => {
    size += chunk.length;
    if (size <= MAX_BODY) chunks.push(chunk);
    else chunks.length = 0;
    if (size <= MAX_READ) return;
    end(tooLarge());
    body.destroy();
  };
  const whole = (): void => end(size > MAX_BODY ? tooLarge() : null);
  const cutOff = (): void => end(new BadRequestException('The body was cut off'));
  if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') done(compressed());
  else if (Number(headers['content-length'] ?? 0) > MAX_READ) done(tooLarge());
  else body.on('data', take).on('end', whole).on('error', cutOff);
}

const compressed = (): UnsupportedMediaTypeException =>
  new UnsupportedMediaTypeException('Content-Encoding: a body must not be compressed');

const tooLarge = (): PayloadTooLargeException =>
  new PayloadTooLargeException(`The body must not have more than ${MAX_BODY} bytes`);
