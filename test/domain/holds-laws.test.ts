import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withHold, withoutMarks, withoutPersonalHolds } from '../../src/domain/holds.ts';
import type { BackupRecord } from '../../src/domain/record.ts';
import { isInForce, type RetentionApproval } from '../../src/domain/retention-approval.ts';
import { backupRecord } from '../support/backup-record.ts';
import { holds } from './retention/law.ts';

const RUNS = ['restore-a-20261122T030000000Z', 'drill-a-20261122T060000000Z'];
const PERSONS = ['alice', 'bob', 'backup-a-20261122T0200Z', 'restore', 'drill-bit'];
const by = fc.constantFrom(...RUNS, ...PERSONS);
const until = fc.constantFrom('2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z');
const hold = fc.record({ by, until, reason: fc.constant('audit') });
const record: fc.Arbitrary<BackupRecord> = fc
  .record({ pins: fc.array(hold, { minLength: 1, maxLength: 6 }), isMarked: fc.boolean() })
  .map(({ pins, isMarked }) =>
    backupRecord({ holds: pins, marks: isMarked ? [{ at: '2026-11-22T02:00:00.000Z', run: 'r', reason: '' }] : [] }),
  );

test('a hold takes the place of its holder’s earlier ones; nobody else’s changes, nor anything else', { timeout: 60_000 }, () => {
  holds(
    fc.record({ record, hold }),
    ({ record, hold }) => {
      const held = withHold(record, hold);
      expect(held.holds.filter((one) => one.by === hold.by)).toEqual([hold]);
      expect(held.holds.filter((one) => one.by !== hold.by)).toEqual(record.holds.filter((one) => one.by !== hold.by));
      expect({ ...held, holds: record.holds }).toEqual(record);
      return record.holds.some((one) => one.by === hold.by);
    },
    0.2,
  );
});

test('a person’s release leaves what restores and drills hold, and an undo leaves every hold', { timeout: 60_000 }, () => {
  holds(
    record,
    (record) => {
      expect(withoutPersonalHolds(record)).toEqual({ ...record, holds: record.holds.filter((one) => RUNS.includes(one.by)) });
      expect(withoutMarks(record)).toEqual({ ...record, marks: [] });
      return record.holds.length > 0;
    },
    0.2,
  );
});

test('an approval stands until it is used, and until its time, to the millisecond', { timeout: 60_000 }, () => {
  const expiresAt = '2026-11-30T03:00:00.000Z';
  const time = fc.oneof(
    fc.integer({ min: -5, max: 5 }).map((ms) => new Date(Date.parse(expiresAt) + ms).toISOString()),
    fc.constant('soon'),
  );
  holds(
    fc.record({ now: time, usedBy: fc.constantFrom(null, null, 'r'), isReadable: fc.boolean() }),
    ({ now, usedBy, isReadable }) => {
      const approval = { usedBy, expiresAt: isReadable ? expiresAt : 'some day' } as RetentionApproval;
      expect(isInForce(approval, now)).toBe(usedBy === null && isReadable && now !== 'soon' && now <= expiresAt);
      return usedBy === null;
    },
    0.2,
  );
});
