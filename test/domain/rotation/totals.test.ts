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
