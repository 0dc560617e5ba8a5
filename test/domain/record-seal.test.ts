import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { OperatorError } from '../../src/domain/errors.ts';
import type { BackupRecord } from '../../src/domain/record.ts';
import { parseRecord, sealed } from '../../src/domain/record-seal.ts';
import { backupRecord } from '../support/backup-record.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const parse = (text: string): BackupRecord => parseRecord(text, 'hsmkeep/a/x.json', sha256);
const AT = '2026-11-22T03:00:00.000Z';

/** Every field that there is, and text of every kind. */
const whole = backupRecord({
  holds: [{ by: 'alice', until: AT, reason: 'Prüfung "2026",\nBand \\1 🔑' }],
  marks: [{ at: AT, run: 'r', reason: 'no rule keeps it' }],
  canary: { key: 'k', version: 'v', ciphertext: 'YQ', plaintextSha256: 'a', digest: 'Yg', signature: 'Yw' },
  copy: { container: 'https://worm.example/hsm', run: 'r', at: AT, blobs: 4, completedAt: null, problem: 'later' },
  gone: { at: AT, run: 'r' },
});

describe('a sealed record', () => {
  test('is read as it was written, whatever the order of its fields', () => {
    const record = sealed(whole, sha256);
    expect(record.seal).toMatch(/^[0-9a-f]{64}$/);
    expect(parse(JSON.stringify(record))).toEqual(record);
    const { schema, ...rest } = record;
    expect(parse(JSON.stringify({ ...rest, schema }, null, 2))).toEqual(record);
  });

  test('is sealed anew when it is changed, and the same when it is not', () => {
    const record = sealed(whole, sha256);
    expect(sealed(record, sha256)).toEqual(record);
    const changed = sealed({ ...record, holds: [] }, sha256);
    expect(changed.seal).not.toBe(record.seal);
    expect(parse(JSON.stringify(changed))).toEqual(changed);
    expect(() => parse(JSON.stringify({ ...record, holds: [] }))).toThrow('was changed after it was written');
  });

  test('is not believed after a bit of any of its bytes has flipped', () => {
    const bytes = Buffer.from(JSON.stringify(sealed(whole, sha256)));
    const believed: string[] = [];
    for (let at = 0; at < bytes.length; at += 1) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      try {
        parse(flipped.toString('utf8'));
        believed.push(`byte ${at}: ${flipped.toString('utf8', at - 10, at + 10)}`);
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error;
      }
    }
    expect(believed).toEqual([]);
  });
});

describe('a record without a seal', () => {
  test('is believed, because earlier versions wrote none', () => {
    expect(parse(JSON.stringify(whole))).toEqual(whole);
  });

  test('is not, when it has a field that those versions did not know', () => {
    const { seal, ...rest } = sealed(whole, sha256);
    expect(() => parse(JSON.stringify({ ...rest, sdal: seal }))).toThrow('hsmkeep/a/x.json was changed after it was written');
  });
});
