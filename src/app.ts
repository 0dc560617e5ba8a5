import { acquireLock } from './activities/acquire-lock.ts';
import { addProof } from './activities/add-proof.ts';
import { applySecret } from './activities/apply-secret.ts';
import { auditRun } from './activities/audit-run.ts';
import { checkAdoption } from './activities/check-adoption.ts';
import { checkBackupJob } from './activities/check-backup-job.ts';
import { checkRestoreApproval } from './activities/check-restore-approval.ts';
import { checkRestoreJob } from './activities/check-restore-job.ts';
import { checkRestoreOutcome } from './activities/check-restore-outcome.ts';
import { checkSafetyBackup } from './activities/check-safety-backup.ts';
import { chooseBackup } from './activities/choose-backup.ts';
import { chooseDrill } from './activities/choose-drill.ts';
import { clearStaging } from './activities/clear-staging.ts';
import { closeSecret } from './activities/close-secret.ts';
import { compareRestored } from './activities/compare-restored.ts';
import { confirmSecret } from './activities/confirm-secret.ts';
import { copyFolder } from './activities/copy-folder.ts';
import type { Activity } from './activities/define-activity.ts';
import { dropLanding } from './activities/drop-landing.ts';
import { escrowSecret } from './activities/escrow-secret.ts';
import { findDueSecrets } from './activities/find-due-secrets.ts';
import { findGoodBackup } from './activities/find-good-backup.ts';
import { findNewFolders } from './activities/find-new-folders.ts';
import { findUncopied } from './activities/find-uncopied.ts';
import { fingerprintFolder } from './activities/fingerprint-folder.ts';
import { hashFolder } from './activities/hash-folder.ts';
import { holdRestoreBackup } from './activities/hold-restore-backup.ts';
import { judgeRestore } from './activities/judge-restore.ts';
import { keepDrillContent } from './activities/keep-drill-content.ts';
import { landCopy } from './activities/land-copy.ts';
import { markBackups } from './activities/mark-backups.ts';
import { noteCopy } from './activities/note-copy.ts';
import { noteDispatch } from './activities/note-dispatch.ts';
import { noteLockStep } from './activities/note-lock-step.ts';
import { obtainSecret } from './activities/obtain-secret.ts';
import { planHsmRetention } from './activities/plan-hsm-retention.ts';
import { proveCanary } from './activities/prove-canary.ts';
import { pruneBackup } from './activities/prune-backup.ts';
import { pruneCopy } from './activities/prune-copy.ts';
import { publishSecret } from './activities/publish-secret.ts';
import { purgeCanary } from './activities/purge-canary.ts';
import { queueNotices } from './activities/queue-notices.ts';
import { reconcileSecret } from './activities/reconcile-secret.ts';
import { releaseLock } from './activities/release-lock.ts';
import { repairRoles } from './activities/repair-roles.ts';
import { replanRestore } from './activities/replan-restore.ts';
import { requestSafetyBackup } from './activities/request-safety-backup.ts';
import { retireOldSecret } from './activities/retire-old-secret.ts';
import { saveRun } from './activities/save-run.ts';
import { sealCopy } from './activities/seal-copy.ts';
import { sealInventory } from './activities/seal-inventory.ts';
import { sealManifest } from './activities/seal-manifest.ts';
import { sendNotice } from './activities/send-notice.ts';
import { startBackup } from './activities/start-backup.ts';
import { startPreBackup } from './activities/start-pre-backup.ts';
import { startPreRestore } from './activities/start-pre-restore.ts';
import { startRestore } from './activities/start-restore.ts';
import { storeIntent } from './activities/store-intent.ts';
import { takeDueSecrets } from './activities/take-due-secrets.ts';
import { takeInventory } from './activities/take-inventory.ts';
import { useRetentionApproval } from './activities/use-retention-approval.ts';
import { verifyBackup } from './activities/verify-backup.ts';
import { writeRecord } from './activities/write-record.ts';
import { audit } from './functions/audit.ts';
import type { Route } from './functions/define-route.ts';
import { health } from './functions/health.ts';
import { hsmBackupAdopt } from './functions/hsm-backup-adopt.ts';
import { hsmBackupHold } from './functions/hsm-backup-hold.ts';
import { hsmBackupUndo } from './functions/hsm-backup-undo.ts';
import { hsmBackup, hsmBackups } from './functions/hsm-backups.ts';
import { hsmDrill } from './functions/hsm-drill.ts';
import { hsmPreRestore } from './functions/hsm-pre-restore.ts';
import { hsm, hsms } from './functions/hsms.ts';
import { hsmRestores, restore } from './functions/restores.ts';
import { restoreApprove, restoreReject } from './functions/restores-decide.ts';
import { restoreExecute } from './functions/restores-execute.ts';
import { retentionApprove } from './functions/retention-approve.ts';
import { retentionPreview } from './functions/retention-preview.ts';
import { run, runs } from './functions/runs.ts';
import { secretManagement } from './functions/secret-management.ts';
import { secretRepair, secretResume } from './functions/secret-mend.ts';
import { secretRotate } from './functions/secret-rotate.ts';
import { secret, secrets } from './functions/secrets.ts';
import { adoptBackup } from './orchestrators/adopt-backup.ts';
import { backupHsm } from './orchestrators/backup-hsm.ts';
import { copyBackups } from './orchestrators/copy-backups.ts';
import { drillHsm } from './orchestrators/drill-hsm.ts';
import type { Orchestrator } from './orchestrators/durable.ts';
import { preRestoreBackup } from './orchestrators/pre-restore-backup.ts';
import { restoreHsm } from './orchestrators/restore-hsm.ts';
import { retireSecret } from './orchestrators/retire-secret.ts';
import { rotateSecret } from './orchestrators/rotate-secret.ts';
import { sweepSecrets } from './orchestrators/sweep-secrets.ts';

