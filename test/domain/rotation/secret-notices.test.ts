import { describe, expect, test } from 'vitest';
import { NOTHING_TOLD, secretNotices, type Told } from '../../../src/domain/rotation/secret-notices.ts';

const NOW = '2026-11-22T10:00:00.000Z';
const notices = (before: Partial<Told>, current: Partial<Told>) =>
  secretNotices('contoso-kv', { ...NOTHING_TOLD, ...before }, { ...NOTHING_TOLD, ...current }, NOW);

describe('secretNotices', () => {
  test('tells of each secret that is overdue once', () => {
    expect(notices({ overdue: ['a'] }, { overdue: ['b', 'a'] })).toMatchObject([
      {
        on: 'overdue',
        body: {
          type: 'secrets.overdue',
          at: NOW,
          text: 'Secrets of contoso-kv should have been rotated more than a day ago: b.\nWhat to do: hsmkeep run list --kind rotation',
          secrets: { vault: 'contoso-kv', count: 1, names: ['b'] },
        },
      },
    ]);
    expect(notices({ overdue: ['a'] }, { overdue: ['a'] })).toEqual([]);
  });

  test('tells of an old credential that may still be valid, and then that all is well', () => {
    expect(notices({}, { retireOverdue: ['a'] })).toMatchObject([{ on: 'overdue', body: { type: 'secrets.old-valid' } }]);
    expect(notices({ retireOverdue: ['a'], overdue: ['a', 'b'] }, { overdue: ['b'] })).toMatchObject([
      { on: 'recovered', body: { type: 'secrets.recovered', text: 'Secrets of contoso-kv are well again: a.' } },
    ]);
    // What is out of one trouble and in the other is not well.
    expect(notices({ overdue: ['a'] }, { retireOverdue: ['a'] }).map(({ on }) => on)).toEqual(['overdue']);
  });

  test('has one id for the same names on one day, whatever their order, and spells out only so many', () => {
    const many = Array.from({ length: 23 }, (_, index) => `s${String(index).padStart(2, '0')}`);
    const [one] = notices({}, { overdue: many });
    const [other] = notices({}, { overdue: [...many].reverse() });
    expect(one?.body.id).toBe(other?.body.id);
    expect(one?.body.id).toMatch(/^contoso-kv\.2026-11-22\.overdue\.[0-9a-f]{8}$/);
    expect(one?.body.text).toContain('s19 and 3 more.');
    expect(one?.body.secrets).toMatchObject({ count: 23, names: many.slice(0, 20) });
  });
});
