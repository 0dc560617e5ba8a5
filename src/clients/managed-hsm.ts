import type { HsmJob, JobCheck, JobStart } from '../domain/job.ts';
import type { CanaryKeys } from './canary-keys.ts';

/** The container that an HSM reads or writes, and how it may. */
export type BackupTarget = Readonly<{ container: string; auth: 'managedIdentity' | Readonly<{ sas: string }> }>;

export type KeyVersionFacts = Readonly<{ version: string; enabled: boolean; createdAt: string | null; updatedAt: string | null }>;
export type KeyFacts = Readonly<{ name: string; tags: Readonly<Record<string, string>>; versions: readonly KeyVersionFacts[] }>;
export type DeletedKeyFacts = Readonly<{ name: string; deletedAt: string | null; purgeAt: string | null }>;
export type RoleDefinitionFacts = Readonly<{ name: string; roleName: string; custom: boolean; permissions: readonly unknown[] }>;
export type RoleAssignmentFacts = Readonly<{ name: string; principalId: string; roleDefinitionId: string; scope: string }>;
/** `purgeable`: it may be purged before its time, because purge protection is off. */
export type DeletedKeyState = DeletedKeyFacts & Readonly<{ purgeable: boolean }>;
export type SettingFacts = Readonly<{ name: string; value: string }>;

/**
 * One Managed HSM, as one duty may use it.
 *
 * The start methods return every outcome. The others throw {@link RefusedError} when the HSM says no and
 * {@link TransientError} when a retry may help; they are safe to repeat. Everything has a deadline.
 */
export interface ManagedHsm {
  readonly name: string;
  /** The key that drills bring back. */
  readonly canary: CanaryKeys;
  startPreBackup(target: BackupTarget): Promise<JobStart>;
  startBackup(target: BackupTarget): Promise<JobStart>;
  startPreRestore(target: BackupTarget, folder: string): Promise<JobStart>;
  /** Replaces all that the HSM holds. */
  startRestore(target: BackupTarget, folder: string): Promise<JobStart>;
  /** Brings one key back, with all its versions; of a key that is there it restores none, and succeeds. */
  startKeyRestore(target: BackupTarget, folder: string, key: string): Promise<JobStart>;
  /** Asks once. @throws {RefusedError} */
  checkJob(job: HsmJob): Promise<JobCheck>;
  /** Keys that are not `known` yet, each with all its versions, for about as long as the budget; `complete` when none is left. */
  keysExcept(known: ReadonlySet<string>, budgetMs: number): Promise<Readonly<{ keys: readonly KeyFacts[]; complete: boolean }>>;
  /** One key with all its versions; undefined when there is none of that name. */
  key(name: string): Promise<KeyFacts | undefined>;
  deletedKey(name: string): Promise<DeletedKeyState | undefined>;
  deletedKeys(): Promise<readonly DeletedKeyFacts[]>;
  roleDefinitions(): Promise<readonly RoleDefinitionFacts[]>;
  roleAssignments(): Promise<readonly RoleAssignmentFacts[]>;
  settings(): Promise<readonly SettingFacts[]>;
  /** Gives a role again, under the name that the assignment had. Idempotent. */
  assignRole(assignment: RoleAssignmentFacts): Promise<void>;
  /** Object id of the identity that is used here; null when its token does not tell. */
  callerId(): Promise<string | null>;
}
