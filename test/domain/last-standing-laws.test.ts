import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isWhole, lastStanding } from '../../src/domain/last-standing.ts';
import type { BackupRecord } from '../../src/domain/record.ts';
import { DEFAULT_PROTECTION } from '../../src/domain/retention/policy.ts';
import { backupRecord } from '../support/backup-record.ts';
import { holds } from './retention/law.ts';
import { DAY_MS } from './retention/support.ts';

const LEVELS = ['L0', 'L1', 'L2'] as const;
const record = fc
  .record({
    day: fc.integer({ min: 0, max: 400 }),
    level: fc.constantFrom(...LEVELS),
    status: fc.constantFrom('complete' as const, 'complete' as const, 'failed' as const),
    isGone: fc.constantFrom(false, false, true),
  })
  .map(({ day, level, status, isGone }): BackupRecord => {
    const takenAt = new Date(Date.UTC(2026, 0, 1) - day * DAY_MS).toISOString();
    return backupRecord({
      takenAt,
      status,
      proofs: [{ level, at: takenAt, run: 'r' }],
      ...(isGone && { gone: { at: takenAt, run: 'r' } }),
    });
  });

test('what stands when all else goes is proven, whole by its record and never given up, and nothing that is so and is left out is newer', {
  timeout: 60_000,
}, () => {
  holds(
    fc.record({
      records: fc.uniqueArray(record, { selector: ({ takenAt }) => takenAt, maxLength: 12 }),
      countsFrom: fc.constantFrom('L1' as const, 'L2' as const),
      floor: fc.integer({ min: 0, max: 4 }),
    }),
    ({ records, countsFrom, floor }) => {
      const standing = lastStanding(records, { ...DEFAULT_PROTECTION, countsFrom, floor });
      const good = records.filter(
        ({ status, proofs, gone }) =>
          status === 'complete' && gone === undefined && LEVELS.indexOf(proofs[0]?.level as 'L0') >= LEVELS.indexOf(countsFrom),
      );
      const left = good.filter((one) => !standing.includes(one));
      expect(standing).toHaveLength(Math.min(good.length, floor === 0 ? 1 : floor));
      expect(standing.every((one) => good.includes(one))).toBe(true);
      expect(left.every((one) => standing.every(({ takenAt }) => takenAt > one.takenAt))).toBe(true);
      return left.length > 0;
    },
    0.5,
  );
});

test('a backup is whole while there are as many blobs and bytes as were hashed', { timeout: 60_000 }, () => {
  const size = fc.record({ blobs: fc.integer({ min: 1, max: 3 }), sizeBytes: fc.integer({ min: 1, max: 3 }) });
  holds(
    fc.record({ hashed: fc.option(size), held: size }),
    ({ hashed, held }) => {
      const manifest = hashed && { sha256: 'm', ...hashed };
      expect(isWhole({ manifest }, held)).toBe(
        hashed !== null && `${hashed.blobs}/${hashed.sizeBytes}` === `${held.blobs}/${held.sizeBytes}`,
      );
      return hashed !== null;
    },
    0.2,
  );
});
