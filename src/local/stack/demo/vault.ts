import { readFileSync } from 'node:fs';
import type { KeyVaultSecret, SecretClient } from '@azure/keyvault-secrets';
import { emulatorCredential } from '../../emulator-credential.ts';
import { DEMO_VAULT, type EmulatorReady } from '../emulator.ts';
import type { DemoSecret } from './demo-secret.ts';
import { emulatedDemos } from './emulated.ts';
import type { DemoServers } from './servers.ts';

/** What a target says of a secret's values: whether it takes them; null where there is no such value, nobody to ask, or no answer. */
export type DemoLook = Readonly<{ newValue: boolean | null; oldValue: boolean | null }>;

/** The secrets of the demo vault, with those who use them. */
export interface DemoSecrets {
  /** What the vault's `targets` has to list. */
  readonly targets: readonly string[];
  /**
   * Gives the vault what it lacks, and each target the account with the value of the vault. A secret that is there keeps its value, which may
   * be newer than what we know.
   */
  provide(): Promise<void>;
  /** Logs in with the published value and with the one before it, as applications would. Undefined for a secret that is not the demo's. */
  look(vault: string, name: string): Promise<DemoLook | undefined>;
}

export function demoSecrets(ready: EmulatorReady, { servers }: DemoServers): DemoSecrets {
  const ca = readFileSync(ready.caFile, 'utf8');
  const demos = [...emulatedDemos(ready, ca), ...servers];
  const secrets = demos.flatMap((demo) => demo.secrets);
  const client = vaultClient(ready, ca);
  return {
    targets: demos.map(({ target }) => target).filter((target) => target !== ''),
    async provide() {
      const vault = await client;
      await Promise.all(secrets.map((secret) => provideOne(vault, secret)));
    },
    async look(vault, name) {
      const secret = vault === DEMO_VAULT ? secrets.find((each) => each.name === name) : undefined;
      return secret && lookAt(await client, secret);
    },
  };
}

async function provideOne(vault: SecretClient, { name, tags, first, provide }: DemoSecret): Promise<void> {
  const found = await read(vault, name);
  const { value = '', properties } = found ?? (await vault.setSecret(name, await first(), { tags }));
  // The server may have another port this time.
  if (properties.tags?.['rot-target'] !== tags['rot-target'])
    await vault.updateSecretProperties(name, properties.version ?? '', { tags: { ...properties.tags, ...tags } });
  await provide?.(value);
}

async function lookAt(vault: SecretClient, { name, accepts }: DemoSecret): Promise<DemoLook> {
  const ask = async (value: string | undefined): Promise<boolean | null> =>
    value === undefined || !accepts ? null : accepts(value).catch(() => null);
  const [newest, older] = await readNewest(vault, name);
  return { newValue: await ask(newest), oldValue: await ask(older) };
}

/** The published value, and the newest that differs from it. */
async function readNewest(vault: SecretClient, name: string): Promise<readonly [string | undefined, string | undefined]> {
  const current = await read(vault, name);
  const versions: { version: string; createdMs: number }[] = [];
  for await (const { version = '', createdOn } of vault.listPropertiesOfSecretVersions(name))
    if (version !== current?.properties.version) versions.push({ version, createdMs: createdOn?.getTime() ?? 0 });
  const [before] = versions.sort((a, b) => b.createdMs - a.createdMs);
  return [current?.value, before && (await vault.getSecret(name, { version: before.version })).value];
}

async function read(vault: SecretClient, name: string): Promise<KeyVaultSecret | undefined> {
  try {
    return await vault.getSecret(name);
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}

async function vaultClient(ready: EmulatorReady, ca: string): Promise<SecretClient> {
  const { SecretClient } = await import('@azure/keyvault-secrets');
  return new SecretClient(ready.vaults[DEMO_VAULT] ?? '', emulatorCredential(ready), {
    disableChallengeResourceVerification: true,
    tlsOptions: { ca },
  });
}
