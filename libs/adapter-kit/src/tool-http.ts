import { HttpService } from '@nestjs/axios';
import axios from 'axios';
import { HttpProxyAgent, HttpsProxyAgent } from 'hpagent';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { HttpSettings } from './http.settings';

/** An idle connection is kept for so long: as Node does it by itself, and shorter than most servers keep theirs. */
const IDLE_MS = 5_000;

/**
 * The HTTP client for one connected server: its authorities, its client certificate, its proxy. Through a proxy too the
 * certificate of the tool itself is verified, whatever the environment says about that (`NODE_TLS_REJECT_UNAUTHORIZED`).
 *
 * `lookup` resolves host names, for a tool that may be at some addresses only (`allowedLookup`). Through a proxy the proxy does.
 */
export function toolHttp(settings: HttpSettings, lookup?: LookupFunction): HttpService {
  return new HttpService(axios.create({ ...agents(settings, lookup), proxy: false, maxRedirects: 0 }));
}

function agents(settings: HttpSettings, lookup?: LookupFunction): { httpAgent: HttpAgent; httpsAgent: HttpsAgent } {
  const { ca, clientCertificate: cert, clientKey: key, clientKeyPassphrase: passphrase, timeoutMs } = settings;
  const tls = { rejectUnauthorized: true, ca, cert, key, passphrase };
  const keeping = { keepAlive: true, scheduling: 'lifo' as const };
  if (settings.proxy === undefined) {
    const timeout = IDLE_MS;
    return {
      httpAgent: new HttpAgent({ ...keeping, timeout, lookup }),
      httpsAgent: new HttpsAgent({ ...keeping, timeout, lookup, ...tls }),
    };
  }
  const proxyRequestOptions = { rejectUnauthorized: true, ...(ca !== undefined && { ca: [ca] }) };
  // Here it is also how long the proxy may take to answer CONNECT, which the signal of a call does not reach.
  const options = { ...keeping, timeout: timeoutMs, proxy: proxyUrl(settings, settings.proxy), proxyRequestOptions };
  return { httpAgent: new HttpProxyAgent(options), httpsAgent: new HttpsProxyAgent({ ...options, ...tls }) };
}

/** hpagent reads the login from the URL and decodes it. */
function proxyUrl({ proxyUser, proxyPassword = '' }: HttpSettings, proxy: string): URL {
  const url = new URL(proxy);
  if (proxyUser === undefined) return url;
  url.username = encodeURIComponent(proxyUser);
  url.password = encodeURIComponent(proxyPassword);
  return url;
}
