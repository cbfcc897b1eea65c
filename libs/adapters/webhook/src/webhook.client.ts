import { isIP } from 'node:net';
import type { HttpService } from '@nestjs/axios';
import {
  allowedLookup,
  callTool,
  errorOf,
  isAllowedAddress,
  isWithin,
  MisconfiguredError,
  only,
  RejectedError,
  retryAfterMs,
  toolHttp,
  type Delivery,
  type HttpAnswer,
  type HttpSettings,
  type Outcome,
  type StatusRange,
} from '@opr-connect/adapter-kit';
import type { Signature } from './webhook.signature';

/** The settings that the client needs. */
export interface Connection extends HttpSettings {
  allowedHosts: readonly string[];
  allowedNetworks: readonly string[];
  maxBodyBytes: number;
  settleMs: number;
}

export interface AnswerRule {
  status: StatusRange;
  outcome: Outcome | 'throttled' | 'conflict';
  /** Only where the URL names one record. */
  ofRecord?: true;
  hint?: string;
}

/**
 * What we make of an answer that is not 2xx; the first row that fits counts. Source: Standard Webhooks 1.0, "Best practices"
 * (3xx is a failure, 410 disables the endpoint, 429, 502 and 504 ask for a slower pace). The manual has this table in words.
 */
export const ANSWERS: readonly AnswerRule[] = [
  { status: [300, 399], outcome: 'misconfigured', hint: 'redirects are not followed: check the URL' },
  { status: only(401), outcome: 'misconfigured', hint: 'check the secret' },
  { status: only(403), outcome: 'misconfigured', hint: 'check the secret and what the receiver allows' },
  { status: only(404), ofRecord: true, outcome: 'gone', hint: 'the record was deleted' },
  { status: only(404), outcome: 'misconfigured', hint: 'check the URL' },
  { status: [405, 407], outcome: 'misconfigured', hint: 'check the URL' },
  { status: only(408), outcome: 'unknown' },
  { status: only(409), outcome: 'conflict' },
  // The endpoint is gone, not one record: whatever is sent there is lost, so the whole server stops until a person looks.
  {
    status: only(410),
    outcome: 'misconfigured',
    hint: 'the receiver wants no more: nothing is sent until the URL changes',
  },
  { status: only(415), outcome: 'misconfigured', hint: 'the receiver takes no application/json' },
  { status: only(425), outcome: 'later' },
  { status: only(429), outcome: 'busy' },
  { status: [400, 499], outcome: 'rejected' },
  { status: only(502), outcome: 'throttled' },
  { status: only(503), outcome: 'busy' },
  { status: only(504), outcome: 'throttled' },
  { status: [500, 599], outcome: 'unknown' },
];

/** A conflict may be the same delivery, still being worked on; one that stays is an answer. */
const CONFLICT_ATTEMPTS = 5;
const TEXT_LIMIT = 300;

/** Posts JSON to one endpoint, signed. Knows nothing about events. */
export class WebhookClient {
  private readonly http: HttpService;

  constructor(
    private readonly signature: Signature,
    private readonly connection: Connection,
  ) {
    this.http = toolHttp(connection, allowedLookup(connection.allowedNetworks));
  }

  /** Answers the body of a 2xx; a body that is no JSON says nothing. */
  async post(url: string, body: string, isRecord: boolean, delivery: Delivery): Promise<unknown> {
    const bytes = Buffer.from(body, 'utf8');
    if (bytes.length > this.connection.maxBodyBytes)
      throw new RejectedError(
        `the body has ${bytes.length} bytes, and maxBodyBytes is ${this.connection.maxBodyBytes}`,
      );
    this.assertAllowed(url);
    const { timeoutMs, maxAnswerBytes, settleMs } = this.connection;
    const timestamp = Math.floor(Date.now() / 1000);
    const headers = {
      ...{ 'content-type': 'application/json', accept: 'application/json' },
      ...this.signature.headers({ id: delivery.key, timestamp, body: bytes }),
    };
    const call = { method: 'POST', url, headers, body, signal: delivery.signal } as const;
    const answer = await callTool(this.http, call, { timeoutMs, maxAnswerBytes, settleMs });
    if (answer.status >= 200 && answer.status <= 299) return jsonOf(answer.body);
    throw this.failure(url, answer, isRecord, delivery.attempt);
  }

  private assertAllowed(url: string): void {
    const host = new URL(url).hostname;
    const { allowedHosts, allowedNetworks } = this.connection;
    const isListed = allowedHosts.some((each) =>
      each.startsWith('*.') ? host.endsWith(each.slice(1)) : host === each,
    );
    if (allowedHosts.length > 0 && !isListed) throw new MisconfiguredError(`${host}: is not among allowedHosts`);
    const literal = host.replace(/^\[|\]$/g, '');
    if (isIP(literal) > 0 && !isAllowedAddress(literal, allowedNetworks))
      throw new MisconfiguredError(`${host}: is no address that may be called: see allowedNetworks`);
  }

  private failure(url: string, answer: HttpAnswer, isRecord: boolean, attempt: number): Error {
    const rule = ANSWERS.find(({ status, ofRecord }) => isWithin(answer.status, status) && (!ofRecord || isRecord));
    const { origin, pathname } = new URL(url);
    const said = answer.body.replace(/\s+/g, ' ').trim().slice(0, TEXT_LIMIT);
    const text = [`POST ${origin}${pathname}: ${answer.status}`, said, rule?.hint].filter(Boolean).join(' – ');
    const waitMs = retryAfterMs(answer.headers);
    const outcome = plain(rule?.outcome ?? 'misconfigured', waitMs, attempt);
    return errorOf(outcome, text, { waitMs, settleMs: this.connection.settleMs });
  }
}

function plain(outcome: AnswerRule['outcome'], waitMs: number | undefined, attempt: number): Outcome {
  // Without a time it may be this delivery only that a proxy cannot get through. A repeat has the same key, so none is looked up.
  if (outcome === 'throttled') return waitMs === undefined ? 'later' : 'busy';
  if (outcome === 'conflict') return attempt < CONFLICT_ATTEMPTS ? 'later' : 'rejected';
  return outcome;
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
