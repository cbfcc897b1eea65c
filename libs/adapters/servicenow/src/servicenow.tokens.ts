import type { HttpService } from '@nestjs/axios';
import {
  callTool,
  MisconfiguredError,
  OutcomeUnknownError,
  retryAfterMs,
  TransientError,
  type HttpAnswer,
} from '@opr-connect/adapter-kit';
import { parseJson, property } from './servicenow.json';

export type Grant =
  | { grant_type: 'client_credentials' }
  | { grant_type: 'password'; username: string; password: string }
  | { grant_type: 'refresh_token'; refresh_token: string };

interface Token {
  access: string;
  /** By our clock, in milliseconds. */
  renewAt: number;
}

/** A token is renewed a tenth of its life before its end, but no more than this. */
const LONGEST_LEAD_MS = 60_000;
const DEFAULT_LIFE_SECONDS = 1_800;

/**
 * The access token of one server. What holds:
 *
 * - However many calls want a new one, one request asks for it.
 * - That request is nobody's own: a call that gives up leaves it to the others.
 * - A refresh token that is refused falls back on the grant it came from.
 *
 * While a token lives, the instance answers the same one again, with what is left of its life: hence the lead is a share of that,
 * not a fixed time, in which every call would ask. Source: ServiceNow product documentation, "OAuth inbound and outbound".
 */
export class ServiceNowTokens {
  private held: Token | undefined;
  private refresh: string | undefined;
  private asking: Promise<Token> | undefined;

  constructor(
    private readonly http: HttpService,
    private readonly instance: string,
    private readonly grant: Grant,
    private readonly client: Record<string, string>,
    private readonly limits: { timeoutMs: number; maxAnswerBytes: number },
  ) {}

  /**
   * @throws MisconfiguredError  the instance gives us none
   * @throws TransientError      it cannot be asked now
   */
  async token(signal: AbortSignal): Promise<string> {
    if (this.held && Date.now() < this.held.renewAt) return this.held.access;
    this.asking ??= this.ask().finally(() => (this.asking = undefined));
    return (await orAborted(this.asking, signal)).access;
  }

  /** This token was refused, whatever its life should have been. One that replaced it meanwhile stays. */
  forget(access: string): void {
    if (this.held?.access === access) this.held = undefined;
  }

  private async ask(): Promise<Token> {
    const { refresh } = this;
    this.refresh = undefined;
    const refreshed = refresh && (await this.post({ grant_type: 'refresh_token', refresh_token: refresh }));
    if (refreshed && refreshed.status === 200) return this.keep(refreshed, refresh);
    const granted = await this.post(this.grant);
    if (granted.status !== 200) throw this.refusal(granted);
    return this.keep(granted);
  }

  /** Parameters in the body and as a form: the instance takes them no other way. */
  private async post(grant: Grant): Promise<HttpAnswer> {
    const body = new URLSearchParams({ ...grant, ...this.client }).toString();
    const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
    const call = { method: 'POST' as const, url: this.url, headers, body, signal: new AbortController().signal };
    try {
      return await callTool(this.http, call, { ...this.limits, settleMs: 0 });
    } catch (error) {
      // A token that we did not hear of does no harm.
      if (error instanceof OutcomeUnknownError)
        throw new TransientError(error.message, { scope: 'server', cause: error });
      throw error;
    }
  }

  private keep(answer: HttpAnswer, refresh?: string): Token {
    const json = parseJson(answer.body);
    const access = property(json, 'access_token');
    if (typeof access !== 'string' || access === '')
      throw new MisconfiguredError(`POST ${this.url}: the answer is no token (a log-in page, or another server)`);
    const given = property(json, 'refresh_token');
    this.refresh = typeof given === 'string' && given !== '' ? given : refresh;
    const lifeMs = (Number(property(json, 'expires_in')) || DEFAULT_LIFE_SECONDS) * 1000;
    this.held = { access, renewAt: Date.now() + lifeMs - Math.min(lifeMs / 10, LONGEST_LEAD_MS) };
    return this.held;
  }

  /** Whatever is wrong, the instance says `access_denied`, so the likely causes are told beside it. */
  private refusal({ status, headers, body }: HttpAnswer): Error {
    const json = parseJson(body);
    const said = [property(json, 'error'), property(json, 'error_description')].filter(
      (each) => typeof each === 'string',
    );
    // Some gateways quote a form that they refuse.
    const secrets = Object.entries({ ...this.grant, ...this.client }).filter(([name]) => /secret|password$/.test(name));
    const words = secrets.reduce((rest, [, secret]) => rest.replaceAll(secret, '***'), said.join(': '));
    const text = [`POST ${this.url}: ${status}`, words.slice(0, 200)].filter(Boolean).join(' – ');
    if (status === 429 || status >= 500)
      return new TransientError(text, { scope: 'server', retryAfterMs: retryAfterMs(headers) });
    return new MisconfiguredError(
      `${text} – check clientId, clientSecret, user, password and scope, and that the instance allows this grant`,
    );
  }

  private get url(): string {
    return `${this.instance.replace(/\/+$/, '')}/oauth_token.do`;
  }
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(new TransientError('no token in time'));
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
