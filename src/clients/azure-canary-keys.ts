import type { TokenCredential } from '@azure/core-auth';
import type { CryptographyClient, CryptographyClientOptions, KeyClient } from '@azure/keyvault-keys';
import { OperatorError } from '../domain/errors.ts';
import type { CanaryKeys, KeyVersion } from './canary-keys.ts';

const DEADLINE_MS = 20_000;

/** What the clients of one HSM stand on. `read` translates what an SDK throws. */
export type CanaryKeysOptions = Readonly<{
  name: string;
  url: string;
  credential: TokenCredential;
  options: CryptographyClientOptions;
  read<T>(doing: string, work: (keys: KeyClient) => Promise<T>): Promise<T>;
}>;

export function azureCanaryKeys({ name, url, credential, options, read }: CanaryKeysOptions): CanaryKeys {
  const use = <T>(doing: string, { key, version }: KeyVersion, work: (client: CryptographyClient) => Promise<T>): Promise<T> =>
    read(doing, async () => {
      const { CryptographyClient } = await import('@azure/keyvault-keys');
      return work(new CryptographyClient(`${url}/keys/${key}/${version}`, credential, options));
    });

  return {
    newest: (key) =>
      read('read its canary key', async (keys) => {
        const found = await unlessMissing(keys.getKey(key, soon()));
        if (!found?.key) return undefined;
        const { n, e, kty } = found.key;
        const isRsa = n !== undefined && e !== undefined && /^RSA/.test(kty ?? '');
        return {
          key: found.name,
          version: found.properties.version ?? '',
          rsaBits: isRsa ? n.byteLength * 8 : null,
          publicKey: { n: base64url(n), e: base64url(e) },
        };
      }),

    create: (key, bits) =>
      read('make a canary key', async (keys) => {
        const operations = ['sign', 'verify', 'encrypt', 'decrypt'];
        await keys.createRsaKey(key, { keySize: bits, hsm: true, keyOps: operations, tags: { purpose: 'hsmkeep drill' }, ...soon() });
      }),

    sign: (version, digest) =>
      use('sign with its canary key', version, async (client) => (await client.sign('PS256', digest, soon())).result),

    verify: (version, digest, signature) =>
      use('verify with its canary key', version, async (client) => (await client.verify('PS256', digest, signature, soon())).result),

    decrypt: (version, ciphertext) =>
      use(
        'decrypt with its canary key',
        version,
        async (client) => (await client.decrypt({ algorithm: 'RSA-OAEP-256', ciphertext }, soon())).result,
      ),

    purge: (key) =>
      read('purge its canary key', async (keys) => {
        // An HSM deletes at once; what the first answer says is what there is.
        await unlessMissing(keys.beginDeleteKey(key, soon()));
        const deleted = await unlessMissing(keys.getDeletedKey(key, soon()));
        if (!deleted) return;
        if (!/purgeable/i.test(deleted.properties.recoveryLevel ?? ''))
          throw purgeProtected(name, key, deleted.properties.scheduledPurgeDate);
        await unlessMissing(keys.purgeDeletedKey(key, soon()));
      }),
  };
}

const soon = () => ({ abortSignal: AbortSignal.timeout(DEADLINE_MS) });

const base64url = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('base64url');

/** Undefined for what is not there. */
export async function unlessMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}

const purgeProtected = (hsm: string, key: string, purgeAt: Date | undefined): OperatorError =>
  new OperatorError(
    `${hsm} has purge protection: its deleted key ${key} cannot be taken away${purgeAt ? ` before ${purgeAt.toISOString()}` : ''}, and an HSM restores no key over another.`,
    'A drill of the canary key needs a drill HSM without purge protection; or set "drill": {"mode": "full"}.',
  );