/** Every orchestrator, under its registered name. */
export const ORCHESTRATORS: readonly Orchestrator<never>[] = [
  adoptBackup,
  backupHsm,
  copyBackups,
  drillHsm,
  preRestoreBackup,
  restoreHsm,
  retireSecret,
  rotateSecret,
  sweepSecrets,
] as readonly Orchestrator<unknown>[] as readonly Orchestrator<never>[];

/** Every activity, under its registered name. */
export const ACTIVITIES = [
  acquireLock,
  addProof,
  applySecret,
  checkAdoption,
  auditRun,
  checkBackupJob,
  checkRestoreApproval,
  checkRestoreJob,
  checkRestoreOutcome,
  checkSafetyBackup,
  chooseBackup,
  chooseDrill,
  clearStaging,
  closeSecret,
  compareRestored,
  confirmSecret,
  copyFolder,
  dropLanding,
  escrowSecret,
  findDueSecrets,
  findGoodBackup,
  findNewFolders,
  findUncopied,
  fingerprintFolder,
  hashFolder,
  holdRestoreBackup,
  judgeRestore,
  keepDrillContent,
  landCopy,
  markBackups,
  noteCopy,
  noteDispatch,
  noteLockStep,
  obtainSecret,
  planHsmRetention,
  proveCanary,
  pruneBackup,
  pruneCopy,
  publishSecret,
  purgeCanary,
  queueNotices,
  reconcileSecret,
  releaseLock,
  repairRoles,
  replanRestore,
  requestSafetyBackup,
  retireOldSecret,
  saveRun,
  sealCopy,
  sealInventory,
  sealManifest,
  sendNotice,
  startBackup,
  startPreBackup,
  startPreRestore,
  startRestore,
  storeIntent,
  takeDueSecrets,
  takeInventory,
  useRetentionApproval,
  verifyBackup,
  writeRecord,
] as readonly Activity<never, unknown>[];

/** Every HTTP route; the API's description is added when they are registered. */
export const ROUTES: readonly Route[] = [
  health,
  hsms,
  hsm,
  hsmBackups,
  hsmBackup,
  hsmBackupHold,
  hsmBackupUndo,
  hsmBackupAdopt,
  retentionPreview,
  retentionApprove,
  hsmPreRestore,
  hsmDrill,
  hsmRestores,
  restore,
  restoreApprove,
  restoreReject,
  restoreExecute,
  runs,
  run,
  audit,
  secrets,
  secret,
  secretRotate,
  secretRepair,
  secretResume,
  secretManagement,
];
