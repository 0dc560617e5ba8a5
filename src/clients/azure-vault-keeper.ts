import type { SecretClient } from '@azure/keyvault-secrets';
import { keeperRefused } from '../domain/rotation/keeper-problems.ts';
import { withoutState } from '../domain/rotation/tags.ts';
import { type Access, readingOptions } from './access.ts';
import { azureVault } from './azure-vault.ts';
import { RefusedError, TransientError } from './errors.ts';
import { isRefusal, sortSdkError } from './sdk-errors.ts';
import type { VaultKeeper } from './vault-keeper.ts';

const DEADLINE_MS = 60_000;
const LOOK_EVERY_MS = 1_000;

/**
 * The secrets of a vault for a person, through the official client.
 *
 * @param url `https://<vault>.vault.azure.net`
 */
export function azureVaultKeeper(name: string, url: string, { credential, ca }: Access): VaultKeeper {
  const vault = azureVault(name, url, credential, ca);
  let loaded: Promise<SecretClient> | undefined;
  const load = async (): Promise<SecretClient> => {
    const { SecretClient } = await import('@azure/keyvault-secrets');
    return new SecretClient(url, credential, readingOptions(url, ca));
  };
  const ask = async <T>(
    secret: string,
    work: (client: SecretClient, options: { abortSignal: AbortSignal; intervalInMs: number }) => Promise<T>,
  ): Promise<T> => {
    try {
      loaded ??= load();
      return await work(await loaded, { abortSignal: AbortSignal.timeout(DEADLINE_MS), intervalInMs: LOOK_EVERY_MS });
    } catch (error) {
      throw translate(name, secret, error);
    }
  };

  return {
    name,
    url,
    read: (secret, version) => vault.read(secret, version),

    async set(secret, value, contentType) {
      const before = await vault.read(secret);
      const facts = before.status === 'found' ? before.facts : undefined;
      const tags = withoutState(facts?.tags ?? {});
      try {
        return await vault.write(secret, { value, tags, contentType: contentType ?? facts?.contentType ?? null });
      } catch (error) {
        if (error instanceof RefusedError && error.refusal.kind === 'conflict')
          throw new RefusedError(error.refusal, keeperRefused(name, secret, error.refusal));
        throw error;
      }
    },

    delete: (secret) =>
      ask(secret, async (client, options) => {
        const { properties } = await (await client.beginDeleteSecret(secret, options)).pollUntilDone();
        return {
          name: properties.name,
          deletedAt: properties.deletedOn?.toISOString() ?? null,
          purgedAt: properties.scheduledPurgeDate?.toISOString() ?? null,
        };
      }),
    recover: (secret) =>
      ask(secret, async (client, options) => void (await (await client.beginRecoverDeletedSecret(secret, options)).pollUntilDone())),
    purge: (secret) => ask(secret, (client, { abortSignal }) => client.purgeDeletedSecret(secret, { abortSignal })),
  };
}

/** Never wraps the SDK's error: it holds the request. */
function translate(vault: string, secret: string, error: unknown): Error {
  if (error instanceof RefusedError || error instanceof TransientError) return error;
  const failure = sortSdkError(error);
  if (isRefusal(failure) && failure.kind !== 'throttled') return new RefusedError(failure, keeperRefused(vault, secret, failure));
  return new TransientError(`${vault} did not answer (${failure.code}: ${failure.detail})`);
}
