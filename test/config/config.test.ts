import { describe, expect, test } from 'vitest';
import { configJsonSchema, parseConfig } from '../../src/config/config.ts';
import { loadSettings } from '../../src/config/settings.ts';
import { OperatorError } from '../../src/domain/errors.ts';

const hsm = (changes: object = {}) => ({
  name: 'contoso',
  url: 'https://contoso.managedhsm.azure.net',
  backupTo: { container: 'https://s.blob.core.windows.net/hsm' },
  ...changes,
});
const parse = (file: object) => parseConfig(JSON.stringify(file));
const mistakes = (file: object): string => {
  try {
    parse(file);
    return '';
  } catch (error) {
    expect(error).toBeInstanceOf(OperatorError);
    return (error as Error).message;
  }
};

describe('parseConfig', () => {
  test('fills in the defaults of the design', () => {
    expect(parse({ hsms: [hsm()] })).toMatchObject({
      timeZone: 'UTC',
      hsms: [
        {
          schedule: '0 0 2 * * *',
          maxAgeHours: 26,
          prune: 'observe',
          preRestore: 'off',
          protect: { floor: 3, countsFrom: 'L1' },
          backupTo: { auth: 'managedIdentity' },
        },
      ],
      endpoints: { authority: 'https://login.microsoftonline.com' },
    });
  });

  test('merges the defaults of the file under every HSM, policies whole and protections one by one', () => {
    const config = parse({
      defaults: {
        hsm: { backupTo: { container: 'https://s.blob.core.windows.net/all' }, retention: { daily: 1 }, protect: { floor: 5 } },
        vault: { rotation: 'on', escrowVault: 'https://escrow.vault.azure.net' },
      },
      hsms: [hsm({ backupTo: undefined, protect: { undoDays: 1 } }), hsm({ name: 'b', retention: { weekly: 2 } })],
      vaults: [{ name: 'kv', url: 'https://kv.vault.azure.net' }],
    });
    expect(config.hsms[0]).toMatchObject({
      backupTo: { container: 'https://s.blob.core.windows.net/all' },
      retention: { daily: 1 },
      protect: { floor: 5, undoDays: 1 },
    });
    expect(config.hsms[1]?.retention).toEqual({ weekly: 2 });
    expect(config.vaults[0]).toMatchObject({ rotation: 'on' });
  });

  describe('a drill', () => {
    const drillHsm = (changes: object = {}) => ({ ...hsm({ name: 'drill', url: 'https://drill.managedhsm.azure.net' }), ...changes });
    const drill = { into: 'drill' };

    test('goes into an HSM that is there for drills only, of which only where backups go is taken from the defaults', () => {
      const config = parse({
        defaults: { hsm: { backupTo: { container: 'https://s.blob.core.windows.net/all' }, drill, schedule: '0 0 3 * * *' } },
        hsms: [hsm()],
        drillHsms: [drillHsm({ backupTo: undefined })],
      });
      expect(config.hsms[0]?.drill).toEqual({ into: 'drill', mode: 'canary', schedule: '0 0 6 1 * *', canaryKey: 'hsmkeep-canary' });
      expect(config.drillHsms[0]).toMatchObject({ name: 'drill', backupTo: { container: 'https://s.blob.core.windows.net/all' } });
      expect(config.drillHsms[0]).not.toHaveProperty('drill');
      expect(config.hsms).toHaveLength(1);
    });

    test.each([
      [
        'is kept',
        { hsms: [hsm({ drill: { into: 'other' } }), hsm({ name: 'other', url: 'https://other.managedhsm.azure.net' })] },
        'an HSM that is kept',
      ],
      ['is its own source', { hsms: [hsm({ drill: { into: 'contoso' } })] }, 'an HSM that is kept'],
      [
        'is kept under another name',
        { hsms: [hsm({ drill })], drillHsms: [drillHsm({ url: 'https://contoso.managedhsm.azure.net/' })] },
        'an HSM that is kept',
      ],
      ['is not configured', { hsms: [hsm({ drill })] }, 'which is not configured'],
      [
        'is of another security domain',
        { hsms: [hsm({ drill, securityDomain: 'emea' })], drillHsms: [drillHsm({ securityDomain: 'apac' })] },
        'cannot go into drill (apac)',
      ],
    ])('is refused when its target %s', (_what, file, words) => {
      expect(mistakes(file)).toMatch(/hsms\[0\]\.drill\.into: A drill of contoso/);
      expect(mistakes(file)).toContain(words);
    });

    test('and its HSM are checked as the others are', () => {
      const file = { hsms: [hsm()], drillHsms: [drillHsm({ backupTo: undefined }), drillHsm({ name: 'Drill' })] };
      expect(mistakes(file)).toContain('drillHsms[0].backupTo: is missing');
      expect(mistakes(file)).toContain('drillHsms[1].name: "drill" is also the name of drillHsms[0]');
    });
  });

  test('names every mistake with its path, in one reading', () => {
    const told = mistakes({
      timeZone: 'Mars/Olympus',
      colour: 'red',
      hsms: [
        hsm({ url: 'contoso', schedule: 'at night', bakcupTo: {} }),
        hsm({
          name: 'CONTOSO',
          url: 'http://contoso.example',
          backupTo: { container: 'https://s.blob.core.windows.net/hsm?sv=1&sig=2', auth: { sas: 'sv=1&sig=2' } },
        }),
      ],
    });
    for (const line of [
      'timeZone: is not an IANA time zone',
      'colour: is not a known field',
      'hsms[0].url: is not a URL',
      'hsms[0].schedule: is not a schedule',
      'hsms[0].bakcupTo: is not a known field',
      'hsms[1].url: must begin with https://',
      'hsms[1].backupTo.container: carries a SAS token',
      'hsms[1].backupTo.auth.sas: is a raw SAS token',
      'hsms[1].name: "contoso" is also the name of hsms[0]',
    ]) {
      expect(told).toContain(line);
    }
    expect(told).not.toContain('sig=');
  });

  test.each([
    ['a path in the URL of an HSM', hsm({ url: 'https://contoso.managedhsm.azure.net/keys' }), 'must end after the host name'],
    ['a user name in a URL', hsm({ url: 'https://me:pw@contoso.managedhsm.azure.net' }), 'user name'],
    ['an account without a container', hsm({ backupTo: { container: 'https://s.blob.core.windows.net' } }), 'must name a container'],
    ['a container over plain http', hsm({ backupTo: { container: 'http://s.blob.core.windows.net/c' } }), 'must begin with https://'],
    ['a container that is no URL', hsm({ backupTo: { container: 'hsm' } }), 'is not a URL'],
    [
      'a reference that is none',
      hsm({ backupTo: { container: 'https://s.blob.core.windows.net/c', auth: { sas: 'https://kv.vault.azure.net/keys/x' } } }),
      'secret reference',
    ],
    ['an unknown kind of access', hsm({ backupTo: { container: 'https://s.blob.core.windows.net/c', auth: 'key' } }), 'managedIdentity'],
    ['a name with a slash', hsm({ name: 'a/b' }), 'letters, digits and hyphens'],
    ['no container at all', hsm({ backupTo: undefined }), 'hsms[0].backupTo: is missing'],
    [
      'second copies among the backups',
      hsm({ immutableCopy: { container: 'https://S.blob.core.windows.net/hsm', days: 9 } }),
      'in another',
    ],
    ['a floor of none', hsm({ protect: { floor: 0 } }), 'hsms[0].protect.floor'],
  ])('refuses %s', (_what, entry, told) => {
    expect(mistakes({ hsms: [entry] })).toContain(told);
  });

  test('allows plain http to this machine, for an emulator', () => {
    expect(parse({ hsms: [hsm({ backupTo: { container: 'http://127.0.0.1:10000/acct/c' } })] }).hsms).toHaveLength(1);
  });

  test('says that a file is no JSON', () => {
    expect(() => parseConfig('{')).toThrow('not JSON');
    expect(mistakes([] as unknown as object)).toContain('the file');
  });
});

