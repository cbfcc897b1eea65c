import { BadRequestException, UnsupportedMediaTypeException, type Type } from '@nestjs/common';
import { parseSettings } from '@opr-connect/adapter-kit';
import type { FastifyRequest } from 'fastify';

const JSON_TYPE = /^application\/json\s*(;|$)/i;

/**
 * The body of a request that does something; an empty one has no fields. The media type is demanded of an empty one too: a page
 * of another site cannot make a browser send it, whatever login the browser remembers.
 *
 * @throws UnsupportedMediaTypeException
 * @throws BadRequestException naming the field and the rule
 */
export function bodyOf<T extends object>(request: FastifyRequest, type: Type<T>): T {
  if (!JSON_TYPE.test(request.headers['content-type'] ?? ''))
    throw new UnsupportedMediaTypeException('Content-Type: must be application/json');
  const text = Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '';
  return parsed(type, text.trim() === '' ? {} : jsonIn(text));
}

/** The query of a request, as its class describes it. @throws BadRequestException naming the field and the rule */
export const queryOf = <T extends object>(request: FastifyRequest, type: Type<T>): T =>
  parsed(type, { ...(request.query as Record<string, unknown>) });

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadRequestException('The body must be JSON');
  }
}

function parsed<T extends object>(type: Type<T>, plain: unknown): T {
  const result = parseSettings(type, plain);
  if (!result.ok) throw new BadRequestException(result.problems.join('; '));
  return result.value;
}
