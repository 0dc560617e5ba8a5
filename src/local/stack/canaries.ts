import type { Config, HsmConfig } from '../../config/config.ts';
import { emulatorCredential } from '../emulator-credential.ts';
import type { LocalStorage } from './azurite.ts';
import type { EmulatorReady } from './emulator.ts';

/**
 * Makes the canary key of each emulated HSM that is drilled, so that the night's backup holds it. One that is there is left alone; HSMs and
 * accounts elsewhere too.
 *
 * @param ca The emulator's certificate authority, PEM.
 */
export async function provideCanaries(config: Config, ready: EmulatorReady, storage: LocalStorage, ca: string): Promise<void> {
  const drilled = config.hsms.filter(
    ({ url, drill, backupTo }) =>
      drill && Object.values(ready.hsms).includes(url) && backupTo.container.startsWith(`${storage.blobEndpoint}/`),
  );
  await Promise.all(drilled.map((hsm) => provideCanary(hsm, ready, storage, ca)));
}

async function provideCanary(
  { name, url, drill, backupTo }: HsmConfig,
  ready: EmulatorReady,
  storage: LocalStorage,
  ca: string,
): Promise<void> {
  const [{ azureManagedHsm }, { azureBlobStore, parseStorage }, { makeCanary }] = await Promise.all([
    import('../../clients/azure-managed-hsm.ts'),
    import('../../clients/azure-blob-store.ts'),
    import('../../clients/canary.ts'),
  ]);
  const credential = emulatorCredential(ready);
  const hsm = azureManagedHsm(name, url, { credential, ca }, async () => '');
  const store = azureBlobStore(backupTo.container, credential, parseStorage(storage.connectionString));
  await makeCanary(hsm, store, drill?.canaryKey ?? '', new Date().toISOString());
}
