import type { HttpService } from '@nestjs/axios';
import { AxiosError } from 'axios';
import { ForbiddenAddressError } from './allowed-addresses';
import { withoutCredentials } from './credentials';
import { Deadline } from './deadline';
import { MisconfiguredError, OutcomeUnknownError, TransientError } from './errors';

export interface HttpCall {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  /** Already serialised. */
  body?: string;
  signal: AbortSignal;
}

export interface HttpAnswer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: string;
}

export interface HttpLimits {
  timeoutMs: number;
  maxAnswerBytes: number;
  /** How long a write may still take effect at the tool after its answer was lost. */
  settleMs: number;
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = { timeoutMs: 15_000, maxAnswerBytes: 10 * 1024 * 1024, settleMs: 2_000 };

/** The request never reached the tool. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL']);
const CERTIFICATE = /^(CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH)/;
/** No TLS connection came about: the tool refused our certificate or wanted one, or it does not speak TLS. */
const NO_TLS = /^(EPROTO$|ERR_SSL_\w+_ALERT_\w*(CERTIFICATE|UNKNOWN_CA|HANDSHAKE|ACCESS_DENIED))/;
/** How the proxy agent words that a proxy refused the tunnel. */
const PROXY_ANSWER = /^Bad response: (\d{3})$/;

/**
 * One HTTP call as a tool's client wants it: any status is an answer, redirects are answers too, TLS is always verified,
 * time and size are bounded, and a failure says whether the tool may have acted. A refusal that quotes our credentials is
 * answered without them.
 *
 * @throws TransientError       nothing was sent, or the call only reads
 * @throws OutcomeUnknownError  a write was sent and its answer was lost
 * @throws MisconfiguredError   the certificate of the tool cannot be verified, the tool or the proxy refuses us, or the URL is none
 */
export async function callTool(
  http: HttpService,
  call: HttpCall,
  limits: HttpLimits = DEFAULT_HTTP_LIMITS,
): Promise<HttpAnswer> {
  const what = `${call.method} ${withoutSecrets(call.url)}`;
  if (!URL.canParse(call.url)) throw new MisconfiguredError(`${what}: not a URL`);
  const deadline = new Deadline(call.signal, limits.timeoutMs);
  try {
    const answer = await http.axiosRef.request<string>({
      method: call.method,
      url: call.url,
      headers: call.headers,
      data: call.body,
      signal: deadline.signal,
      maxRedirects: 0,
      maxContentLength: limits.maxAnswerBytes,
      maxBodyLength: Infinity,
      proxy: false,
      responseType: 'text',
      transformResponse: (data: string) => data,
      validateStatus: () => true,
    });
    const headers = Object.fromEntries(
      Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
    );
    const body = answer.data ?? '';
    return {
      status: answer.status,
      headers,
      body: answer.status < 400 ? body : withoutCredentials(body, call.headers),
    };
  } catch (error) {
    throw asDeliveryError(error, what, call, limits);
  } finally {
    deadline.end();
  }
}

function asDeliveryError(error: unknown, what: string, call: HttpCall, limits: HttpLimits): Error {
  const code = error instanceof AxiosError ? (error.code ?? '') : '';
  // The Axios error itself carries the request with its credentials, so only its cause travels on.
  const cause = error instanceof AxiosError ? error.cause : error;
  if (CERTIFICATE.test(code))
    return new MisconfiguredError(`${what}: the certificate was refused (${code})`, { cause });
  if (cause instanceof ForbiddenAddressError) return new MisconfiguredError(`${what}: ${cause.message}`, { cause });
  if (NO_TLS.test(code)) {
    const alert = /alert [a-z ]+|wrong version number/.exec(error instanceof Error ? error.message : '')?.[0];
    return new MisconfiguredError(`${what}: no TLS connection: check the client certificate (${alert ?? code})`, {
      cause,
    });
  }
  const proxyStatus = PROXY_ANSWER.exec(error instanceof Error ? error.message : '')?.[1];
  if (proxyStatus?.startsWith('4'))
    return new MisconfiguredError(`${what}: the proxy refused the connection (${proxyStatus})`, { cause });
  if (proxyStatus || (error instanceof Error && error.message === 'Proxy timeout'))
    return new TransientError(`${what}: the proxy made no connection (${proxyStatus ?? 'no answer'})`, {
      scope: 'server',
      cause,
    });
  if (NOT_SENT.has(code)) return new TransientError(`${what}: no connection (${code})`, { scope: 'server', cause });
  const reason = code === 'ERR_CANCELED' ? 'no answer in time' : `the answer was lost (${code || 'unknown reason'})`;
  if (call.method === 'GET' || call.method === 'HEAD') return new TransientError(`${what}: ${reason}`, { cause });
  return new OutcomeUnknownError(`${what}: ${reason}`, { settleMs: limits.settleMs, cause });
}

/** The URL as operators may see it: no user information and no query. */
function withoutSecrets(url: string): string {
  try {
    const { origin, pathname } = new URL(url);
    return origin + pathname;
  } catch {
    return '(not a URL)';
  }
}

/** Now, by the clock of whoever answered (`Date`, RFC 9110 §6.6.1), which need not agree with ours; in milliseconds since 1970. */
export function clockOf(headers: Readonly<Record<string, string>>): number {
  const told = Date.parse(headers['date'] ?? '');
  return Number.isNaN(told) ? Date.now() : told;
}

/** `Retry-After` in milliseconds: seconds, or an HTTP date by the clock of whoever answered (RFC 9110 §10.2.3). */
export function retryAfterMs(headers: Readonly<Record<string, string>>, now = clockOf(headers)): number | undefined {
  const value = headers['retry-after']?.trim();
  if (!value) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** `Authorization` for a user and a password in UTF-8 (RFC 7617). */
export const basicAuthorization = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
