import type { LocalStorage } from './azurite.ts';
import { DEMO_DOMAIN, DEMO_DRILL_HSM, DEMO_ESCROW_VAULT, DEMO_HSMS, type EmulatorReady } from './emulator.ts';

/** A configuration as people write it: see `hsmkeep config schema`. */
export type ConfigDocument = Readonly<Record<string, unknown>>;

/** What callers of the local API have in their tokens. */
const AUDIENCE = 'api://hsmkeep';

/**
 * The configuration for the emulated HSMs and vault: every HSM backs up into a container of its own, each night proven to L2; the first is
 * drilled into the drill HSM, where there is one. Secrets of the vault are rotated, on these targets.
 */
export function demoConfig(ready: EmulatorReady, { blobEndpoint }: LocalStorage, targets: readonly string[] = []): ConfigDocument {
  const { hsms, vaults } = ready;
  const escrowVault = vaults[DEMO_ESCROW_VAULT];
  const hsmOf = ([name, url]: [string, string]) => ({ name, url, backupTo: { container: `${blobEndpoint}/backup-${name}` } });
  const all = Object.entries(hsms);
  const drillHsms = all.filter(([name]) => name === DEMO_DRILL_HSM).map((hsm) => ({ ...hsmOf(hsm), securityDomain: DEMO_DOMAIN }));
  const drill = { into: DEMO_DRILL_HSM };
  return {
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'UTC',
    defaults: { hsm: { securityDomain: DEMO_DOMAIN, preRestore: 'nightly' } },
    hsms: all
      .filter(([name]) => name !== DEMO_DRILL_HSM)
      .map((hsm) => ({ ...hsmOf(hsm), ...(hsm[0] === DEMO_HSMS[0] && drillHsms.length > 0 && { drill }) })),
    drillHsms,
    vaults: Object.entries(vaults)
      .filter(([name]) => name !== DEMO_ESCROW_VAULT)
      .map(([name, url]) => ({
        name,
        url,
        ...(escrowVault !== undefined && { rotation: 'on', escrowVault, targets }),
      })),
  };
}

/** Fills in where people sign in, and where Azure's other services are, wherever the configuration does not say: the emulator's tenant. */
export function withLocalSignIn(config: ConfigDocument, { tenantId, authorityUrl, armUrl, graphUrl }: EmulatorReady): ConfigDocument {
  const endpoints = (config['endpoints'] ?? {}) as Record<string, unknown>;
  return {
    tenantId,
    audience: AUDIENCE,
    ...config,
    endpoints: { authority: authorityUrl, ...(armUrl && { arm: armUrl }), ...(graphUrl && { graph: graphUrl }), ...endpoints },
  };
}
