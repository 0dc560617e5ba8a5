import { createHash } from 'node:crypto';
import type { ContainerClient } from '@azure/storage-blob';
import { folderDigits } from '../../src/domain/folder.ts';
import { type BackupRecord, type ManifestEntry, manifestPath, recordPath } from '../../src/domain/record.ts';

const DAY_MS = 86_400_000;
/** Of each backup laid down. */
export const OLD_BLOBS = ['header.bin', 'keys/part-0', 'keys/part-1', 'roles.bin'] as const;

export const daysBefore = (now: string, days: number): string => new Date(Date.parse(now) - days * DAY_MS).toISOString();

/**
 * Lays down a backup as an earlier night would have left it: blobs, manifest, record of proof L1.
 *
 * @param change What is different in its record.
 * @returns Its folder.
 */
export async function layOldBackup(
  container: ContainerClient,
  hsm: string,
  takenAt: string,
  change: Partial<BackupRecord> = {},
): Promise<string> {
  const folder = `mhsm-${hsm}-${folderDigits(takenAt)}`;
  const put = (path: string, text: string) => container.getBlockBlobClient(path).upload(text, Buffer.byteLength(text));
  const entries = OLD_BLOBS.map(async (name): Promise<ManifestEntry> => {
    const text = `${folder} ${name}`;
    const { etag = '' } = await put(`${folder}/${name}`, text);
    return { name, sizeBytes: text.length, etag, sha256: sha256(text) };
  });
  const written = await Promise.all(entries);
  const manifest = written.map((entry) => `${JSON.stringify(entry)}\n`).join('');
  const sizeBytes = written.reduce((sum, entry) => sum + entry.sizeBytes, 0);
  await put(manifestPath(hsm, folder), manifest);
  const run = `backup-${hsm}-${takenAt.replace(/[-:.]/g, '')}`;
  const record: BackupRecord = {
    schema: 'hsmkeep.record/1',
    hsm,
    folder,
    // A folder's name tells hundredths of a second.
    takenAt: takenAt.replace(/\dZ$/, '0Z'),
    status: 'complete',
    run,
    intentAt: takenAt,
    jobId: null,
    adopted: false,
    startedAt: null,
    endedAt: null,
    securityDomain: null,
    manifest: { sha256: sha256(manifest), blobs: OLD_BLOBS.length, sizeBytes },
    inventory: null,
    proofs: [{ level: 'L1', at: takenAt, run }],
    holds: [],
    marks: [],
    ...change,
  };
  await put(recordPath(hsm, folder), JSON.stringify(record));
  return folder;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The names of the blobs of a container, by prefix. */
export async function blobNames(container: ContainerClient, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of container.listBlobsFlat({ prefix })) names.push(name);
  return names;
}
