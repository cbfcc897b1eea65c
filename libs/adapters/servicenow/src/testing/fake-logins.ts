import { randomBytes } from 'node:crypto';
import type { ApiAnswer } from './fake-table-api';

export interface FakeLogin {
  user: string;
  password: string;
  /** An OAuth application whose user is the integration user. */
  oauth?: { clientId: string; clientSecret: string };
  apiKey?: string;
}

interface Token {
  access: string;
  refresh: string | undefined;
  /** By the clock of this process. */
  until: number;
  /** How many calls it is good for. */
  calls: number;
}

/** Who may call: Basic, API key, and bearer tokens with the endpoint that gives them. */
export class FakeLogins {
  /** Seconds that an access token lives. */
  lifetime = 1_800;
  /** An access token ends after so many calls, in the middle of whatever they are part of. */
  callsPerToken = Infinity;
  /** The grants that were asked for, in order. */
  readonly grants: string[] = [];
  private tokens: Token[] = [];

  constructor(private readonly login: FakeLogin) {}

  /** Every access token ends now; those to refresh with stay. */
  expire(): void {
    for (const token of this.tokens) token.until = 0;
  }

  /** Every token ends now, those to refresh with too. */
  revoke(): void {
    this.tokens = [];
  }

  admits(headers: Readonly<Record<string, string>>): boolean {
    const { user, password, apiKey } = this.login;
    const basic = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    const { authorization = '' } = headers;
    if (authorization === basic) return true;
    if (apiKey !== undefined && headers['x-sn-apikey'] === apiKey) return true;
    const token = this.tokens.find(({ access }) => authorization === `Bearer ${access}`);
    if (!token || !isLiving(token)) return false;
    token.calls -= 1;
    return true;
  }

  /** `POST /oauth_token.do`: a form in the body and nothing in the URL; whatever is wrong is the same 401. */
  grant(contentType: string, body: string): ApiAnswer {
    const form = new URLSearchParams(contentType.startsWith('application/x-www-form-urlencoded') ? body : '');
    const kind = form.get('grant_type') ?? '';
    this.grants.push(kind);
    const { oauth, user, password } = this.login;
    const isClient = form.get('client_id') === oauth?.clientId && form.get('client_secret') === oauth?.clientSecret;
    const token = oauth && isClient ? this.tokenFor(kind, form, user, password) : undefined;
    if (!token) return json(401, { error_description: 'access_denied', error: 'server_error' });
    return json(200, {
      access_token: token.access,
      ...(token.refresh && { refresh_token: token.refresh }),
      ...{ scope: 'useraccount', token_type: 'Bearer' },
      expires_in: Math.max(1, Math.round((token.until - Date.now()) / 1000)),
    });
  }

  private tokenFor(kind: string, form: URLSearchParams, user: string, password: string): Token | undefined {
    switch (kind) {
      case 'client_credentials':
        return this.living() ?? this.make(undefined);
      case 'password':
        if (form.get('username') !== user || form.get('password') !== password) return undefined;
        return this.living() ?? this.make(randomBytes(32).toString('base64url'));
      case 'refresh_token': {
        const refresh = form.get('refresh_token');
        return this.tokens.some((each) => each.refresh && each.refresh === refresh)
          ? this.make(refresh ?? undefined)
          : undefined;
      }
      default:
        return undefined;
    }
  }

  /** While a token lives, asking again answers the same one. */
  private living(): Token | undefined {
    return this.tokens.find(isLiving);
  }

  private make(refresh: string | undefined): Token {
    const token: Token = {
      ...{ access: randomBytes(32).toString('base64url'), refresh },
      ...{ until: Date.now() + this.lifetime * 1000, calls: this.callsPerToken },
    };
    this.tokens.push(token);
    return token;
  }
}

const isLiving = ({ until, calls }: Token): boolean => until > Date.now() && calls > 0;

const json = (status: number, value: unknown): ApiAnswer => ({ status, headers: {}, body: JSON.stringify(value) });
