import type { Protection } from '../domain/doctor/protection.ts';
import { type Access, readingOptions } from './access.ts';
import { refusedByVault } from './azure-vault.ts';
import { TransientError } from './errors.ts';
import { firstProtection } from './protection.ts';
import { isRefusal, sortSdkError } from './sdk-errors.ts';

const DEADLINE_MS = 30_000;

/** What soft delete promises in a vault, as any secret tells; null when there is none. @throws {RefusedError} {TransientError} */
export async function vaultProtection(name: string, url: string, { credential, ca }: Access): Promise<Protection | null> {
  const { SecretClient } = await import('@azure/keyvault-secrets');
  const client = new SecretClient(url, credential, readingOptions(url, ca));
  try {
    return await firstProtection(client.listPropertiesOfSecrets({ abortSignal: AbortSignal.timeout(DEADLINE_MS) }));
  } catch (error) {
    const failure = sortSdkError(error);
    if (isRefusal(failure)) throw refusedByVault(name, 'list its secrets', failure);
    throw new TransientError(`${name} did not list its secrets (${failure.code}: ${failure.detail})`);
  }
}
