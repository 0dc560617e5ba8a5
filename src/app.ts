import { acquireLock } from './activities/acquire-lock.ts';
import { addProof } from './activities/add-proof.ts';
import { checkBackupJob } from './activities/check-backup-job.ts';
import { checkRestoreJob } from './activities/check-restore-job.ts';
import { chooseBackup } from './activities/choose-backup.ts';
import { clearStaging } from './activities/clear-staging.ts';
import type { Activity } from './activities/define-activity.ts';
import { findNewFolders } from './activities/find-new-folders.ts';
import { fingerprintFolder } from './activities/fingerprint-folder.ts';
import { hashFolder } from './activities/hash-folder.ts';
import { noteLockStep } from './activities/note-lock-step.ts';
import { releaseLock } from './activities/release-lock.ts';
import { saveRun } from './activities/save-run.ts';
import { sealInventory } from './activities/seal-inventory.ts';
import { sealManifest } from './activities/seal-manifest.ts';
import { startBackup } from './activities/start-backup.ts';
import { startPreBackup } from './activities/start-pre-backup.ts';
import { startPreRestore } from './activities/start-pre-restore.ts';
import { storeIntent } from './activities/store-intent.ts';
import { takeInventory } from './activities/take-inventory.ts';
import { writeRecord } from './activities/write-record.ts';
import type { Route } from './functions/define-route.ts';
import { health } from './functions/health.ts';
import { hsmBackup, hsmBackups } from './functions/hsm-backups.ts';
import { hsmPreRestore } from './functions/hsm-pre-restore.ts';
import { hsm, hsms } from './functions/hsms.ts';
import { run, runs } from './functions/runs.ts';
import { backupHsm } from './orchestrators/backup-hsm.ts';
import type { Orchestrator } from './orchestrators/durable.ts';
import { preRestoreBackup } from './orchestrators/pre-restore-backup.ts';

/** Every orchestrator, under its registered name. */
export const ORCHESTRATORS: readonly Orchestrator<never>[] = [
  backupHsm,
  preRestoreBackup,
] as readonly Orchestrator<unknown>[] as readonly Orchestrator<never>[];

/** Every activity, under its registered name. */
export const ACTIVITIES = [
  acquireLock,
  addProof,
  checkBackupJob,
  checkRestoreJob,
  chooseBackup,
  clearStaging,
  findNewFolders,
  fingerprintFolder,
  hashFolder,
  noteLockStep,
  releaseLock,
  saveRun,
  sealInventory,
  sealManifest,
  startBackup,
  startPreBackup,
  startPreRestore,
  storeIntent,
  takeInventory,
  writeRecord,
] as readonly Activity<never, unknown>[];

/** Every HTTP route; the API's description is added when they are registered. */
export const ROUTES: readonly Route[] = [health, hsms, hsm, hsmBackups, hsmBackup, hsmPreRestore, runs, run];
