import { timingSafeEqual } from 'node:crypto';
import { type JsonRoute, json } from '../http/json-endpoint.ts';
import type { HttpAnswer } from '../http/listener.ts';
import type { HttpRequest } from '../http/request.ts';
import type { Directory, Principal } from './directory.ts';
import type { IssuedToken, TokenService } from './tokens.ts';

/** Path of `IDENTITY_ENDPOINT` on the control port. */
export const TOKEN_PATH = '/msi/token';
const IMDS_PATH = '/metadata/identity/oauth2/token';

export type ManagedIdentityOptions = Readonly<{ directory: Directory; tokens: TokenService; header: string }>;

/**
 * Managed identity as App Service serves it (2019-08-01 and, for old az, 2017-09-01) and as a virtual machine does (IMDS). Without
 * `client_id` the default identity answers.
 *
 * @see https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
export function managedIdentityRoutes({ directory, tokens, header }: ManagedIdentityOptions): JsonRoute[] {
  const issue = async (request: HttpRequest, form: (token: IssuedToken, resource: string, principal: Principal) => unknown) => {
    const resource = request.query.get('resource')?.replace(/\/$/, '');
    if (!resource) return failure(400, 'The query parameter resource is missing.');
    const principal = pick(directory, request);
    if (!principal)
      return failure(400, 'No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.');
    return json(200, form(await tokens.issueForPrincipal(principal, resource), resource, principal));
  };

  const appService = async (request: HttpRequest): Promise<HttpAnswer> => {
    const isOld = request.query.get('api-version') === '2017-09-01';
    if (!sameText(request.header(isOld ? 'secret' : 'x-identity-header'), header))
      return failure(401, 'The identity header is missing or wrong.');
    return issue(request, (token, resource, { clientId }) => ({
      access_token: token.accessToken,
      client_id: clientId,
      expires_on: isOld ? asOldDate(token.expiresAt) : String(token.expiresAt),
      resource,
      token_type: 'Bearer',
    }));
  };

  const virtualMachine = async (request: HttpRequest): Promise<HttpAnswer> => {
    if (request.header('metadata')?.toLowerCase() !== 'true') return failure(400, 'The header Metadata: true is missing.');
    return issue(request, (token, resource, { clientId }) => ({
      access_token: token.accessToken,
      client_id: clientId,
      expires_in: String(token.expiresInSeconds),
      expires_on: String(token.expiresAt),
      resource,
      token_type: 'Bearer',
    }));
  };

  return [
    { method: 'GET', path: TOKEN_PATH, handle: appService },
    { method: 'GET', path: IMDS_PATH, handle: virtualMachine },
  ];
}

/** Whether a request on the control port is one for a token, and so may meet faults. */
export const isTokenPath = (path: string | undefined) => path === TOKEN_PATH || path === IMDS_PATH;

function pick(directory: Directory, { query }: HttpRequest): Principal | undefined {
  const clientId = query.get('client_id') ?? query.get('clientid');
  const objectId = query.get('principal_id') ?? query.get('object_id');
  if (clientId) return directory.principalByClientId(clientId);
  return objectId ? directory.principalByObjectId(objectId) : directory.defaultIdentity;
}

const failure = (statusCode: number, message: string) => json(statusCode, { statusCode, message });

/** `11/23/2026 04:11:28 +00:00`, as the 2017 protocol has it. */
function asOldDate(unixSeconds: number): string {
  const iso = new Date(unixSeconds * 1000).toISOString();
  return `${iso.slice(5, 7)}/${iso.slice(8, 10)}/${iso.slice(0, 4)} ${iso.slice(11, 19)} +00:00`;
}

function sameText(given: string | undefined, expected: string): boolean {
  const [a, b] = [Buffer.from(given ?? ''), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
