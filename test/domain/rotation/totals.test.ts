import { expect, test } from 'vitest';
import { DAY_MS, HOUR_MS, later } from '../../../src/domain/rotation/duration.ts';
import type { ListedEscrow, ListedSecret } from '../../../src/domain/rotation/sweep.ts';
import { dueAt } from '../../../src/domain/rotation/times.ts';
import { sumUpSecrets } from '../../../src/domain/rotation/totals.ts';

const CREATED = '2026-01-01T00:00:00.000Z';
const ON = { name: 'kv', rotation: 'on' } as const;
const EVERY = { everyMs: 60 * DAY_MS };
const secret = (name: string, tags: Record<string, string> = { 'rot-provider': 'generated' }): ListedSecret => ({
  name,
  enabled: true,
  createdAt: CREATED,
  expiresAt: null,
  tags,
});
const entry = (name: string, changes: Partial<ListedEscrow>): ListedEscrow => ({
  owner: `kv/${name}`,
  rotationId: `r-${name}`,
  state: 'open',
  closed: false,
  createdAt: later(CREATED, HOUR_MS),
  ...changes,
});

test('a vault without secrets comes to nothing', () => {
  expect(sumUpSecrets(ON, [], [], CREATED)).toEqual({
    managed: 0,
    unmanaged: 0,
    overdue: [],
    retireOverdue: [],
    gracePending: 0,
    escrowOpen: 0,
    escrowOldestSeconds: 0,
    windowsMissed: 0,
    ageRatios: {},
    queued: 0,
    oldestWaitSeconds: 0,
  });
});

test('a secret is overdue a day after it should have been rotated; one that is not managed never', () => {
  const secrets = [secret('db'), secret('nobodys', {})];
  const due = dueAt('db', CREATED, EVERY);
  expect(sumUpSecrets(ON, secrets, [], later(due, DAY_MS))).toMatchObject({ overdue: [], managed: 1, unmanaged: 1 });
  expect(sumUpSecrets(ON, secrets, [], later(due, DAY_MS + 1))).toMatchObject({
    overdue: ['db'],
    queued: 1,
    oldestWaitSeconds: (DAY_MS + 1) / 1000,
  });
});

test('an old credential is overdue a day after its grace; where it ends with the next rotation, never', () => {
  const inGrace = { 'rot-provider': 'generated', 'rot-grace-until': later(CREATED, DAY_MS) };
  const secrets = [secret('db', inGrace), secret('key', { ...inGrace, 'rot-policy': 'retire=at-next' })];
  const at = (ms: number) => sumUpSecrets(ON, secrets, [], later(CREATED, ms));
  expect(at(HOUR_MS)).toMatchObject({ gracePending: 1, retireOverdue: [] });
  expect(at(2 * DAY_MS)).toMatchObject({ gracePending: 0, retireOverdue: [] });
  expect(at(2 * DAY_MS + 1)).toMatchObject({ retireOverdue: ['db'] });
});

test('counts values on their way with the age of the oldest, and not those that are published, given up or closed', () => {
  const escrow = [
    entry('a', {}),
    entry('b', { state: 'applied', createdAt: CREATED }),
    entry('c', { state: 'published' }),
    entry('d', { state: 'dead' }),
    entry('e', { closed: true }),
  ];
  expect(sumUpSecrets(ON, [], escrow, later(CREATED, 3 * HOUR_MS))).toMatchObject({ escrowOpen: 2, escrowOldestSeconds: 3 * 3600 });
});

test('tells by provider how old the oldest value is beside its interval', () => {
  const secrets = [
    secret('db'),
    secret('fast', { 'rot-provider': 'generated', 'rot-policy': 'every=30d' }),
    secret('hook', { 'rot-provider': 'webhook' }),
    secret('nobodys', {}),
  ];
  expect(sumUpSecrets(ON, secrets, [], later(CREATED, 15 * DAY_MS)).ageRatios).toEqual({ generated: 0.5, webhook: 0.25 });
});

test('what waits for its window is late when a day has gone since the first that it could have had, and counts those it missed', () => {
  // Due on Wednesday, 2026-02-25; its window opens on Saturdays, the first time on the 28th.
  const windowed = { 'rot-provider': 'generated', 'rot-policy': 'every=60d;window=Sat 02:00/3h UTC' };
  const name = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].find((one) => dueAt(one, CREATED, EVERY).startsWith('2026-02-25')) ?? '';
  expect(name).not.toBe('');
  const at = (now: string) => sumUpSecrets(ON, [secret(name, windowed)], [], now);
  const quiet = { overdue: [], windowsMissed: 0, oldestWaitSeconds: 0 };
  expect(at('2026-02-28T01:59:00.000Z')).toMatchObject({ ...quiet, queued: 0 });
  expect(at('2026-02-28T04:00:00.000Z')).toMatchObject({ overdue: [], windowsMissed: 0, queued: 1, oldestWaitSeconds: 2 * 3600 });
  expect(at('2026-02-28T05:00:00.000Z')).toMatchObject({ overdue: [], windowsMissed: 1, queued: 0 });
  expect(at('2026-03-01T02:00:00.001Z')).toMatchObject({ overdue: [name], windowsMissed: 1 });
  expect(at('2026-03-07T05:00:00.000Z')).toMatchObject({ overdue: [name], windowsMissed: 2 });
});

test('an old credential that waits for a window is late a day after that opened', () => {
  // Its grace is over on Sunday, 2026-01-04.
  const tags = { 'rot-provider': 'generated', 'rot-policy': 'window=Sat 02:00/3h UTC', 'rot-grace-until': '2026-01-04T00:00:00.000Z' };
  const at = (now: string) => sumUpSecrets(ON, [secret('db', tags)], [], now);
  expect(at('2026-01-09T00:00:00.000Z')).toMatchObject({ retireOverdue: [], windowsMissed: 0 });
  expect(at('2026-01-11T02:00:00.001Z')).toMatchObject({ retireOverdue: ['db'], windowsMissed: 1 });
});

test('the wait for a window is no part of being late', () => {
  const windowed = { 'rot-provider': 'generated', 'rot-policy': 'every=10d;grace=48h;window=Sat 02:00/3h UTC' };
  const ratio = (now: string) => sumUpSecrets(ON, [secret('db', windowed)], [], now).ageRatios['generated'];
  // Due on the 10th or 11th of January at the latest; the window after that opens on the 17th.
  expect(ratio(later(CREATED, 5 * DAY_MS))).toBe(0.5);
  expect(ratio('2026-01-17T02:00:00.000Z')).toBe(1);
  expect(ratio('2026-01-24T02:00:00.000Z')).toBeGreaterThan(1.1);
});
