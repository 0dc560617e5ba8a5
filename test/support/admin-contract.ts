import { randomBytes, randomUUID } from 'node:crypto';
import type { TokenCredential } from '@azure/core-auth';
import { KeyClient } from '@azure/keyvault-keys';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  isBooleanSetting,
  KeyVaultAccessControlClient,
  KeyVaultBackupClient,
  type KeyVaultBackupClientOptions,
  type KeyVaultBeginBackupOptions,
  KeyVaultSettingsClient,
  KnownKeyVaultDataAction,
  KnownKeyVaultRoleScope,
} from '#keyvault-admin';

/** A Managed HSM that the contract may change at will, full restore included, and a container for its backups. */
export type AdminTarget = Readonly<{
  /** The HSM's address. */
  url: string;
  /** Of an administrator who may also create, delete and purge keys. */
  credential: TokenCredential;
  /** What the clients need to reach it: trust, challenge verification, retries. */
  clientOptions: Pick<KeyVaultBackupClientOptions, 'tlsOptions' | 'disableChallengeResourceVerification' | 'retryOptions'>;
  /** URL of a container that the HSM's own identity may write to. */
  containerUrl: string;
  /** Makes a signature that lets the HSM read, write, list and delete in that container. Without the question mark. */
  sasToken(): Promise<string>;
}>;

const ADMINISTRATION_SETTING = 'AllowKeyManagementOperationsThroughARM';
const SAS_WITHOUT_EXPIRY = 'sv=2024-11-04&sr=c&sp=rcwdl&sig=bm90LWEtc2lnbmF0dXJl';
const BACKUP_FOLDER = /\/mhsm-[a-z0-9-]+-\d{16}$/;
const POLL = { intervalInMs: 100 };

/**
 * What the app expects of an administration client, whichever `#keyvault-admin` resolves to, against a service that behaves
 * like the real one. Every test makes what it needs.
 *
 * @param open Called once, before the first test; `close` is called after the last one.
 */
export function describeAdminContract(name: string, open: () => Promise<Readonly<{ target: AdminTarget; close(): Promise<void> }>>): void {
  describe(name, () => {
    let target: AdminTarget;
    let close = async () => {};
    beforeAll(async () => ({ target, close } = await open()));
    afterAll(() => close());

    describeAccessControl(() => target);
    describeSettings(() => target);
    describeBackups(() => target);
  });
}

function describeAccessControl(target: () => AdminTarget): void {
  const client = () => new KeyVaultAccessControlClient(target().url, target().credential, target().clientOptions);
  const permissions = [{ dataActions: [KnownKeyVaultDataAction.StartHsmBackup, KnownKeyVaultDataAction.ReadHsmBackupStatus] }];

  describe('role definitions', () => {
    test('the built-in roles are listed', async () => {
      const roles = await all(client().listRoleDefinitions(KnownKeyVaultRoleScope.Global));
      const backupUser = roles.find(({ roleName }) => roleName === 'Managed HSM Backup User');
      expect(backupUser).toMatchObject({
        roleType: 'AKVBuiltInRole',
        kind: 'Microsoft.Authorization/roleDefinitions',
        assignableScopes: ['/'],
      });
      expect(backupUser?.permissions[0]?.dataActions).toContain(KnownKeyVaultDataAction.StartHsmBackup);
    });

    test('a role is made under a new GUID, read and listed', async () => {
      const made = await client().setRoleDefinition('/', { roleName: 'Night backup', description: 'may start backups', permissions });
      expect(made).toMatchObject({ roleName: 'Night backup', description: 'may start backups', roleType: 'CustomRole' });
      expect(await client().getRoleDefinition('/', made.name)).toEqual(made);
      expect(await all(client().listRoleDefinitions('/'))).toContainEqual(made);
    });

    test('a role is replaced as a whole', async () => {
      const roleDefinitionName = randomUUID();
      await client().setRoleDefinition('/', { roleDefinitionName, roleName: 'First', description: 'old', permissions });
      await client().setRoleDefinition('/', { roleDefinitionName, roleName: 'Second', permissions: [] });
      expect(await client().getRoleDefinition('/', roleDefinitionName)).toMatchObject({ roleName: 'Second', description: '' });
    });

    test('a role is deleted, and deleting it again resolves', async () => {
      const { name } = await client().setRoleDefinition('/', { roleName: 'Short-lived', permissions });
      await client().deleteRoleDefinition('/', name);
      await expect(client().getRoleDefinition('/', name)).rejects.toMatchObject({ statusCode: 404, code: 'RoleDefinitionNotFound' });
      await client().deleteRoleDefinition('/', name);
    });
  });

  describe('role assignments', () => {
    const assign = async (scope: string) => {
      const { id } = await client().setRoleDefinition('/', { roleName: 'Assigned', permissions });
      const [name, principalId] = [randomUUID(), randomUUID()];
      return { id, principalId, made: await client().createRoleAssignment(scope, name, id, principalId) };
    };

    test('an assignment is made, read and listed', async () => {
      const { id, principalId, made } = await assign(KnownKeyVaultRoleScope.Keys);
      expect(made).toMatchObject({
        kind: 'Microsoft.Authorization/roleAssignments',
        properties: { principalId, roleDefinitionId: id, scope: '/keys' },
      });
      expect(await client().getRoleAssignment('/keys', made.name)).toEqual(made);
      expect(await all(client().listRoleAssignments('/'))).toContainEqual(made);
    });

    test('the same assignment under another name is refused', async () => {
      const { id, principalId } = await assign('/');
      const again = client().createRoleAssignment('/', randomUUID(), id, principalId);
      await expect(again).rejects.toMatchObject({ statusCode: 400, code: 'MatchingRoleAssignmentExists' });
    });

    test('an assignment is deleted, and deleting it again resolves', async () => {
      const { made } = await assign('/');
      await client().deleteRoleAssignment('/', made.name);
      await expect(client().getRoleAssignment('/', made.name)).rejects.toMatchObject({ statusCode: 404, code: 'RoleAssignmentNotFound' });
      await client().deleteRoleAssignment('/', made.name);
    });
  });
}

