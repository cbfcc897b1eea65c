import { basicAuthorization } from '@opr-connect/adapter-kit';
import type { HttpService } from '@nestjs/axios';
import { ServiceNowTokens, type Grant } from './servicenow.tokens';

export const AUTHS = ['basic', 'oauth-client-credentials', 'oauth-password', 'api-key'] as const;
export type Auth = (typeof AUTHS)[number];

/** What the settings say about our login. Which of the secrets are there follows from `auth`. */
export interface Login {
  url: string;
  auth: Auth;
  user: string;
  password?: string;
  clientId?: string;
  clientSecret?: string;
  scope?: string;
  apiKey?: string;
}

/** How our calls say who we are. */
export interface Credentials {
  headers(signal: AbortSignal): Promise<Record<string, string>>;
  /** The instance refused these headers. True if the next ones will be others, so that the call is worth one more try. */
  renew(refused: Record<string, string>): boolean;
  /** What a person may look at when the instance refuses us. */
  hint: string;
}

/** Source: ServiceNow product documentation, "Authentication factors" and "Token-based authentication" (`x-sn-apikey`). */
export function credentialsFor(
  login: Login,
  http: HttpService,
  limits: { timeoutMs: number; maxAnswerBytes: number },
): Credentials {
  const { auth, user, password = '', clientId = '', clientSecret = '', scope, apiKey = '' } = login;
  const client = { client_id: clientId, client_secret: clientSecret, ...(scope !== undefined && { scope }) };
  const bearer = (grant: Grant): Credentials => {
    const tokens = new ServiceNowTokens(http, login.url, grant, client, limits);
    return {
      headers: async (signal) => ({ authorization: `Bearer ${await tokens.token(signal)}` }),
      renew: ({ authorization = '' }) => {
        tokens.forget(authorization.replace(/^Bearer /, ''));
        return true;
      },
      hint: 'check the OAuth client, its user and its scope',
    };
  };
  switch (auth) {
    case 'basic':
      return fixed({ authorization: basicAuthorization(user, password) }, 'check user and password');
    case 'api-key':
      return fixed(
        { 'x-sn-apikey': apiKey },
        'check the API key and the REST API access policy that lists its profile',
      );
    case 'oauth-client-credentials':
      return bearer({ grant_type: 'client_credentials' });
    case 'oauth-password':
      return bearer({ grant_type: 'password', username: user, password });
  }
}

const fixed = (headers: Record<string, string>, hint: string): Credentials => ({
  headers: () => Promise.resolve(headers),
  renew: () => false,
  hint,
});
