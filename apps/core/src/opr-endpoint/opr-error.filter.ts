import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { OPR_NAMESPACE } from '@opr-connect/opr';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isDatabaseUnavailable } from '../database/errors';
import { XML } from './opr-reply';
import { OprRefusal, STATUS } from './status';

interface Answer {
  status: number;
  reason: string;
  message: string;
  where?: OprRefusal['where'];
}

/**
 * Every answer that is no success, wherever it comes from: in XML to who speaks XML, else in JSON, with the reason's word,
 * the field and the rule. What went wrong inside is logged, and not told.
 */
@Catch()
export class OprErrorFilter implements ExceptionFilter {
  private readonly log = new Logger('Http');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(error: unknown, request: Pick<FastifyRequest, 'url'>, reply: FastifyReply): void {
    const answer = this.answerTo(error);
    if (answer.status === 401) reply.header('www-authenticate', 'Basic realm="OPR Connect", charset="UTF-8"');
    if (answer.status === 503) reply.header('retry-after', '5');
    if (/^\/(opr|opr-gateway|opr-web|opr-console)(\/|$)/.test(request.url))
      reply.code(answer.status).header('content-type', XML).send(toXml(answer));
    else reply.code(answer.status).send({ status: answer.status, reason: answer.reason, message: answer.message });
  }

  private answerTo(error: unknown): Answer {
    if (error instanceof OprRefusal)
      return { status: error.status, reason: error.reason, message: error.message, where: error.where };
    // Nest turns some of what Fastify throws into its own exceptions, with Fastify's words.
    if (error instanceof HttpException) return told(error.getStatus(), inOurWords(error.getStatus(), error.message));
    if (isDatabaseUnavailable(error)) {
      this.log.error({ reason: String(error) }, 'the database is unavailable');
      return {
        status: STATUS.database_unavailable,
        reason: 'database_unavailable',
        message: 'The database does not answer; try again later',
      };
    }
    const status = statusOf(error);
    if (status !== undefined)
      return told(status, inOurWords(status, error instanceof Error ? error.message : 'The request cannot be read'));
    this.log.error(error instanceof Error ? { err: error } : { error }, 'a request failed');
    return { status: 500, reason: 'internal', message: 'The request failed inside the hub; its log says why' };
  }
}

/** What the HTTP layer itself refuses, for example a body that is too large, carries its own status. */
function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  const { statusCode } = error;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : undefined;
}

const WORDS: Readonly<Record<number, string>> = {
  400: 'bad_request',
  401: 'not_logged_in',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  410: 'retired',
  413: 'too_large',
  414: 'path_too_long',
  415: 'wrong_media_type',
  503: 'unavailable',
};
const told = (status: number, message: string): Answer => ({
  status,
  reason: WORDS[status] ?? `http_${status}`,
  message,
});

const inOurWords = (status: number, message: string): string =>
  status === 415 && !message.startsWith('Content-')
    ? 'Content-Type: must be a media type, such as application/xml'
    : message;

function toXml({ status, reason, message, where = {} }: Answer): string {
  const parts = Object.entries({ status, reason, ...where, message }).filter(([, value]) => value !== undefined);
  const elements = parts.map(([name, value]) => `  <${name}>${escapeText(String(value))}</${name}>`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<error xmlns="${OPR_NAMESPACE}">\n${elements.join('\n')}\n</error>\n`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
/** Characters that XML 1.0 cannot hold are left out. */
const escapeText = (text: string): string =>
  text
    .replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '')
    .replace(/[&<>]/g, (character) => ENTITIES[character] ?? '');
