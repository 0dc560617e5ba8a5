import type { OperationOptions } from '@azure-rest/core-client';
import type { AdminClientOptions } from './client-options.ts';

/** Options of {@link KeyVaultBackupClient}. */
export interface KeyVaultBackupClientOptions extends AdminClientOptions {}

/**
 * Options of every method that begins a job. `requestOptions` and `abortSignal` hold for the start and for the polls;
 * `onResponse` sees the answer to the start (its `Date`, `Retry-After` and `azure-asyncoperation` headers).
 */
export interface KeyVaultBackupPollerOptions extends OperationOptions {
  /** Pause of `pollUntilDone` between two polls in milliseconds, until the HSM asks for another one; by default 2000. */
  intervalInMs?: number;
  /** What an earlier poller's `toString()` gave. Nothing is started: the poller goes on watching that job. */
  resumeFrom?: string;
}

/** Options of `beginBackup`. */
export interface KeyVaultBeginBackupOptions extends KeyVaultBackupPollerOptions {}
/** Options of `beginPreBackup`. */
export interface KeyVaultBeginPreBackupOptions extends KeyVaultBackupPollerOptions {}
/** Options of `beginRestore`. */
export interface KeyVaultBeginRestoreOptions extends KeyVaultBackupPollerOptions {}
/** Options of `beginPreRestore`. */
export interface KeyVaultBeginPreRestoreOptions extends KeyVaultBackupPollerOptions {}
/** Options of `beginSelectiveKeyRestore`. */
export interface KeyVaultBeginSelectiveKeyRestoreOptions extends KeyVaultBackupPollerOptions {}

/** What a finished backup left. */
export interface KeyVaultBackupResult {
  /** URL of the folder in the container, without a signature; absent after a pre-backup check. Fits `beginRestore` as it is. */
  folderUri?: string;
  startTime?: Date;
  endTime?: Date;
}

/** When a restore began and ended. */
export interface KeyVaultRestoreResult {
  startTime?: Date;
  endTime?: Date;
}

/** When the restore of a key began and ended. How many versions came back is in the state's `statusDetails`. */
export interface KeyVaultSelectiveKeyRestoreResult {
  startTime?: Date;
  endTime?: Date;
}

/** `notStarted`, `running`, `succeeded`, `canceled` or `failed`. */
export type OperationStatus = string;

/** A job as its last poll, or the answer to its start, showed it. */
export interface KeyVaultAdminPollOperationState<TResult> {
  status: OperationStatus;
  /** 32 hexadecimal digits. */
  jobId?: string;
  /** The HSM has accepted the job. */
  isStarted?: boolean;
  /** The job has ended, well or not. */
  isCompleted?: boolean;
  startTime?: Date;
  endTime?: Date;
  /** The HSM's words on the outcome. */
  statusDetails?: string;
  /** Why the job failed. */
  error?: Error;
  /** Present once the job has succeeded. */
  result?: TResult;
}

/** State of a backup or a pre-backup check. */
export type KeyVaultBackupOperationState = KeyVaultAdminPollOperationState<KeyVaultBackupResult>;
/** State of a full restore or a pre-restore check. */
export interface KeyVaultRestoreOperationState extends KeyVaultAdminPollOperationState<KeyVaultRestoreResult> {}
/** State of the restore of one key. */
export interface KeyVaultSelectiveKeyRestoreOperationState extends KeyVaultAdminPollOperationState<KeyVaultSelectiveKeyRestoreResult> {}
