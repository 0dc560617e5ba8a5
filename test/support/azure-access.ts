import type { AzureAccess } from '../../src/providers/contract.ts';
import type { TestEmulator } from './emulator.ts';

/** Azure as a provider is given it, all of it the emulator. A token for each call: a test may have moved the clock. */
export const emulatedAzure = ({ ready, token }: TestEmulator): AzureAccess => ({
  credential: {
    getToken: async (scopes) => ({
      token: await token(String(Array.isArray(scopes) ? scopes[0] : scopes).replace(/\/\.default$/, '')),
      expiresOnTimestamp: Date.now() + 1,
    }),
  },
  tenantId: ready.tenantId,
  endpoints: { arm: ready.armUrl ?? '', graph: ready.graphUrl ?? '', authority: ready.authorityUrl },
});
