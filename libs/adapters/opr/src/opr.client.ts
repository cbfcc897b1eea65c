import type { HttpService } from '@nestjs/axios';
import {
  basicAuthorization,
  callTool,
  errorOf,
  RejectedError,
  retryAfterMs,
  toolHttp,
  type HttpAnswer,
  type HttpCall,
  type HttpSettings,
} from '@opr-connect/adapter-kit';
import { reasonIn } from './opr.reason';
import { outcomeAt, ruleFor, type Operation, type StatusTable } from './opr.status';

export interface Connection extends HttpSettings {
  root: string;
  user: string;
  password: string;
  settleMs: number;
}

export interface OprRequest {
  method: 'GET' | 'POST';
  /** Below the root; each part is one segment, whatever it contains. */
  path: readonly string[];
  /** XML. */
  body?: string;
  signal: AbortSignal;
  /** 1 on the first try. */
  attempt: number;
}

/** XML over HTTP below one root URL. What an answer means is in the table of statuses that it is given. */
export class OprClient<O extends Operation> {
  private readonly http: HttpService;
  private readonly root: string;
  private readonly authorization: string;
  private readonly secrets: readonly string[];

  constructor(
    private readonly connection: Connection,
    private readonly statuses: StatusTable<O>,
  ) {
    const { root, user, password } = connection;
    this.http = toolHttp(connection);
    this.root = root.replace(/\/+$/, '');
    this.authorization = basicAuthorization(user, password);
    this.secrets = [this.authorization, this.authorization.replace('Basic ', ''), password];
  }

  /** The answer, if it is one of success. */
  async send(operation: O, { method, path, body, signal, attempt }: OprRequest): Promise<HttpAnswer> {
    const url = [this.root, ...path.map(segment)].join('/');
    const answer = await this.call({ method, url, body, signal });
    if (isSuccess(answer)) return answer;
    throw this.failure(operation, `${method} ${url}`, answer, attempt);
  }

  /** Asks for the root; a service that does not know `HEAD` is asked with `GET`. */
  async ping(operation: O, signal: AbortSignal): Promise<void> {
    let method: 'HEAD' | 'GET' = 'HEAD';
    let answer = await this.call({ method, url: this.root, signal });
    if (answer.status === 405 || answer.status === 501) {
      method = 'GET';
      answer = await this.call({ method, url: this.root, signal });
    }
    if (!isSuccess(answer)) throw this.failure(operation, `${method} ${this.root}`, answer, 1);
  }

  /** What an answer says, fit for an error message. */
  reasonIn(text: string): string {
    return reasonIn(text, this.secrets);
  }

  private call(call: HttpCall): Promise<HttpAnswer> {
    const headers = {
      authorization: this.authorization,
      accept: 'application/xml',
      ...(call.body !== undefined && { 'content-type': 'application/xml;charset=UTF-8' }),
    };
    return callTool(this.http, { ...call, headers }, this.connection);
  }

  private failure(operation: O, what: string, { status, headers, body }: HttpAnswer, attempt: number): Error {
    const rule = ruleFor(this.statuses, status);
    const text = [`${what}: ${status}`, this.reasonIn(body), rule?.hint].filter(Boolean).join(' – ');
    const limits = { waitMs: retryAfterMs(headers), settleMs: this.connection.settleMs };
    return errorOf(outcomeAt(attempt, rule?.[operation] ?? 'misconfigured'), text, limits);
  }
}

const isSuccess = ({ status }: HttpAnswer): boolean => status >= 200 && status <= 299;

/**
 * One segment of a URL path. Ids come from other parties: one that is empty or made of dots would address another resource,
 * and encoding the dots does not help (URL Standard, "double-dot URL path segment").
 */
function segment(text: string): string {
  if (text === '' || text === '.' || text === '..' || /\p{Surrogate}/u.test(text))
    throw new RejectedError(`${JSON.stringify(text)} is no id that a URL can carry`);
  return encodeURIComponent(text);
}
