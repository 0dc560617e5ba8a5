import type { PipelineRequest, PipelineResponse } from '@azure/core-rest-pipeline';
import { Sensitive } from '../../domain/rotation/sensitive.ts';
import type { AzureAccess, Failure } from '../contract.ts';

/** A secret of an application as Graph lists it, never its text. `startsAt` in epoch milliseconds. */
export type AppPassword = Readonly<{ keyId: string; displayName: string; hint: string; startsAt: number }>;

export type EntraApplication = Readonly<{ appId: string; passwords: readonly AppPassword[] }>;

/** `unclear`: neither a token nor a word on the secret. */
export type SignIn = 'accepted' | 'refused' | 'expired' | 'unclear';

/** What Microsoft Graph or the token endpoint answered when it was no success: our words only. */
export class GraphError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(`Microsoft Graph failed: ${failure.code}`);
    this.failure = failure;
  }
}

const DEADLINE_MS = 30_000;
const DEFAULT_PAUSE_MS = 10_000;
/** What the token endpoint says of the secret itself. Every other refusal may be of something else. */
const INVALID_SECRET = 7000215;
const EXPIRED_SECRET = 7000222;

type Sent = Readonly<{ method: 'GET' | 'POST'; url: string; body?: string; contentType?: string }>;

/**
 * One application registration through Microsoft Graph, and the token endpoint as the application uses it. One request each, never repeated.
 *
 * @param objectId Of the application, not its client id.
 * @throws {GraphError} for everything but success.
 */
export async function entraApplication(access: AzureAccess, objectId: string, signal: AbortSignal) {
  const { credential, endpoints, tenantId } = access;
  const rest = await import('@azure/core-rest-pipeline');
  const http = rest.createDefaultHttpClient();
  const anonymous = rest.createEmptyPipeline();
  const authenticated = rest.createEmptyPipeline();
  authenticated.addPolicy(rest.bearerTokenAuthenticationPolicy({ credential, scopes: `${endpoints.graph}/.default` }));

  const send = async (
    pipeline: typeof anonymous,
    { method, url, body, contentType = 'application/json' }: Sent,
  ): Promise<PipelineResponse> => {
    const request: PipelineRequest = rest.createPipelineRequest({
      method,
      url,
      abortSignal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]),
      ...(body !== undefined && { body, headers: rest.createHttpHeaders({ 'content-type': contentType }) }),
    });
    try {
      return await pipeline.sendRequest(http, request);
    } catch (error) {
      if (/Credential|Authentication/.test((error as Error).name))
        throw new GraphError({
          kind: 'denied',
          code: 'NoToken',
          hint: 'Check that the app has a managed identity, and HSMKEEP_IDENTITY_ROTATE.',
        });
      // Whether it arrived is not known; the error's own text may hold what was sent.
      throw new GraphError({ kind: 'unknown-outcome', code: 'NoAnswer' });
    }
  };
  const url = `${endpoints.graph}/v1.0/applications/${objectId}`;
  const ask = async (method: Sent['method'], path: string, body?: object): Promise<Readonly<Record<string, unknown>>> => {
    const answer = await send(authenticated, { method, url: `${url}${path}`, ...(body && { body: JSON.stringify(body) }) });
    if (answer.status >= 300) throw new GraphError(failureOf(answer));
    return jsonOf(answer);
  };

  const read = async (): Promise<EntraApplication> => {
    const { appId, passwordCredentials } = await ask('GET', '?$select=id,appId,passwordCredentials');
    const passwords = (Array.isArray(passwordCredentials) ? passwordCredentials : []) as Readonly<Record<string, unknown>>[];
    return { appId: String(appId ?? ''), passwords: passwords.map(toPassword) };
  };

  return {
    read,

    /** The secret's text is told this once. */
    async addPassword(displayName: string, endDateTime: string): Promise<Readonly<{ keyId: string; value: Sensitive }>> {
      const { keyId, secretText } = await ask('POST', '/addPassword', { passwordCredential: { displayName, endDateTime } });
      if (typeof keyId !== 'string' || typeof secretText !== 'string' || secretText === '')
        throw new GraphError({ kind: 'unknown-outcome', code: 'UnexpectedAnswer' });
      return { keyId, value: new Sensitive(secretText) };
    },

    /** Gone already is success. */
    async removePassword(keyId: string): Promise<void> {
      try {
        await ask('POST', '/removePassword', { keyId });
      } catch (error) {
        // One that is not there is an error of the same kind as a malformed request: the list tells.
        const mayBeGone = error instanceof GraphError && (error.failure.kind === 'config' || error.failure.kind === 'gone');
        if (!mayBeGone || (await read()).passwords.some((password) => password.keyId === keyId)) throw error;
      }
    },

    /** Asks for a token as the application does. */
    async signIn(appId: string, secret: Sensitive): Promise<SignIn> {
      const form = secret.use(
        (plain) =>
          new URLSearchParams({
            grant_type: 'client_credentials',
            client_id: appId,
            client_secret: plain,
            scope: `${endpoints.graph}/.default`,
          }),
      );
      const answer = await send(anonymous, {
        method: 'POST',
        url: `${endpoints.authority}/${tenantId}/oauth2/v2.0/token`,
        body: form.toString(),
        contentType: 'application/x-www-form-urlencoded',
      });
      if (answer.status === 200) return 'accepted';
      const codes: unknown = jsonOf(answer)['error_codes'];
      if (!Array.isArray(codes)) return 'unclear';
      if (codes.includes(EXPIRED_SECRET)) return 'expired';
      return codes.includes(INVALID_SECRET) ? 'refused' : 'unclear';
    },

    /** The client id that our own token is for; undefined where it does not tell. */
    async ownAppId(): Promise<string | undefined> {
      const token = await credential.getToken(`${endpoints.graph}/.default`, { abortSignal: signal });
      const [, payload = ''] = token?.token.split('.') ?? [];
      const { appid } = parseObject(Buffer.from(payload, 'base64url').toString('utf8'));
      return typeof appid === 'string' ? appid : undefined;
    },
  };
}

