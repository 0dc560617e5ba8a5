import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { emptyFolder, hsmkeep } from './support.ts';

const good = {
  hsms: [
    {
      name: 'contoso-hsm',
      url: 'https://contoso-hsm.managedhsm.azure.net',
      backupTo: { container: 'https://contoso.blob.core.windows.net/hsm' },
    },
  ],
};

const fileWith = (document: unknown): string => {
  const file = join(emptyFolder(), 'config.json');
  writeFileSync(file, typeof document === 'string' ? document : JSON.stringify(document));
  return file;
};

describe('config check', () => {
  test('says what a valid configuration holds', async () => {
    const { code, stdout } = await hsmkeep(['config', 'check', fileWith(good)]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'The configuration is valid: 1 HSM, 0 vaults.\n' });
  });

  test('takes HSMKEEP_CONFIG, which may be the JSON itself', async () => {
    const { stdout } = await hsmkeep(['config', 'check', '--json'], { env: { HSMKEEP_CONFIG: JSON.stringify(good) } });
    expect(JSON.parse(stdout)).toEqual({ valid: true, hsms: ['contoso-hsm'], vaults: [] });
  });

  test('names all mistakes with their paths and exits 2', async () => {
    const bad = { timeZone: 'Mars/Olympus', hsms: [{ ...good.hsms[0], schedule: 'nightly' }] };
    const { code, stdout, stderr } = await hsmkeep(['config', 'check', fileWith(bad)]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('timeZone: ');
    expect(stderr).toContain('hsms[0].schedule: ');
  });

  test.each([
    ['is missing', '/nowhere/config.json'],
    ['is not JSON', fileWith('{')],
  ])('exits 2 when the file %s', async (_what, file) => {
    expect((await hsmkeep(['config', 'check', file])).code).toBe(2);
  });

  test('exits 2 when no configuration was named', async () => {
    expect((await hsmkeep(['config', 'check'])).code).toBe(2);
  });
});

describe('config schema', () => {
  test('prints a JSON Schema that knows the fields', async () => {
    const { code, stdout } = await hsmkeep(['config', 'schema']);
    const schema = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(['timeZone', 'hsms', 'vaults']));
  });
});
