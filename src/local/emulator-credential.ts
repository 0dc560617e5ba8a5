import type { TokenCredential } from '@azure/core-auth';

const TIMEOUT_MS = 10_000;

/**
 * An identity of the emulator by the App Service protocol: by default the one who is administrator of everything. The SDK's own managed identity
 * credential would have to be told through this process's environment.
 *
 * @param emulator Its ready file.
 * @param clientId Of another principal.
 * @see https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
export function emulatorCredential(
  { tokenUrl, tokenHeader }: Readonly<{ tokenUrl: string; tokenHeader: string }>,
  clientId?: string,
): TokenCredential {
  return {
    async getToken(scopes) {
      const resource = [scopes].flat()[0]?.replace(/\/\.default$/, '') ?? '';
      const url = new URL(tokenUrl);
      url.searchParams.set('api-version', '2019-08-01');
      url.searchParams.set('resource', resource);
      if (clientId !== undefined) url.searchParams.set('client_id', clientId);
      const answer = await fetch(url, { headers: { 'X-IDENTITY-HEADER': tokenHeader }, signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (!answer.ok) throw new Error(`The emulator gave no token for ${resource}: ${answer.status}`);
      const { access_token, expires_on } = (await answer.json()) as { access_token: string; expires_on: string };
      return { token: access_token, expiresOnTimestamp: Number(expires_on) * 1000 };
    },
  };
}
