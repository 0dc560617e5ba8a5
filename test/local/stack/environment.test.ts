import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../src/config/config.ts';
import { demoConfig, withLocalSignIn } from '../../../src/local/stack/local-config.ts';
import { childEnvironment } from '../../../src/local/stack/part.ts';

describe('childEnvironment', () => {
  test("keeps the caller's own identity and settings away from the stack", () => {
    const env = childEnvironment({
      PATH: '/bin',
      AZURE_CLIENT_ID: 'mine',
      IDENTITY_ENDPOINT: 'http://mine',
      AzureWebJobsStorage: 'mine',
      HSMKEEP_CONFIG: 'mine',
      HSMKEEP_CRASH_AT: 'after-commit:x:1',
      NO_PROXY: 'internal',
    });
    expect(env).toEqual({
      PATH: '/bin',
      HSMKEEP_CRASH_AT: 'after-commit:x:1',
      NO_PROXY: '127.0.0.1,localhost,internal',
      no_proxy: '127.0.0.1,localhost,internal',
    });
  });
});

const emulator = {
  hsms: { 'contoso-hsm': 'https://127.0.0.1:1', 'fabrikam-hsm': 'https://127.0.0.1:2', 'contoso-drill-hsm': 'https://127.0.0.1:6' },
  vaults: { 'contoso-kv': 'https://127.0.0.1:3' },
  authorityUrl: 'https://127.0.0.1:4',
  tenantId: '00000000-0000-0000-0000-000000000000',
  caFile: '',
  tokenUrl: '',
  tokenHeader: '',
  controlUrl: '',
  users: {},
};

describe('the local configuration', () => {
  test('is valid, with a container for each HSM and a pre-restore each night', () => {
    const storage = { blobEndpoint: 'http://127.0.0.1:5/hsmkeep', connectionString: '' };
    const config = parseConfig(JSON.stringify(withLocalSignIn(demoConfig(emulator, storage), emulator)));
    expect(config.hsms.map(({ name, preRestore, backupTo }) => [name, preRestore, backupTo.container])).toEqual([
      ['contoso-hsm', 'nightly', 'http://127.0.0.1:5/hsmkeep/backup-contoso-hsm'],
      ['fabrikam-hsm', 'nightly', 'http://127.0.0.1:5/hsmkeep/backup-fabrikam-hsm'],
    ]);
    expect(config.hsms.map(({ drill }) => drill?.into)).toEqual(['contoso-drill-hsm', undefined]);
    expect(config.drillHsms.map(({ name }) => name)).toEqual(['contoso-drill-hsm']);
    expect(config.endpoints.authority).toBe('https://127.0.0.1:4');
    expect(config.vaults, 'without an escrow vault nothing can be rotated').toMatchObject([{ name: 'contoso-kv', rotation: 'observe' }]);
  });

  test('has the secrets of the vault rotated, on the targets of the stack and no other', () => {
    const storage = { blobEndpoint: 'http://127.0.0.1:5/hsmkeep', connectionString: '' };
    const ready = {
      ...emulator,
      vaults: { ...emulator.vaults, 'contoso-escrow': 'https://127.0.0.1:7' },
      armUrl: 'https://127.0.0.1:8',
      graphUrl: 'https://127.0.0.1:9',
      storageAccounts: { contosodata: { id: '/subscriptions/s/storageAccounts/contosodata', blobEndpoint: '' } },
      applications: { 'contoso-web': { id: 'object', clientId: 'client', clientSecret: '' } },
    };
    const targets = ['/subscriptions/s/storageAccounts/contosodata', '/applications/object', 'redis://127.0.0.1:10'];
    const config = parseConfig(JSON.stringify(withLocalSignIn(demoConfig(ready, storage, targets), ready)));
    expect(config.vaults).toMatchObject([{ name: 'contoso-kv', rotation: 'on', escrowVault: 'https://127.0.0.1:7', targets }]);
    expect(config.endpoints).toMatchObject({ arm: 'https://127.0.0.1:8', graph: 'https://127.0.0.1:9' });
  });

  test('signs in at the emulator only where the given one does not say', () => {
    const given = { tenantId: 'theirs', endpoints: { authority: 'https://login.example' } };
    expect(withLocalSignIn(given, emulator)).toEqual({ ...given, audience: 'api://hsmkeep' });
    expect(withLocalSignIn({}, emulator)).toMatchObject({ tenantId: emulator.tenantId, endpoints: { authority: emulator.authorityUrl } });
  });
});
