import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cataloguePath } from '../../src/clients/catalogue.ts';
import { recordPath } from '../../src/domain/record.ts';
import { type RunningAzurite, startAzurite } from '../support/azurite.ts';
import { layOldBackup } from '../support/old-backups.ts';
import { emptyFolder, folderWithReadyFile, hsmkeep } from './support.ts';

const FOLDER = 'mhsm-contoso-hsm-2026112202000012';

let azurite: RunningAzurite;
beforeAll(async () => {
  azurite = await startAzurite();
  const service = BlobServiceClient.fromConnectionString(azurite.connectionString);
  const backups = service.getContainerClient('backups');
  await Promise.all([service.createContainer('hsmkeep'), backups.create()]);
  await backups.getBlockBlobClient(`${FOLDER}/header`).upload('x', 1);
});
afterAll(() => azurite?.stop());

const configFile = (container: string): string => {
  const file = join(emptyFolder(), 'config.json');
  const backupTo = { container: `${azurite.blobEndpoint}/${container}` };
  writeFileSync(file, JSON.stringify({ hsms: [{ name: 'contoso-hsm', url: 'https://contoso-hsm.managedhsm.azure.net', backupTo }] }));
  return file;
};

describe('catalogue rebuild', () => {
  test('makes the index anew from what lies in the container, and shows it', async () => {
    const index = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient('hsmkeep');
    const blob = index.getBlockBlobClient(cataloguePath('contoso-hsm'));
    await blob.upload('rubbish', 7);

    const args = ['catalogue', 'rebuild', '--config', configFile('backups'), '--storage', azurite.connectionString];
    const { code, stdout, stderr } = await hsmkeep(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^FOLDER .*\n${FOLDER} +8 hours ago +L0 +unrecorded`));
    expect(JSON.parse((await blob.downloadToBuffer()).toString())).toMatchObject({ hsm: 'contoso-hsm' });
  });

  test('seals the records of versions that did not, and leaves alone what cannot be relied on', async () => {
    const service = BlobServiceClient.fromConnectionString(azurite.connectionString);
    const backups = service.getContainerClient('old-records');
    await backups.create();
    const [sound, damaged] = await Promise.all(
      ['2026-11-20T02:00:00.000Z', '2026-11-21T02:00:00.000Z'].map((at) => layOldBackup(backups, 'contoso-hsm', at)),
    );
    const blobOf = (folder = '') => backups.getBlockBlobClient(recordPath('contoso-hsm', folder));
    const textOf = async (folder = '') => (await blobOf(folder).downloadToBuffer()).toString();
    const changed = (await textOf(damaged)).replace('"holds"', '"hplds"');
    await blobOf(damaged).upload(changed, changed.length);

    const args = ['catalogue', 'rebuild', '--config', configFile('old-records'), '--storage', azurite.connectionString, '--json'];
    const { stdout } = await hsmkeep(args);
    expect(JSON.parse(stdout).value).toMatchObject([
      { folder: damaged, status: 'damaged', proof: 'L0', problem: { hint: expect.stringContaining('hsmkeep backup adopt') } },
      { folder: sound, status: 'complete', proof: 'L1' },
    ]);
    expect(JSON.parse(await textOf(sound)).seal).toMatch(/^[0-9a-f]{64}$/);
    expect(await textOf(damaged)).toBe(changed);
  });

  test('takes the storage of the local stack when none is named', async () => {
    const { cwd } = folderWithReadyFile('http://127.0.0.1:1', { storageConnectionString: azurite.connectionString });
    const args = ['catalogue', 'rebuild', 'CONTOSO-HSM', '--config', configFile('backups'), '--ready-file', 'ready.json', '--json'];
    const { stdout } = await hsmkeep(args, { cwd });
    expect(JSON.parse(stdout).value).toMatchObject([{ folder: FOLDER, status: 'unrecorded' }]);
  });

  test('exits 1 and says what to do when a container is not there', async () => {
    const args = ['catalogue', 'rebuild', '--config', configFile('missing'), '--storage', azurite.connectionString];
    const { code, stderr } = await hsmkeep(args);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^error: contoso-hsm: .+\n {2}.+/) });
  });

  test.each([
    ['no account is named', [], 'HSMKEEP_STORAGE'],
    ['an HSM is not configured', ['other-hsm'], 'Configured are: contoso-hsm.'],
  ])('exits 2 when %s', async (_when, args, said) => {
    const { code, stderr } = await hsmkeep(['catalogue', 'rebuild', ...args, '--config', configFile('backups')]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(said) });
  });
});
