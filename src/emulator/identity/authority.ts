import { timingSafeEqual } from 'node:crypto';
import type { Applications } from '../graph/applications.ts';
import { type JsonRoute, json } from '../http/json-endpoint.ts';
import type { HttpAnswer } from '../http/listener.ts';
import type { HttpRequest } from '../http/request.ts';
import type { Params } from '../service.ts';
import type { Directory, Principal } from './directory.ts';
import type { TokenService } from './tokens.ts';

const APP_TOKEN_SECONDS = 3599;

/**
 * The part of login.microsoftonline.com that service principals need: discovery, signing keys and the client credentials grant. Every URL
 * in an answer starts as the request's own did, which MSAL compares with the authority that it was given.
 */
export function authorityRoutes(directory: Directory, applications: Applications, tokens: TokenService): JsonRoute[] {
  const ofTenant =
    (handle: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>) =>
    (request: HttpRequest, { tenant = '' }: Params) =>
      isTenant(directory, tenant) ? handle(request) : unknownTenant(tenant);

  const configuration = (request: HttpRequest) => json(200, openIdConfiguration(request.origin, directory.tenantId));
  const keys = () => json(200, tokens.keySet);
  const token = (request: HttpRequest) => clientCredentials(request, directory, applications, tokens);

  return [
    { method: 'GET', path: '/common/discovery/instance', handle: (request) => json(200, instanceDiscovery(request, directory.tenantId)) },
    { method: 'GET', path: '/:tenant/v2.0/.well-known/openid-configuration', handle: ofTenant(configuration) },
    { method: 'GET', path: '/:tenant/.well-known/openid-configuration', handle: ofTenant(configuration) },
    { method: 'GET', path: '/:tenant/discovery/v2.0/keys', handle: ofTenant(keys) },
    { method: 'GET', path: '/:tenant/discovery/keys', handle: ofTenant(keys) },
    { method: 'POST', path: '/:tenant/oauth2/v2.0/token', handle: ofTenant(token) },
  ];
}

const isTenant = (directory: Directory, tenant: string) => [directory.tenantId, 'common', 'organizations'].includes(tenant.toLowerCase());

const unknownTenant = (tenant: string) => oauthError(400, 'invalid_tenant', `AADSTS90002: Tenant '${tenant}' not found.`);

const openIdConfiguration = (origin: string, tenantId: string) => ({
  token_endpoint: `${origin}/${tenantId}/oauth2/v2.0/token`,
  token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
  jwks_uri: `${origin}/${tenantId}/discovery/v2.0/keys`,
  response_modes_supported: ['query', 'fragment', 'form_post'],
  subject_types_supported: ['pairwise'],
  id_token_signing_alg_values_supported: ['RS256'],
  response_types_supported: ['code', 'id_token', 'code id_token', 'token id_token', 'token'],
  scopes_supported: ['openid'],
  issuer: `${origin}/${tenantId}/v2.0`,
  authorization_endpoint: `${origin}/${tenantId}/oauth2/v2.0/authorize`,
  claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'oid', 'tid', 'ver'],
});

/** Names the host that was asked, and the one that the client asked about, as one and the same cloud. */
function instanceDiscovery(request: HttpRequest, tenantId: string) {
  const aliases = [...new Set([request.host, 'login.microsoftonline.com'])];
  return {
    tenant_discovery_endpoint: `${request.origin}/${tenantId}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: request.host, preferred_cache: request.host, aliases }],
  };
}

async function clientCredentials(
  request: HttpRequest,
  directory: Directory,
  applications: Applications,
  tokens: TokenService,
): Promise<HttpAnswer> {
  const form = new URLSearchParams((await request.readBody()).toString('utf8'));
  if (form.get('grant_type') !== 'client_credentials') {
    return oauthError(
      400,
      'unsupported_grant_type',
      `AADSTS70003: The app requested an unsupported grant type '${form.get('grant_type')}'.`,
    );
  }
  const principal = authenticate(request, form, directory, applications);
  if (principal === 'expired')
    return oauthError(401, 'invalid_client', 'AADSTS7000222: The provided client secret keys are expired.', 7000222);
  if (principal === 'invalid')
    return oauthError(401, 'invalid_client', 'AADSTS7000215: Invalid client secret provided, or no such application.', 7000215);

  const [, resource] = /^(\S+)\/\.default$/.exec(form.get('scope') ?? '') ?? [];
  if (!resource) return oauthError(400, 'invalid_scope', 'AADSTS70011: The provided value for scope must end in /.default.');
  const { accessToken, expiresInSeconds } = await tokens.issueForPrincipal(principal, resource.replace(/\/$/, ''), APP_TOKEN_SECONDS);
  return json(200, { token_type: 'Bearer', expires_in: expiresInSeconds, ext_expires_in: expiresInSeconds, access_token: accessToken });
}

function authenticate(
  request: HttpRequest,
  form: URLSearchParams,
  directory: Directory,
  applications: Applications,
): Principal | 'invalid' | 'expired' {
  const [basicId = '', basicSecret = ''] = basicCredentials(request.header('authorization'));
  const clientId = form.get('client_id') ?? basicId;
  const given = form.get('client_secret') ?? basicSecret;
  const ofApplication = applications.signIn(clientId, given);
  if (ofApplication) return ofApplication;

  const principal = directory.principalByClientId(clientId);
  const [secret, expected] = [Buffer.from(given), Buffer.from(principal?.clientSecret ?? '')];
  return principal && secret.length === expected.length && timingSafeEqual(secret, expected) ? principal : 'invalid';
}

function basicCredentials(header: string | undefined): string[] {
  const encoded = /^Basic +(\S+)$/i.exec(header ?? '')?.[1];
  return encoded ? Buffer.from(encoded, 'base64').toString('utf8').split(':').map(decodeURIComponent) : [];
}

const oauthError = (status: number, error: string, description: string, code?: number) =>
  json(status, { error, error_description: description, ...(code !== undefined && { error_codes: [code] }) });
