import { expect, test } from 'vitest';
import { holdRestoreBackup } from '../../src/activities/hold-restore-backup.ts';
import type { BlobStore } from '../../src/clients/blob-store.ts';
import type { Clients } from '../../src/clients/clients.ts';
import type { BackupRecord } from '../../src/domain/record.ts';
import { backupRecord } from '../support/backup-record.ts';

const FOLDER = 'mhsm-a-2026112202000000';
const INPUT = { hsm: 'a', folder: FOLDER, by: 'restore-a-20261122T030000000Z', until: '2026-12-22T00:00:00.000Z', reason: 'the way back' };

/** A container with one record, and what is written over it. */
function container(record: BackupRecord) {
  const written: BackupRecord[] = [];
  const store: Partial<BlobStore> = {
    read: async () => ({ text: JSON.stringify(record), etag: '"1"' }),
    write: async (_path, text) => {
      written.push(JSON.parse(text) as BackupRecord);
      return { status: 'written', etag: '"2"' };
    },
  };
  return { hold: holdRestoreBackup.create({ backups: () => store } as unknown as Clients), written };
}

test('pins the backup for the restore', async () => {
  const { hold, written } = container(backupRecord());
  expect(await hold(INPUT)).toEqual({ value: null });
  expect(written.map(({ holds }) => holds)).toEqual([[{ by: INPUT.by, until: INPUT.until, reason: INPUT.reason }]]);
});

test('refuses a backup that retention has given up since it was chosen', async () => {
  const { hold, written } = container(backupRecord({ gone: { at: '2026-11-22T03:00:00.000Z', run: 'r' } }));
  expect(await hold(INPUT)).toEqual({ refused: { message: expect.stringContaining(FOLDER), hint: expect.any(String) } });
  expect(written).toEqual([]);
});
