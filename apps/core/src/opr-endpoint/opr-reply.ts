import type { OprEvent } from '@opr-connect/opr';
import { writeEvent, writeEventChange, type EventChange } from '@opr-connect/opr';
import type { FastifyReply } from 'fastify';

export const XML = 'application/xml;charset=UTF-8';

export const replyEvent = (reply: FastifyReply, status: number, event: OprEvent): FastifyReply =>
  reply.code(status).header('content-type', XML).send(writeEvent(event));

export const replyChange = (reply: FastifyReply, status: number, change: EventChange): FastifyReply =>
  reply.code(status).header('content-type', XML).send(writeEventChange(change));

/** The type URN of an event: what an `event_ref` refers to. */
export const EVENT_TYPE = 'urn:x-hp:2009:software:data_model:opr:type:event';