function describeSettings(target: () => AdminTarget): void {
  const client = () => new KeyVaultSettingsClient(target().url, target().credential, target().clientOptions);

  describe('settings', () => {
    test('are listed and read, booleans as booleans', async () => {
      const { settings } = await client().getSettings();
      const setting = await client().getSetting(ADMINISTRATION_SETTING);
      expect(settings).toContainEqual(setting);
      expect(isBooleanSetting(setting)).toBe(true);
    });

    test('are changed and stay changed', async () => {
      const setting = await client().getSetting(ADMINISTRATION_SETTING);
      const changed = await client().updateSetting({ ...setting, value: !setting.value });
      expect(changed.value).toBe(!setting.value);
      expect(await client().getSetting(ADMINISTRATION_SETTING)).toEqual(changed);
    });

    test('an unknown one is an error of the service', async () => {
      await expect(client().getSetting('NoSuchSetting')).rejects.toMatchObject({ statusCode: 400, code: 'InvalidSetting' });
    });
  });
}

function describeBackups(target: () => AdminTarget): void {
  const client = () => new KeyVaultBackupClient(target().url, target().credential, target().clientOptions);
  const keys = () => new KeyClient(target().url, target().credential, target().clientOptions);
  const container = () => target().containerUrl;
  const newKey = async () => (await keys().createRsaKey(`key-${randomBytes(4).toString('hex')}`)).name;
  const purge = async (name: string) => {
    await (await keys().beginDeleteKey(name, POLL)).pollUntilDone();
    await keys().purgeDeletedKey(name);
  };
  const backUp = async (): Promise<string> => {
    const { folderUri } = await (await client().beginBackup(container(), POLL)).pollUntilDone();
    if (!folderUri) throw new Error('The backup names no folder.');
    return folderUri;
  };

  describe('backups', () => {
    test('by the identity of the HSM name their folder in the container', async () => {
      const poller = await client().beginBackup(container(), POLL);
      const result = await poller.pollUntilDone();
      expect(result.folderUri?.startsWith(`${container()}/mhsm-`)).toBe(true);
      expect(result.folderUri).toMatch(BACKUP_FOLDER);
      expect(result.endTime?.getTime()).toBeGreaterThanOrEqual(result.startTime?.getTime() ?? Number.NaN);
      expect(poller.getOperationState()).toMatchObject({
        status: 'succeeded',
        isCompleted: true,
        jobId: expect.stringMatching(/^[0-9a-f]{32}$/),
      });
      expect(poller.getResult()).toEqual(result);
    });

    test('by a signature name their folder without it', async () => {
      const sas = await target().sasToken();
      const poller = await client().beginBackup(container(), sas, POLL);
      const { folderUri } = await poller.pollUntilDone();
      expect(folderUri).toMatch(BACKUP_FOLDER);
      expect(poller.toString()).not.toContain('sig=');
    });

    test('the answer to the start can be read for its headers', async () => {
      const answers: [number, string | undefined, string | undefined][] = [];
      const onResponse: KeyVaultBeginBackupOptions['onResponse'] = ({ status, headers }) => {
        answers.push([status, headers.get('date'), headers.get('azure-asyncoperation')]);
      };
      const poller = await client().beginBackup(container(), { ...POLL, onResponse });
      await poller.pollUntilDone();
      expect(answers[0]).toEqual([202, expect.any(String), expect.stringMatching(/\/backup\/[0-9a-f]{32}\/pending$/)]);
    });

    test('can be watched one poll at a time, by another poller, without a second backup', async () => {
      const first = await client().beginBackup(container(), POLL);
      await first.poll();
      const resumed = await client().beginBackup(container(), { ...POLL, resumeFrom: first.toString() });
      await resumed.poll();
      expect(resumed.getOperationState()).toMatchObject({ isStarted: true, jobId: first.getOperationState().jobId });
      expect((await resumed.pollUntilDone()).folderUri).toBe((await first.pollUntilDone()).folderUri);
    });

    test('with a malformed signature are refused at the start', async () => {
      await expect(client().beginBackup(container(), SAS_WITHOUT_EXPIRY)).rejects.toThrow(/SAS token/);
    });

    test('can be checked beforehand, which leaves no folder', async () => {
      const poller = await client().beginPreBackup(container(), POLL);
      expect((await poller.pollUntilDone()).folderUri).toBeUndefined();
    });

    test('the check of a malformed signature fails as a job', async () => {
      const poller = await client().beginPreBackup(container(), SAS_WITHOUT_EXPIRY, POLL);
      await expect(poller.pollUntilDone()).rejects.toThrow(/SAS token/);
      expect(poller.isDone()).toBe(true);
    });
  });

  describe('restores', () => {
    test('take a backup back as its result named it', async () => {
      const kept = await newKey();
      const folderUri = await backUp();
      const lost = await newKey();

      const poller = await client().beginRestore(folderUri, POLL);
      const result = await poller.pollUntilDone();
      expect(result.endTime?.getTime()).toBeGreaterThanOrEqual(result.startTime?.getTime() ?? Number.NaN);
      expect(await keys().getKey(kept)).toMatchObject({ name: kept });
      await expect(keys().getKey(lost)).rejects.toMatchObject({ statusCode: 404 });
    });

    test('by a signature work too', async () => {
      const folderUri = await backUp();
      const poller = await client().beginRestore(folderUri, await target().sasToken(), POLL);
      await poller.pollUntilDone();
      expect(poller.getOperationState().status).toBe('succeeded');
    });

    test('can be checked beforehand', async () => {
      const poller = await client().beginPreRestore(await backUp(), POLL);
      await poller.pollUntilDone();
      expect(poller.getOperationState().status).toBe('succeeded');
    });

    test('of one key bring it back after it was purged', async () => {
      const name = await newKey();
      const { properties } = await keys().getKey(name);
      const folderUri = await backUp();
      await purge(name);

      const poller = await client().beginSelectiveKeyRestore(name, folderUri, POLL);
      await poller.pollUntilDone();
      expect((await keys().getKey(name)).properties.version).toBe(properties.version);
    });

    test('of one key that still exists succeed and say that nothing was restored', async () => {
      const name = await newKey();
      const poller = await client().beginSelectiveKeyRestore(name, await backUp(), POLL);
      await poller.pollUntilDone();
      expect(poller.getOperationState().statusDetails).toMatch(/restored: 0\b/);
    });

    test('of a key that the backup lacks fail', async () => {
      const folderUri = await backUp();
      const poller = await client().beginSelectiveKeyRestore('never-made', folderUri, POLL);
      await expect(poller.pollUntilDone()).rejects.toThrow(/NOT found/);
    });

    test('from a URL without a folder are refused before anything is sent', async () => {
      await expect((async () => client().beginRestore(`${container()}/`))()).rejects.toThrow('missing the folder name');
    });
  });
}

async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}
