import { ClientSecretCredential, ManagedIdentityCredential, type TokenCredential } from '@azure/identity';
import { CryptographyClient, KeyClient } from '@azure/keyvault-keys';
import { SecretClient } from '@azure/keyvault-secrets';
import { vi } from 'vitest';
import type { TestEmulator } from './emulator.ts';

type Credentials = Pick<TestEmulator, 'ready' | 'ca'>;

/**
 * The official clients, set up for an emulator on an address: by constructor options, and the two variables by which App Service names its
 * identity endpoint.
 */
export function azureClients(emulator: Credentials, credential: TokenCredential = managedIdentity(emulator)) {
  const options = { disableChallengeResourceVerification: true, tlsOptions: { ca: emulator.ca } };
  return {
    secrets: (vault: string) => new SecretClient(emulator.ready.vaults[vault] ?? '', credential, options),
    keys: (hsm: string) => new KeyClient(emulator.ready.hsms[hsm] ?? '', credential, options),
    /** @param keyId Identifier of one version. */
    cryptography: (keyId: string) => new CryptographyClient(keyId, credential, options),
  };
}

/** The emulator's default identity, or another principal's; valid until the test's variables are unstubbed. */
export function managedIdentity({ ready }: Credentials, clientId?: string): TokenCredential {
  vi.stubEnv('IDENTITY_ENDPOINT', ready.tokenUrl);
  vi.stubEnv('IDENTITY_HEADER', ready.tokenHeader);
  return clientId === undefined ? new ManagedIdentityCredential() : new ManagedIdentityCredential({ clientId });
}

/**
 * The emulator's first principal, through its authority. Unlike managed identity, whose tokens a process keeps for all its credentials, it
 * suits a process with several emulators.
 */
export function servicePrincipal({ ready, ca }: Credentials): TokenCredential {
  const [principal] = ready.clients;
  if (!principal) throw new Error('the emulator has no principal');
  return new ClientSecretCredential(ready.tenantId, principal.clientId, principal.clientSecret, {
    authorityHost: ready.authorityUrl,
    disableInstanceDiscovery: true,
    tlsOptions: { ca },
  });
}

/** Every item of a paged list. */
export async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}
