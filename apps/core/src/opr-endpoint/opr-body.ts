import { OprXmlError, readOpr, type EventChange, type OprEvent } from '@opr-connect/opr';
import type { FastifyRequest } from 'fastify';
import { OprRefusal } from './status';

const XML_TYPES = /^(application|text)\/(\w+\+)?xml\s*(;|$)/i;

/** The event of a request body; the hub takes single events. Its id, if it has one, is trimmed. */
export function eventIn(request: FastifyRequest): OprEvent {
  const document = documentIn(request);
  if (document.root !== 'event')
    throw new OprRefusal('wrong_document', `The body must be an event, not ${document.root}`, {
      element: document.root,
    });
  const id = document.value.id?.trim() || undefined;
  if (id && id.length > MAX_ID)
    throw new OprRefusal('wrong_document', `id: must not be longer than ${MAX_ID} characters`, { element: 'id' });
  return { ...document.value, id };
}

/** The event of a request body, and its id. */
export function eventWithIdIn(request: FastifyRequest): OprEvent & { id: string } {
  const event = eventIn(request);
  const { id } = event;
  if (!id) throw new OprRefusal('id_missing', 'id: an event that is forwarded must have one', { element: 'id' });
  return { ...event, id };
}

export function eventChangeIn(request: FastifyRequest): EventChange {
  const document = documentIn(request);
  if (document.root === 'event_change') return document.value;
  throw new OprRefusal('wrong_document', `The body must be an event_change, not ${document.root}`, {
    element: document.root,
  });
}

const MAX_ID = 256;

function documentIn(request: FastifyRequest): ReturnType<typeof readOpr> {
  const type = request.headers['content-type'];
  if (!type || !XML_TYPES.test(type))
    throw new OprRefusal('wrong_media_type', 'Content-Type: must be application/xml or text/xml');
  if (!Buffer.isBuffer(request.body)) throw new OprRefusal('not_well_formed', 'The body is empty', { rule: 'empty' });
  try {
    return readOpr(request.body);
  } catch (error) {
    if (!(error instanceof OprXmlError)) throw error;
    const { line, element, rule } = error;
    throw new OprRefusal(reasonOf(rule), error.message, { line, element, rule });
  }
}

function reasonOf(rule: string): 'too_large' | 'not_well_formed' | 'wrong_document' {
  if (rule === 'limit_size') return 'too_large';
  return rule === 'enum' || rule === 'type' || rule === 'root' || rule === 'namespace'
    ? 'wrong_document'
    : 'not_well_formed';
}
