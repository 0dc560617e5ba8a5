import { describe, expect, test } from 'vitest';
import { planChecks } from '../../../src/domain/rotation/checks.ts';
import { DAY_MS, HOUR_MS, later } from '../../../src/domain/rotation/duration.ts';
import type { ListedSecret, SweepItem } from '../../../src/domain/rotation/sweep.ts';

const NOW = '2026-01-01T00:00:00.000Z';
const WEEK_MS = 7 * DAY_MS;
const secret = (name: string, changes: Partial<ListedSecret> = {}): ListedSecret => ({
  name,
  enabled: true,
  createdAt: NOW,
  expiresAt: null,
  tags: { 'rot-provider': 'webhook', 'rot-target': 'https://hook.example/db' },
  ...changes,
});
const due = (name: string): SweepItem => ({
  name,
  reason: 'due',
  action: 'rotate',
  deadlineAt: NOW,
  target: 'webhook https://hook.example',
  isFleet: false,
});

/** Names of what is checked in each hour of a week. */
function weekOf(secrets: readonly ListedSecret[], busy: readonly SweepItem[] = []): string[][] {
  const hours = Array.from({ length: WEEK_MS / HOUR_MS }, (_, hour) => later(NOW, hour * HOUR_MS));
  return hours.map((now) => planChecks(secrets, busy, now, HOUR_MS, WEEK_MS).map(({ name }) => name));
}

describe('planChecks', () => {
  test('gives each secret one turn in the interval, and spreads them over it', () => {
    const names = Array.from({ length: 200 }, (_, index) => `secret-${index}`);
    const week = weekOf(names.map((name) => secret(name)));
    expect(week.flat().sort()).toEqual(names.toSorted());
    expect(Math.max(...week.map((hour) => hour.length))).toBeLessThan(12);
  });

  test('leaves out no turn when a look came late', () => {
    const names = ['a', 'b', 'c'];
    const secrets = names.map((name) => secret(name));
    expect(planChecks(secrets, [], NOW, WEEK_MS, WEEK_MS).map(({ name }) => name)).toEqual(names);
  });

  test('says what is to be done, and is no canary of a fleet', () => {
    expect(planChecks([secret('db'), secret('app')], [], NOW, WEEK_MS, WEEK_MS)[0]).toEqual({
      name: 'db',
      reason: 'sample',
      action: 'check',
      deadlineAt: NOW,
      target: 'webhook https://hook.example',
      isFleet: false,
    });
  });

  test.each([
    ['is not managed', secret('db', { tags: {} })],
    ['has no target', secret('db', { tags: { 'rot-provider': 'generated' } })],
    ['is disabled', secret('db', { enabled: false })],
    ['is an escrow entry', secret('db--pending')],
  ])('passes over what %s', (_what, one) => {
    expect(weekOf([one]).flat()).toEqual([]);
  });

  test('passes over that with which there is something to do', () => {
    expect(weekOf([secret('db'), secret('app')], [due('db')]).flat()).toEqual(['app']);
  });

  test('checks nothing when it is told not to, or nobody looked before', () => {
    expect(planChecks([secret('db')], [], NOW, WEEK_MS, 0)).toEqual([]);
    expect(planChecks([secret('db')], [], NOW, null, WEEK_MS)).toEqual([]);
  });
});
