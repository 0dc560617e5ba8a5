import type { TokenCredential } from '@azure/core-auth';
import type {
  KeyVaultBackupClientOptions,
  KeyVaultBackupOperationState,
  KeyVaultBackupPollerOptions,
  KeyVaultBackupResult,
  KeyVaultBeginBackupOptions,
  KeyVaultBeginPreBackupOptions,
  KeyVaultBeginPreRestoreOptions,
  KeyVaultBeginRestoreOptions,
  KeyVaultBeginSelectiveKeyRestoreOptions,
  KeyVaultRestoreOperationState,
  KeyVaultRestoreResult,
  KeyVaultSelectiveKeyRestoreOperationState,
  KeyVaultSelectiveKeyRestoreResult,
} from './backup-models.ts';
import { beginJob } from './begin-job.ts';
import { type Connection, connect } from './connection.ts';
import { parseFolderUri } from './folder-uri.ts';
import type { Job } from './job.ts';
import { segment } from './paths.ts';
import type { PollerLike } from './poller-like.ts';

type BackupPoller = PollerLike<KeyVaultBackupOperationState, KeyVaultBackupResult>;
type RestorePoller = PollerLike<KeyVaultRestoreOperationState, KeyVaultRestoreResult>;
type SelectiveKeyRestorePoller = PollerLike<KeyVaultSelectiveKeyRestoreOperationState, KeyVaultSelectiveKeyRestoreResult>;

/**
 * Backs a Managed HSM up to a blob container and restores it from there.
 *
 * Every method exists with a shared access signature (`sasToken`, without the question mark) and without: then the HSM uses
 * its own managed identity. Each resolves with a poller once the HSM has accepted the job. **The request that starts a job is
 * never repeated**: when it rejects without an answer of the HSM, the job may run, and the caller has to find out.
 *
 * @see https://learn.microsoft.com/azure/key-vault/managed-hsm/backup-restore
 */
export class KeyVaultBackupClient {
  /** The HSM's address, as given. */
  readonly vaultUrl: string;
  readonly #connection: Connection;

  /** @param vaultUrl `https://<hsm>.managedhsm.azure.net` */
  constructor(vaultUrl: string, credential: TokenCredential, options: KeyVaultBackupClientOptions = {}) {
    this.vaultUrl = vaultUrl;
    this.#connection = connect(vaultUrl, credential, options);
  }

  /**
   * Writes a full backup into a new folder of a container; the poller's result names the folder.
   *
   * @param blobStorageUri URL of the container.
   * @throws {RestError} 409 while another backup or restore runs; 400 for a malformed signature
   */
  beginBackup(blobStorageUri: string, sasToken: string, options?: KeyVaultBeginBackupOptions): Promise<BackupPoller>;
  beginBackup(blobStorageUri: string, options?: KeyVaultBeginBackupOptions): Promise<BackupPoller>;
  beginBackup(blobStorageUri: string, ...rest: SasAndOptions): Promise<BackupPoller> {
    return this.#beginBackupKind('/backup', blobStorageUri, rest);
  }

  /**
   * Checks that a backup would work, without making one.
   *
   * @param blobStorageUri URL of the container.
   * @throws {RestError} 409 while another backup or restore runs
   */
  beginPreBackup(blobStorageUri: string, sasToken: string, options?: KeyVaultBeginPreBackupOptions): Promise<BackupPoller>;
  beginPreBackup(blobStorageUri: string, options?: KeyVaultBeginPreBackupOptions): Promise<BackupPoller>;
  beginPreBackup(blobStorageUri: string, ...rest: SasAndOptions): Promise<BackupPoller> {
    return this.#beginBackupKind('/prebackup', blobStorageUri, rest);
  }

  /**
   * Replaces everything in the HSM, role assignments included, by a full backup.
   *
   * @param folderUri `folderUri` of a backup's result.
   * @throws {Error} when the URL names no folder; {RestError} as {@link beginBackup}
   */
  beginRestore(folderUri: string, sasToken: string, options?: KeyVaultBeginRestoreOptions): Promise<RestorePoller>;
  beginRestore(folderUri: string, options?: KeyVaultBeginRestoreOptions): Promise<RestorePoller>;
  beginRestore(folderUri: string, ...rest: SasAndOptions): Promise<RestorePoller> {
    return this.#beginRestoreKind('/restore', folderUri, 'folderToRestore', rest);
  }

