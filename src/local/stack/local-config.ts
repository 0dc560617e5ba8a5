import type { LocalStorage } from './azurite.ts';
import { DEMO_DOMAIN, type EmulatorReady } from './emulator.ts';

/** A configuration as people write it: see `hsmkeep config schema`. */
export type ConfigDocument = Readonly<Record<string, unknown>>;

/** What callers of the local API have in their tokens. */
const AUDIENCE = 'api://hsmkeep';

/** The configuration for the emulated HSMs and vault: every HSM backs up into a container of its own, each night proven to L2. */
export function demoConfig({ hsms, vaults }: EmulatorReady, { blobEndpoint }: LocalStorage): ConfigDocument {
  return {
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'UTC',
    defaults: { hsm: { securityDomain: DEMO_DOMAIN, preRestore: 'nightly' } },
    hsms: Object.entries(hsms).map(([name, url]) => ({ name, url, backupTo: { container: `${blobEndpoint}/backup-${name}` } })),
    vaults: Object.entries(vaults).map(([name, url]) => ({ name, url })),
  };
}

/** Fills in where people sign in, wherever the configuration does not say: the emulator's tenant. */
export function withLocalSignIn(config: ConfigDocument, { tenantId, authorityUrl }: EmulatorReady): ConfigDocument {
  const endpoints = (config['endpoints'] ?? {}) as Record<string, unknown>;
  return { tenantId, audience: AUDIENCE, ...config, endpoints: { authority: authorityUrl, ...endpoints } };
}
