import type { TokenCredential } from '@azure/core-auth';
import type { Config, HsmConfig, VaultConfig } from '../config/config.ts';
import type { Settings } from '../config/settings.ts';
import type { Duty } from '../domain/duty.ts';
import { NotConfiguredError } from '../domain/errors.ts';
import { Sensitive } from '../domain/rotation/sensitive.ts';
import { type Access, lazyCredential, readingOptions } from './access.ts';
import type { AuditLog } from './audit-log.ts';
import { azureAuditLog } from './azure-audit-log.ts';
import { azureBlobStore, parseStorage } from './azure-blob-store.ts';
import { azureManagedHsm } from './azure-managed-hsm.ts';
import { azureVault } from './azure-vault.ts';
import type { BlobStore, CopyStore, LandingStore } from './blob-store.ts';
import type { ManagedHsm } from './managed-hsm.ts';
import type { Vault } from './vault.ts';

/** Azure beyond vaults and HSMs: this duty's identity, and where the services are (no slash at the end). */
export type Azure = Readonly<{ credential: TokenCredential; tenantId: string; endpoints: Config['endpoints'] }>;

/** Everything outside the process that activities and functions may touch, with the identity of one duty. */
export type Clients = Readonly<{
  config: Config;
  /** What this app does, whatever identity these clients use. */
  duties: readonly Duty[];
  /** The configuration of one HSM, kept or for drills only. @throws {NotConfiguredError} when there is none of that name. */
  hsmConfig(name: string): HsmConfig;
  hsm(name: string): ManagedHsm;
  /** The container that an HSM's backups lie in. */
  backups(hsm: string): BlobStore;
  /** The container of their second copies; undefined where none is configured. */
  copies(hsm: string): CopyStore | undefined;
  /** A container that is made for one restore from the second copy. */
  landing(url: string): LandingStore;
  /** The configuration of one vault. @throws {NotConfiguredError} when there is none of that name. */
  vaultConfig(name: string): VaultConfig;
  vault(name: string): Vault;
  /** The vault that keeps values of this vault's secrets on their way. @throws {NotConfiguredError} when the configuration names none. */
  escrow(vault: string): Vault;
  /** For the targets of rotations that are part of Azure. */
  azure: Azure;
  /** The app's own container, `hsmkeep`. */
  documents: BlobStore;
  /** Where the runs of the app keep their locks and records: the same container, unless the app is gone and somebody restores without it. */
  locks: BlobStore;
  /** The container `hsmkeep-audit`. */
  audit: AuditLog;
  /** The value behind a reference of the configuration, `https://<vault>/secrets/<name>`. */
  referenced(reference: string): Promise<Sensitive>;
}>;

/**
 * Clients of one duty, each made when first asked for and kept for the life of the process.
 *
 * @param access Who calls in place of the duty's identity, for commands that run as the person who typed them.
 */
export function createClients({ config, storage, duties, identities, emulatedClock }: Settings, duty: Duty, access?: Access): Clients {
  const { credential, ca } = access ?? { credential: lazyCredential(identities[duty]) };
  const account = parseStorage(storage);
  const machineNow = emulatedClock ? unshiftedNow : undefined;
  const hsmConfig = (name: string): HsmConfig => {
    const all = [...config.hsms, ...config.drillHsms];
    const found = all.find((hsm) => hsm.name.toLowerCase() === name.toLowerCase());
    if (!found)
      throw new NotConfiguredError(
        `No HSM named ${name} is configured.`,
        `Configured are: ${all.map((hsm) => hsm.name).join(', ') || 'none'}.`,
      );
    return found;
  };
  const vaultConfig = (name: string): VaultConfig => {
    const found = config.vaults.find((vault) => vault.name.toLowerCase() === name.toLowerCase());
    if (!found)
      throw new NotConfiguredError(
        `No vault named ${name} is configured.`,
        `Configured are: ${config.vaults.map((vault) => vault.name).join(', ') || 'none'}.`,
      );
    return found;
  };
  const store = (url: string): LandingStore => azureBlobStore(url, credential, account, machineNow);
  // By address, so that a vault that keeps its own escrow is one client.
  const vaultAt = remembering((url) => azureVault(nameOfVault(config, url), url, credential, ca));
  const documents = azureBlobStore(`${account.blobEndpoint}/hsmkeep`, credential, account);
  return {
    config,
    duties,
    hsmConfig,
    vaultConfig,
    vault: (name) => vaultAt(vaultConfig(name).url),
    escrow: (name) => {
      const { escrowVault } = vaultConfig(name);
      if (escrowVault !== undefined) return vaultAt(escrowVault);
      throw new NotConfiguredError(
        `No escrow vault is configured for ${name}.`,
        'Name one as "escrowVault" of the vault, or in defaults.vault.',
      );
    },
    hsm: remembering((name) =>
      azureManagedHsm(name, hsmConfig(name).url, { credential, ca }, (reference) => readSecret(reference, { credential, ca })),
    ),
    backups: remembering((name) => store(hsmConfig(name).backupTo.container)),
    landing: store,
    copies: remembering((name) => {
      const container = hsmConfig(name).immutableCopy?.container;
      return container === undefined ? undefined : store(container);
    }),
    azure: { credential, tenantId: config.tenantId ?? '', endpoints: config.endpoints },
    documents,
    locks: documents,
    audit: azureAuditLog(`${account.blobEndpoint}/hsmkeep-audit`, credential, account),
    referenced: async (reference) => new Sensitive(await readSecret(reference, { credential, ca })),
  };
}

/** A vault that is configured has its name there; of another, an escrow vault say, the host name tells. */
const nameOfVault = ({ vaults }: Config, url: string): string =>
  vaults.find((vault) => vault.url === url)?.name ?? new URL(url).hostname.replace(/\.vault\..*$/, '');

/** One value for each name: a client for every HSM, once, because a new one repeats the challenge. */
function remembering<T>(make: (name: string) => T): (name: string) => T {
  const made = new Map<string, T>();
  return (name) => {
    const known = made.get(name) ?? make(name);
    made.set(name, known);
    return known;
  };
}

/** What time it is on this machine although the process's clock is emulated. */
const unshiftedNow = (): number => performance.timeOrigin + performance.now();

async function readSecret(reference: string, { credential, ca }: Access): Promise<string> {
  const { SecretClient } = await import('@azure/keyvault-secrets');
  const { origin, pathname } = new URL(reference);
  const name = pathname.split('/')[2] ?? '';
  const client = new SecretClient(origin, credential, readingOptions(origin, ca));
  const { value } = await client.getSecret(name, { abortSignal: AbortSignal.timeout(READ_SECRET_MS) });
  return (value ?? '').replace(/^\?/, '');
}

const READ_SECRET_MS = 30_000;