  /**
   * Checks that a full restore would work, without making one.
   *
   * @param folderUri `folderUri` of a backup's result.
   * @throws {Error} when the URL names no folder; {RestError} 409 while another backup or restore runs
   */
  beginPreRestore(folderUri: string, sasToken: string, options?: KeyVaultBeginPreRestoreOptions): Promise<RestorePoller>;
  beginPreRestore(folderUri: string, options?: KeyVaultBeginPreRestoreOptions): Promise<RestorePoller>;
  beginPreRestore(folderUri: string, ...rest: SasAndOptions): Promise<RestorePoller> {
    return this.#beginRestoreKind('/prerestore', folderUri, 'folderToRestore', rest);
  }

  /**
   * Brings one key back from a full backup, with all its versions. A key that still exists is left alone: then the job
   * succeeds, and its `statusDetails` tell of 0 restored versions.
   *
   * @param folderUri `folderUri` of a backup's result.
   * @throws {Error} when the URL names no folder or the key has no name; {RestError} as {@link beginBackup}
   */
  beginSelectiveKeyRestore(
    keyName: string,
    folderUri: string,
    sasToken: string,
    options?: KeyVaultBeginSelectiveKeyRestoreOptions,
  ): Promise<SelectiveKeyRestorePoller>;
  beginSelectiveKeyRestore(
    keyName: string,
    folderUri: string,
    options?: KeyVaultBeginSelectiveKeyRestoreOptions,
  ): Promise<SelectiveKeyRestorePoller>;
  async beginSelectiveKeyRestore(keyName: string, folderUri: string, ...rest: SasAndOptions): Promise<SelectiveKeyRestorePoller> {
    return this.#beginRestoreKind(`/keys/${segment(keyName, 'key name')}/restore`, folderUri, 'folder', rest);
  }

  async #beginBackupKind(path: string, blobStorageUri: string, rest: SasAndOptions): Promise<BackupPoller> {
    const { sasToken, options } = splitSasAndOptions(rest);
    const body = storage(blobStorageUri, sasToken);
    return beginJob(
      this.#connection,
      { start: { method: 'post', path, body, watchedAt: 'backup' }, sasToken, toResult: toBackupResult },
      options,
    );
  }

  async #beginRestoreKind(
    path: string,
    folderUri: string,
    folderField: 'folderToRestore' | 'folder',
    rest: SasAndOptions,
  ): Promise<RestorePoller> {
    const { sasToken, options } = splitSasAndOptions(rest);
    const { storageUri, folderName } = parseFolderUri(folderUri);
    const body = { sasTokenParameters: storage(storageUri, sasToken), [folderField]: folderName };
    return beginJob(
      this.#connection,
      { start: { method: 'put', path, body, watchedAt: 'restore' }, sasToken, toResult: toRestoreResult },
      options,
    );
  }
}

/** The end of every method's arguments: `sasToken` may be left out, or be undefined. */
type SasAndOptions = [sasTokenOrOptions?: string | KeyVaultBackupPollerOptions, options?: KeyVaultBackupPollerOptions];

function splitSasAndOptions([first, second]: SasAndOptions): { sasToken: string | undefined; options: KeyVaultBackupPollerOptions } {
  return typeof first === 'string' ? { sasToken: first, options: second ?? {} } : { sasToken: undefined, options: first ?? second ?? {} };
}

/** A container as the wire names it. Without a signature the HSM uses its managed identity; an empty one is still a signature. */
function storage(storageResourceUri: string, sasToken: string | undefined) {
  return sasToken === undefined
    ? { storageResourceUri, useManagedIdentity: true }
    : { storageResourceUri, token: sasToken, useManagedIdentity: false };
}

function toBackupResult(job: Job): KeyVaultBackupResult {
  return { ...(job.folderUri && { folderUri: job.folderUri }), ...toRestoreResult(job) };
}

function toRestoreResult({ startTime, endTime }: Job): KeyVaultRestoreResult {
  return { ...(startTime && { startTime }), ...(endTime && { endTime }) };
}
