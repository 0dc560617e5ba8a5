import { expect, test } from 'vitest';
import { overdueSecrets } from '../../../src/domain/rotation/overdue.ts';

test('a secret is overdue a day after it should have been rotated; one that is not managed never', () => {
  const views = [{ dueAt: '2026-03-01T00:00:00Z' }, { dueAt: '2026-03-02T12:00:00Z' }, { dueAt: null }];
  expect(overdueSecrets(views, '2026-03-02T00:00:00Z')).toBe(0);
  expect(overdueSecrets(views, '2026-03-02T00:00:01Z')).toBe(1);
  expect(overdueSecrets(views, '2026-03-04T00:00:00Z')).toBe(2);
});
