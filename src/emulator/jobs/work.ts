import type { DatabaseSync } from 'node:sqlite';
import { exportKeys, importKeys, restoreKey } from '../keys/store.ts';
import type { HsmOptions } from '../options.ts';
import { customRoles, replaceRoles, roleAssignments } from '../rbac/role-store.ts';
import {
  type BackupContent,
  type BackupHeader,
  checkEndMarker,
  END_MARKER,
  HEADER,
  openHeader,
  openParts,
  sealBackup,
} from './backup-format.ts';
import { BlobContainer } from './blob-container.ts';
import { JobFailure } from './errors.ts';
import { takenAtOf } from './folder-name.ts';
import { hasExpiry, MALFORMED_SAS, mayWrite } from './sas.ts';
import { securityDomain } from './security-domain.ts';
import type { StorageAccount } from './storage-account.ts';
import type { StorageTarget } from './storage-target.ts';
import type { Job, JobInput } from './store.ts';

/** What the work of a job needs beside its input. */
export type WorkContext = Readonly<{
  db: DatabaseSync;
  hsm: HsmOptions;
  storage: readonly StorageAccount[];
  minBackupAgeSeconds: number;
  now: () => number;
  /** Resolves once the job's time is up. */
  untilDue: () => Promise<void>;
  /** Aborted when the emulator stops. */
  signal: AbortSignal;
}>;

/**
 * What is left to do when a job's time is up: run inside the transaction that ends the job, so it happens exactly once.
 *
 * @throws {JobFailure}
 */
export type Finish = () => Readonly<{ folderUri?: string; statusDetails?: string }>;

/**
 * Does the part of a job that may take long and may be done again: reading and writing blobs.
 *
 * @throws {JobFailure} when the job is to end as `Failed`
 */
export async function doWork(job: Job & { input: JobInput }, context: WorkContext): Promise<Finish> {
  const { input } = job;
  switch (input.kind) {
    case 'backup':
      return backup(job, input.storage, input.folder, context);
    case 'preBackup':
      await checkBefore(input.storage, async (storage) => {
        if (storage.token && !mayWrite(storage.token)) {
          throw new JobFailure('AuthorizationPermissionMismatch', 'The SAS token does not permit to create or write blobs.');
        }
        await open(storage, context).probe();
      });
      return () => ({});
    case 'restore': {
      const content = await readBackup(input.storage, input.folder, context);
      return () => fullRestore(content, context);
    }
    case 'preRestore':
      await checkBefore(input.storage, async (storage) => {
        if (input.folder !== undefined) await checkFolder(storage, input.folder, context);
        else await open(storage, context).probe();
      });
      return () => ({});
    case 'selectiveRestore': {
      const { keys } = await readBackup(input.storage, input.folder, context);
      return () => selectiveRestore(keys, input.key, context);
    }
  }
}

/** The end marker waits for the job's end: a folder without it is that of a backup under way, or of one that died. */
async function backup({ startedAtMs }: Job, target: StorageTarget, folder: string, context: WorkContext): Promise<Finish> {
  const { db, hsm, untilDue } = context;
  const container = open(target, context);
  const content: BackupContent = {
    keys: exportKeys(db, hsm.name),
    roleDefinitions: customRoles(db, hsm.name),
    roleAssignments: roleAssignments(db, hsm.name),
  };
  const files = sealBackup(content, securityDomain(db, hsm), { hsm: hsm.name, takenAt: new Date(startedAtMs).toISOString() });
  for (const file of files) {
    if (file.name === END_MARKER) await untilDue();
    await container.write(`${folder}/${file.name}`, file.content);
  }
  return () => ({ folderUri: `${target.uri.replace(/\/+$/, '')}/${folder}` });
}

/** A pre-check without storage has nothing to look at; a malformed token shows here only once the job is polled. */
async function checkBefore(storage: StorageTarget | undefined, check: (storage: StorageTarget) => Promise<void>): Promise<void> {
  if (!storage) return;
  if (storage.token !== undefined && !hasExpiry(storage.token)) {
    throw new JobFailure(MALFORMED_SAS.code, MALFORMED_SAS.message, 'Invalid Request');
  }
  await check(storage);
}

/** Folder complete, header unharmed, security domain the HSM's own, old enough. What is in the parts shows only in the restore. */
async function checkFolder(target: StorageTarget, folder: string, context: WorkContext): Promise<BackupHeader> {
  const { db, hsm, minBackupAgeSeconds, now } = context;
  const container = open(target, context);
  await container.list(folder);
  const header = openHeader(await container.read(`${folder}/${HEADER}`), securityDomain(db, hsm));
  checkEndMarker(await container.read(`${folder}/${END_MARKER}`), header);

  const ageMs = now() - (takenAtOf(folder) ?? Date.parse(header.takenAt));
  if (ageMs < minBackupAgeSeconds * 1000) {
    const message = `The backup was taken ${Math.floor(ageMs / 1000)} s ago; it can be restored once it is ${minBackupAgeSeconds} s old.`;
    throw new JobFailure('BackupTooRecent', message);
  }
  return header;
}

async function readBackup(target: StorageTarget, folder: string, context: WorkContext): Promise<BackupContent> {
  const header = await checkFolder(target, folder, context);
  const container = open(target, context);
  return openParts(header, securityDomain(context.db, context.hsm), (name) => container.read(`${folder}/${name}`));
}

function fullRestore({ keys, roleDefinitions, roleAssignments }: BackupContent, { db, hsm }: WorkContext): ReturnType<Finish> {
  importKeys(db, hsm.name, keys, { replaceAll: true });
  replaceRoles(db, hsm.name, { definitions: roleDefinitions, assignments: roleAssignments });
  return {};
}

function selectiveRestore(keys: BackupContent['keys'], key: string, { db, hsm }: WorkContext): ReturnType<Finish> {
  if (!keys.some(({ name }) => name.toLowerCase() === key.toLowerCase())) {
    const message = 'The given key or its versions NOT found';
    throw new JobFailure('No key versions are updated', message, message);
  }
  const { restored, couldNotOverwrite } = restoreKey(db, hsm.name, key, keys);
  return {
    statusDetails: `Number of successful key versions restored: ${restored}, Number of key versions could not overwrite: ${couldNotOverwrite}`,
  };
}

const open = (target: StorageTarget, { storage, signal }: WorkContext) => BlobContainer.open(target, storage, signal);
