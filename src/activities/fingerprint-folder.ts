import { defineActivity } from './define-activity.ts';
import { blobsOf, fingerprint } from './hash-folder.ts';

/** The fingerprint of a backup's listing now: compared with the one under which it was hashed. */
export const fingerprintFolder = defineActivity(
  'fingerprintFolder',
  ['backup'],
  ({ backups }) =>
    async ({ hsm, folder }: Readonly<{ hsm: string; folder: string }>): Promise<string> =>
      fingerprint(await blobsOf(backups(hsm), folder)),
);