test('the JSON Schema accepts what people write: nothing with a default is required', () => {
  const schema = configJsonSchema() as { required?: string[]; additionalProperties?: boolean };
  expect(schema.required ?? []).toEqual([]);
  expect(schema.additionalProperties).toBe(false);
});

describe('loadSettings', () => {
  const config = JSON.stringify({ tenantId: 't', audience: 'api://hsmkeep', hsms: [hsm()] });

  test('names every setting that is missing', () => {
    expect(() => loadSettings({ HSMKEEP_DUTIES: 'backup,gardening' })).toThrow(/HSMKEEP_CONFIG[\s\S]*HSMKEEP_STORAGE[\s\S]*HSMKEEP_DUTIES/);
  });

  test('does not start without tenant and audience', () => {
    expect(() =>
      loadSettings({ HSMKEEP_CONFIG: JSON.stringify({ hsms: [hsm()] }), HSMKEEP_STORAGE: 'https://s.blob.core.windows.net' }),
    ).toThrow('tenantId');
  });

  test('reads the configuration inline or from a file', () => {
    const env = { HSMKEEP_STORAGE: 'https://s.blob.core.windows.net', HSMKEEP_DUTIES: 'backup, restore' };
    expect(loadSettings({ ...env, HSMKEEP_CONFIG: config })).toMatchObject({ duties: ['backup', 'restore'] });
    expect(() => loadSettings({ ...env, HSMKEEP_CONFIG: '/no/such/file.json' })).toThrow('cannot be read');
  });

  test('finds the queue of events in an account of its own, or in that of the Functions host', () => {
    const env = { HSMKEEP_CONFIG: config, HSMKEEP_STORAGE: 'https://s.blob.core.windows.net', HSMKEEP_EVENT_QUEUE: 'vault-events' };
    const connectionWith = (more: Record<string, string>) => loadSettings({ ...env, ...more }).eventQueue?.connection;
    expect(connectionWith({})).toBe('AzureWebJobsStorage');
    expect(connectionWith({ HSMKEEP_EVENTS__queueServiceUri: 'https://e.queue.core.windows.net' })).toBe('HSMKEEP_EVENTS');
    expect(() => connectionWith({ HSMKEEP_EVENT_QUEUE: 'No Queue' })).toThrow('must be the name of a queue');
  });
});
