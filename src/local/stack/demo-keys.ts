import { emulatorCredential } from '../emulator-credential.ts';
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
