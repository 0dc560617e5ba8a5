import type { HsmJob, JobCheck, JobStart } from '../domain/job.ts';

/** The container that an HSM reads or writes, and how it may. */
export type BackupTarget = Readonly<{ container: string; auth: 'managedIdentity' | Readonly<{ sas: string }> }>;

export type KeyVersionFacts = Readonly<{ version: string; enabled: boolean; createdAt: string | null; updatedAt: string | null }>;
export type KeyFacts = Readonly<{ name: string; tags: Readonly<Record<string, string>>; versions: readonly KeyVersionFacts[] }>;
export type DeletedKeyFacts = Readonly<{ name: string; deletedAt: string | null; purgeAt: string | null }>;
export type RoleDefinitionFacts = Readonly<{ name: string; roleName: string; custom: boolean; permissions: readonly unknown[] }>;
export type RoleAssignmentFacts = Readonly<{ name: string; principalId: string; roleDefinitionId: string; scope: string }>;
export type SettingFacts = Readonly<{ name: string; value: string }>;

/**
 * One Managed HSM, as one duty may use it.
 *
 * The start methods return every outcome. The others throw {@link RefusedError} when the HSM says no and
 * {@link TransientError} when a retry may help; they are safe to repeat. Everything has a deadline.
 */
export interface ManagedHsm {
  readonly name: string;
  startPreBackup(target: BackupTarget): Promise<JobStart>;
  startBackup(target: BackupTarget): Promise<JobStart>;
  startPreRestore(target: BackupTarget, folder: string): Promise<JobStart>;
  /** Asks once. @throws {RefusedError} */
  checkJob(job: HsmJob): Promise<JobCheck>;
  /** Keys that are not `known` yet, each with all its versions, for about as long as the budget; `complete` when none is left. */
  keysExcept(known: ReadonlySet<string>, budgetMs: number): Promise<Readonly<{ keys: readonly KeyFacts[]; complete: boolean }>>;
  deletedKeys(): Promise<readonly DeletedKeyFacts[]>;
  roleDefinitions(): Promise<readonly RoleDefinitionFacts[]>;
  roleAssignments(): Promise<readonly RoleAssignmentFacts[]>;
  settings(): Promise<readonly SettingFacts[]>;
}
