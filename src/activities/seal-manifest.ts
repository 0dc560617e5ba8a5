import { createHash } from 'node:crypto';
import { TransientError } from '../clients/errors.ts';
import { type ManifestEntry, type ManifestSummary, manifestPath } from '../domain/record.ts';
import { defineActivity } from './define-activity.ts';
import { partPath } from './hash-folder.ts';

/** `parts`: the `from` of every call that hashed the folder, in order. */
export type SealManifestInput = Readonly<{ hsm: string; run: string; folder: string; parts: readonly number[] }>;

/** Writes the manifest beside a backup from its staged parts. Idempotent. */
export const sealManifest = defineActivity(
  'sealManifest',
  ['backup'],
  ({ backups }) =>
    async ({ hsm, run, folder, parts }: SealManifestInput): Promise<ManifestSummary> => {
      const store = backups(hsm);
      const texts = await Promise.all(parts.map((from) => store.read(partPath(hsm, run, folder, from))));
      if (texts.includes(undefined)) throw new TransientError(`a staged part of the manifest of ${folder} is missing`);
      const text = texts.map((part) => part?.text ?? '').join('');
      await store.write(manifestPath(hsm, folder), text);

      const entries = text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as ManifestEntry);
      return {
        sha256: createHash('sha256').update(text).digest('hex'),
        blobs: entries.length,
        sizeBytes: entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      };
    },
);