const toPassword = ({ keyId, displayName, hint, startDateTime }: Readonly<Record<string, unknown>>): AppPassword => ({
  keyId: String(keyId ?? ''),
  displayName: String(displayName ?? ''),
  hint: String(hint ?? ''),
  startsAt: Date.parse(String(startDateTime ?? '')) || 0,
});

const RIGHT =
  'Give the identity of the rotate duty the Graph permission Application.ReadWrite.OwnedBy, and make it an owner of the application (az ad app owner add).';

function failureOf(answer: PipelineResponse): Failure {
  const { status } = answer;
  const code = `Status${status}`;
  if (status === 429) return { kind: 'throttled', code, retryAfterMs: pauseOf(answer) };
  if (status === 401 || status === 403) return { kind: 'denied', code, hint: RIGHT };
  if (status === 404) return { kind: 'gone', code, hint: 'Check the object id (not the client id) in the tag rot-target.' };
  if (status === 409 || status === 412 || (status === 400 && /concurren/i.test(answer.bodyAsText ?? '')))
    return { kind: 'transient', code };
  if (status >= 500 || status === 408) return { kind: 'unknown-outcome', code };
  return {
    kind: 'config',
    code,
    hint: 'Microsoft Graph does not take the request: look at the application and its policies in the portal.',
  };
}

function pauseOf({ headers }: PipelineResponse): number {
  const header = headers.get('retry-after') ?? '';
  return /^\d{1,5}$/.test(header) ? Number(header) * 1000 : DEFAULT_PAUSE_MS;
}

const jsonOf = ({ bodyAsText }: PipelineResponse) => parseObject(bodyAsText ?? '');

/** Empty for anything else. */
function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
