import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { folderDigits, isFolderOf, newFolders, parseFolder } from '../../src/domain/folder.ts';

describe('parseFolder', () => {
  test('reads the digits from the right, because HSM names may hold hyphens', () => {
    expect(parseFolder('mhsm-contoso-hsm-2025010203040517')).toEqual({
      hsm: 'contoso-hsm',
      digits: '2025010203040517',
      takenAt: '2025-01-02T03:04:05.170Z',
    });
  });

  test.each([
    ['another prefix', 'backup-contoso-2025010203040517'],
    ['14 digits, as an article says', 'mhsm-contoso-20250102030405'],
    ['17 digits, as an example says', 'mhsm-contoso-20250102030405171'.slice(0, -1).concat('x')],
    ['no name', 'mhsm-2025010203040517'],
    ['a 31st of February', 'mhsm-contoso-2025023103040517'],
    ['an hour 25', 'mhsm-contoso-2025010225040517'],
    ['a month 13', 'mhsm-contoso-2025130203040517'],
  ])('takes no folder with %s', (_why, folder) => {
    expect(parseFolder(folder)).toBeUndefined();
  });

  test('gives back what an HSM wrote, for every instant', () => {
    const instant = fc.date({ min: new Date('2015-01-01'), max: new Date('2099-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(instant, (date) => {
        const digits = folderDigits(date.toISOString());
        expect(parseFolder(`mhsm-a-${digits}`)?.takenAt.slice(0, 22)).toBe(date.toISOString().slice(0, 22));
      }),
    );
  });
});

describe('isFolderOf', () => {
  test('compares names without regard to case and whole', () => {
    expect(isFolderOf('Contoso', 'mhsm-contoso-2025010203040517')).toBe(true);
    expect(isFolderOf('contoso', 'mhsm-contoso-hsm-2025010203040517')).toBe(false);
    expect(isFolderOf('contoso', 'notes')).toBe(false);
  });
});

describe('newFolders', () => {
  const before = 'mhsm-a-2026112201000000';
  const intent = { at: '2026-11-22T02:00:30.900Z', folders: [before] };

  test('finds what appeared since the intent, oldest first, of this HSM only', () => {
    const [first, second] = ['mhsm-a-2026112202003100', 'mhsm-a-2026112202004500'];
    expect(newFolders(intent, 'a', [second, before, 'mhsm-b-2026112202003100', first, 'other'])).toEqual([first, second]);
  });

  test('counts the second in which the intent was stored, and nothing older', () => {
    expect(newFolders(intent, 'a', ['mhsm-a-2026112202003001', 'mhsm-a-2026112202002999'])).toEqual(['mhsm-a-2026112202003001']);
  });
});
