/**
 * Administration of a Managed HSM: backup and restore, role-based access control, settings. The same classes, methods,
 * options and results as `@azure/keyvault-admin` 4.7, so that either serves behind `#keyvault-admin`.
 *
 * Knowing differences from the official client:
 * - A request that starts a job is never retried or redirected.
 * - A poll that got no answer about the job (a broken connection, 403, 404, 5xx) rejects, but leaves the state `running`.
 * - `jobId`, `isStarted` and `startTime` are in the state as soon as a begin method resolves.
 * - `toString()` keeps the error of a failed job, and `resumeFrom` revives dates and errors.
 * - Signatures are taken out of errors and states; URLs of jobs and pages on another host are not followed.
 * - An answer that does not describe a job is an error; it does not count as success.
 */
export { KeyVaultAccessControlClient } from './access-control-client.ts';
export { KnownKeyVaultDataAction, KnownKeyVaultRoleScope } from './access-control-constants.ts';
export type * from './access-control-models.ts';
export { KeyVaultBackupClient } from './backup-client.ts';
export type * from './backup-models.ts';
export type { CancelOnProgress, PollerLike } from './poller-like.ts';
export { KeyVaultSettingsClient } from './settings-client.ts';
export type * from './settings-models.ts';
export { isBooleanSetting } from './settings-models.ts';
export { LATEST_API_VERSION, SDK_VERSION, type SUPPORTED_API_VERSIONS } from './versions.ts';
