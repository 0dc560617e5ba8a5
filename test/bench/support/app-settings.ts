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
