import { readFileSync } from 'node:fs';
import type { LocalStorage } from './azurite.ts';
import { emulatorControl } from './control.ts';
import { provideDemoKeys } from './demo-keys.ts';
import type { EmulatorReady } from './emulator.ts';

/** The client id of the managed identity that each duty uses, as in a deployment with three apps. */
export type DutyIdentities = Readonly<{ backup: string; restore: string; rotate: string }>;

const APP_CONTAINERS = ['hsmkeep', 'hsmkeep-audit'];

/**
 * Sets up what an administrator would have set up in Azure: identities with the least roles, containers, and (for something to
 * keep) a few keys. Doing it again changes nothing.
 *
 * @param containers URLs of the containers that backups go to; those in other accounts are left alone.
 */
export async function provision(ready: EmulatorReady, storage: LocalStorage, containers: readonly string[]): Promise<DutyIdentities> {
  const hsms = Object.entries(ready.hsms);
  const ca = readFileSync(ready.caFile, 'utf8');
  const [identities] = await Promise.all([
    provideIdentities(ready),
    provideContainers(storage, containers),
    ...hsms.map(([, url]) => provideDemoKeys(url, ready, ca)),
  ]);
  return identities;
}

async function provideIdentities(ready: EmulatorReady): Promise<DutyIdentities> {
  const control = emulatorControl(ready);
  const everywhere = (role: string) => Object.keys(ready.hsms).map((hsm) => ({ hsm, scope: '/', role }));
  const [backup, restore, rotate] = await Promise.all([
    control.principal('hsmkeep-backup', [...everywhere('Managed HSM Backup User'), ...everywhere('Managed HSM Crypto Auditor')]),
    control.principal('hsmkeep-restore', [...everywhere('Managed HSM Restore User'), ...everywhere('Managed HSM Crypto Auditor')]),
    control.principal('hsmkeep-rotate', []),
  ]);
  return { backup: backup.clientId, restore: restore.clientId, rotate: rotate.clientId };
}

async function provideContainers({ connectionString, blobEndpoint }: LocalStorage, urls: readonly string[]): Promise<void> {
  const { BlobServiceClient } = await import('@azure/storage-blob');
  // Connections kept alive would hold up Azurite when it is told to end.
  const service = BlobServiceClient.fromConnectionString(connectionString, { keepAliveOptions: { enable: false } });
  const ours = urls.filter((url) => url.startsWith(`${blobEndpoint}/`)).map((url) => url.slice(blobEndpoint.length + 1));
  await Promise.all([...new Set([...APP_CONTAINERS, ...ours])].map((name) => service.getContainerClient(name).createIfNotExists()));
}
