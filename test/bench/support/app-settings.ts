import { randomBytes } from 'node:crypto';
import { DUTIES } from '../../../src/domain/duty.ts';

/** App settings with which `main.ts` loads and registers the functions of every duty; nothing in them is ever called. */
export const APP_SETTINGS = {
  HSMKEEP_CONFIG: JSON.stringify({
    tenantId: '00000000-0000-0000-0000-000000000000',
    audience: 'api://hsmkeep',
    hsms: [
      {
        name: 'contoso-hsm',
        url: 'https://contoso-hsm.managedhsm.azure.net',
        backupTo: { container: 'https://contosobackup.blob.core.windows.net/hsm' },
      },
    ],
  }),
  HSMKEEP_STORAGE: 'https://contosohsmkeep.blob.core.windows.net',
  HSMKEEP_DUTIES: DUTIES.join(','),
};

/** The same with the backups in the container `backups` of an account that answers here; the key is made at random. */
export function settingsOn(blobEndpoint: string): typeof APP_SETTINGS {
  const config = JSON.parse(APP_SETTINGS.HSMKEEP_CONFIG) as { hsms: object[] };
  const hsms = config.hsms.map((hsm) => ({ ...hsm, prune: 'delete', backupTo: { container: `${blobEndpoint}/backups` } }));
  const accountKey = randomBytes(64).toString('base64');
  return {
    ...APP_SETTINGS,
    HSMKEEP_CONFIG: JSON.stringify({ ...config, hsms }),
    HSMKEEP_STORAGE: `DefaultEndpointsProtocol=http;AccountName=bench;AccountKey=${accountKey};BlobEndpoint=${blobEndpoint};`,
  };
}
