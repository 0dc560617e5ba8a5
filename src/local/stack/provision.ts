import { readFileSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import type { LocalStorage } from './azurite.ts';
import { provideCanaries } from './canaries.ts';
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
 * @param config Names the HSMs and the containers that backups go to; containers in other accounts are left alone.
 */
export async function provision(ready: EmulatorReady, storage: LocalStorage, config: Config): Promise<DutyIdentities> {
  const ca = readFileSync(ready.caFile, 'utf8');
  const containers = [...config.hsms, ...config.drillHsms].flatMap(({ backupTo, immutableCopy }) => [
    backupTo.container,
    ...(immutableCopy ? [immutableCopy.container] : []),
  ]);
  const isDrillHsm = (name: string): boolean => config.drillHsms.some((hsm) => hsm.name === name);
  const kept = Object.entries(ready.hsms).filter(([name]) => !isDrillHsm(name));
  const [identities] = await Promise.all([
    provideIdentities(ready, config),
    provideContainers(storage, containers),
    ...kept.map(([, url]) => provideDemoKeys(url, ready, ca)),
  ]);
  await provideCanaries(config, ready, storage, ca);
  return identities;
}

/** What a drill does with the canary key in the drill HSM, beside restoring it. */
const DRILL_ACTIONS = ['read/action', 'delete', 'deletedKeys/read/action', 'deletedKeys/delete', 'decrypt/action', 'verify/action'];

async function provideIdentities(ready: EmulatorReady, { hsms }: Config): Promise<DutyIdentities> {
  const control = emulatorControl(ready);
  const everywhere = (role: string) => Object.keys(ready.hsms).map((hsm) => ({ hsm, scope: '/', role }));
  const drills = hsms
    .flatMap(({ drill }) => (drill && drill.into in ready.hsms ? [drill] : []))
    .map(({ into, canaryKey }) => ({
      hsm: into,
      scope: `/keys/${canaryKey}`,
      dataActions: DRILL_ACTIONS.map((action) => `keys/${action}`),
    }));
  const [backup, restore, rotate] = await Promise.all([
    control.principal('hsmkeep-backup', [...everywhere('Managed HSM Backup User'), ...everywhere('Managed HSM Crypto Auditor')]),
    control.principal('hsmkeep-restore', [
      ...everywhere('Managed HSM Restore User'),
      ...everywhere('Managed HSM Crypto Auditor'),
      ...drills,
    ]),
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
