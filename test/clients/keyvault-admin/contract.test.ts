import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TokenCredential } from '@azure/core-auth';
import { ContainerClient, ContainerSASPermissions, StorageSharedKeyCredential } from '@azure/storage-blob';
import { type ReadyInfo, startEmulator } from '../../../src/emulator/start.ts';
import { describeAdminContract } from '../../support/admin-contract.ts';
import { startAzurite } from '../../support/azurite.ts';

const HSM = 'contract-hsm';

describeAdminContract('#keyvault-admin on the emulator', async () => {
  const azurite = await startAzurite();
  const dataDir = await mkdtemp(join(tmpdir(), 'hsmkeep-contract-'));
  const emulator = await startEmulator({ dataDir, hsms: [{ name: HSM }], storage: [azurite.connectionString], timeScale: 0 });
  const { hsms, caFile } = emulator.ready;

  const account = new StorageSharedKeyCredential(azurite.accountName, azurite.accountKey);
  const container = new ContainerClient(`${azurite.blobEndpoint}/hsm-backups`, account);
  await container.create();

  return {
    target: {
      url: hsms[HSM] ?? '',
      credential: defaultIdentity(emulator.ready),
      clientOptions: { tlsOptions: { ca: await readFile(caFile, 'utf8') }, disableChallengeResourceVerification: true },
      containerUrl: container.url,
      async sasToken() {
        const url = await container.generateSasUrl({
          permissions: ContainerSASPermissions.parse('rcwdl'),
          expiresOn: new Date(Date.now() + 25 * 3_600_000),
        });
        return new URL(url).search.slice(1);
      },
    },
    async close() {
      await emulator.stop();
      await azurite.stop();
      await rm(dataDir, { recursive: true });
    },
  };
});

/** The App Service protocol, without the environment variables that would hold for the whole process. */
function defaultIdentity({ tokenUrl, tokenHeader }: ReadyInfo): TokenCredential {
  return {
    async getToken(scopes) {
      const resource = [scopes].flat()[0]?.replace('/.default', '') ?? '';
      const url = `${tokenUrl}?api-version=2019-08-01&resource=${encodeURIComponent(resource)}`;
      const response = await fetch(url, { headers: { 'x-identity-header': tokenHeader } });
      if (!response.ok) throw new Error(`The identity endpoint answered ${response.status}.`);
      const { access_token, expires_on } = (await response.json()) as { access_token: string; expires_on: string };
      return { token: access_token, expiresOnTimestamp: Number(expires_on) * 1000 };
    },
  };
}
