import type { TokenCredential } from '@azure/core-auth';
import type { EmulatorReady } from './emulator.ts';

/**
 * Gives an HSM a few keys of every kind, so that there is something to back up. An HSM that has a key already is left alone.
 *
 * @param ca The emulator's certificate authority, PEM.
 */
export async function provideDemoKeys(hsmUrl: string, ready: EmulatorReady, ca: string): Promise<void> {
  const { KeyClient } = await import('@azure/keyvault-keys');
  const keys = new KeyClient(hsmUrl, emulatorCredential(ready), { disableChallengeResourceVerification: true, tlsOptions: { ca } });
  for await (const _existing of keys.listPropertiesOfKeys()) return;

  await keys.createRsaKey('payments-signing', { keySize: 3072, hsm: true, keyOps: ['sign', 'verify'], tags: { team: 'payments' } });
  await keys.createRsaKey('disk-encryption', { keySize: 2048, hsm: true, keyOps: ['wrapKey', 'unwrapKey'] });
  await keys.createEcKey('device-identity', { curve: 'P-256', hsm: true, tags: { team: 'devices' } });
  await keys.createOctKey('vault-wrapping', { keySize: 256, hsm: true });
  // A second version: a backup has to hold both.
  await keys.createRsaKey('disk-encryption', { keySize: 2048, hsm: true, keyOps: ['wrapKey', 'unwrapKey'] });
}

/**
 * The emulator's default identity, who is administrator of everything, by the App Service protocol. The SDK's own managed identity
 * credential would have to be told through this process's environment.
 *
 * @see https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
function emulatorCredential({ tokenUrl, tokenHeader }: EmulatorReady): TokenCredential {
  return {
    async getToken(scopes) {
      const resource = [scopes].flat()[0]?.replace(/\/\.default$/, '') ?? '';
      const url = new URL(tokenUrl);
      url.searchParams.set('api-version', '2019-08-01');
      url.searchParams.set('resource', resource);
      const answer = await fetch(url, { headers: { 'X-IDENTITY-HEADER': tokenHeader }, signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (!answer.ok) throw new Error(`The emulator gave no token for ${resource}: ${answer.status}`);
      const { access_token, expires_on } = (await answer.json()) as { access_token: string; expires_on: string };
      return { token: access_token, expiresOnTimestamp: Number(expires_on) * 1000 };
    },
  };
}

const TIMEOUT_MS = 10_000;
