import type { Config } from '../config/config.ts';
import { HttpProblem } from './problem.ts';

/** The app roles of the API; each also lets read. */
export const ROLES = ['viewer', 'operator', 'restore.requester', 'restore.approver', 'administrator'] as const;
export type Role = (typeof ROLES)[number];

/** Who calls, as the verified token says. */
export type Caller = Readonly<{
  /** Object id of the person or the app, the `oid` claim. */
  oid: string;
  name: string;
  roles: readonly Role[];
  /** A token that an app got for itself, with no person behind it. */
  appOnly: boolean;
}>;

/** Verifies a bearer token. @throws {HttpProblem} 401, or 503 when the keys to verify with cannot be had. */
export type Authenticate = (authorization: string | null) => Promise<Caller>;

/**
 * Verifies tokens of the configured tenant: signature by its published keys, issuer, audience, expiry. EasyAuth's header is never looked at.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-tokens
 */
export function createAuthenticate({ tenantId, audience, endpoints }: Config): Authenticate {
  let loaded: Promise<(token: string) => Promise<Readonly<Record<string, unknown>>>> | undefined;

  const load = async () => {
    const { createRemoteJWKSet, jwtVerify } = await import('jose');
    const keys = createRemoteJWKSet(new URL(`${endpoints.authority}/${tenantId}/discovery/v2.0/keys`), { timeoutDuration: 10_000 });
    const rules = {
      // Tokens of version 1 and 2 name their issuer differently.
      issuer: [`${endpoints.authority}/${tenantId}/v2.0`, `https://sts.windows.net/${tenantId}/`],
      audience: [audience ?? '', (audience ?? '').replace(/^api:\/\//, '')],
      algorithms: ['RS256'],
      requiredClaims: ['exp', 'oid'],
    };
    return async (token: string) => (await jwtVerify(token, keys, rules)).payload;
  };

  return async (authorization) => {
    const token = /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization ?? '')?.[1];
    if (!token) throw unauthenticated('No bearer token was sent.');
    try {
      loaded ??= load();
      return callerOf(await (await loaded)(token));
    } catch (error) {
      if (error instanceof HttpProblem) throw error;
      throw refusal(error);
    }
  };
}

/** Whether a caller may do what needs this role. An administrator also operates; nobody but an approver approves. */
export function hasRole({ roles }: Caller, needed: Role): boolean {
  if (needed === 'viewer') return roles.length > 0;
  return roles.includes(needed) || (needed === 'operator' && roles.includes('administrator'));
}

function callerOf(claims: Readonly<Record<string, unknown>>): Caller {
  const roles = Array.isArray(claims['roles']) ? claims['roles'] : [];
  return {
    oid: String(claims['oid']).toLowerCase(),
    name: String(claims['preferred_username'] ?? claims['name'] ?? claims['oid']),
    roles: ROLES.filter((role) => roles.includes(role)),
    appOnly: claims['idtyp'] === 'app' || (claims['scp'] === undefined && claims['idtyp'] !== 'user'),
  };
}

/** The token is at fault, unless its keys could not be fetched. */
function refusal(error: unknown): HttpProblem {
  const code = String((error as { code?: unknown }).code ?? '');
  if (code === 'ERR_JWT_EXPIRED') return unauthenticated('The token has expired.');
  if (code === 'ERR_JWT_CLAIM_VALIDATION_FAILED')
    return unauthenticated(
      `The token is not meant for this API or not of this tenant (claim ${String((error as { claim?: unknown }).claim)}).`,
    );
  if (/^ERR_J(WT|WS|OSE|WK|WKS)_/.test(code) && !/TIMEOUT|JWKS_INVALID/.test(code) && code !== 'ERR_JOSE_GENERIC')
    return unauthenticated('The token could not be verified.');
  return new HttpProblem(
    503,
    { message: 'The keys to verify tokens with could not be fetched.', hint: 'Try again; check that the app reaches its authority.' },
    { 'retry-after': '10' },
  );
}

const unauthenticated = (message: string): HttpProblem =>
  new HttpProblem(
    401,
    { message, hint: "Send a token of this app's tenant and audience: `az account get-access-token --resource <audience>`." },
    { 'www-authenticate': 'Bearer' },
  );
