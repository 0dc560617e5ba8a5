import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HOUR_MS, later } from '../../../src/domain/rotation/duration.ts';
import { ESCROW_STATES, type EscrowEntry } from '../../../src/domain/rotation/escrow.ts';
import { planRotation } from '../../../src/domain/rotation/plan.ts';
import { planSweep } from '../../../src/domain/rotation/sweep.ts';
import { parseManagement, type Tags } from '../../../src/domain/rotation/tags.ts';

const CREATED = '2026-01-01T00:00:00.000Z';
const RUNS = 4_000;
const ago = (most: number) => fc.integer({ min: 0, max: most * 24 }).map((hours) => later(CREATED, hours * HOUR_MS));

const policy = fc
  .record({
    every: fc.constantFrom('', 'every=30d'),
    retire: fc.constantFrom('', 'retire=at-next', 'retire=when-unused'),
    window: fc.constantFrom('', 'window=Sat 02:00/6h UTC', 'window=daily 10:00/12h Europe/Berlin soft'),
  })
  .map((parts) => Object.values(parts).filter(Boolean).join(';'));

const world = fc.record({
  policy,
  rotation: fc.constantFrom(undefined, 'r1', 'r0'),
  grace: fc.oneof(fc.constantFrom(undefined, 'soon', CREATED), ago(20)),
  expiresAt: fc.oneof(fc.constant(null), ago(100)),
  entry: fc.option(
    fc.record({
      state: fc.constantFrom(...ESCROW_STATES),
      base: fc.constantFrom('v1', 'v0'),
      attempt: fc.integer({ min: 1, max: 6 }),
      mode: fc.constantFrom(undefined, 'compromise' as const),
    }),
    { nil: null },
  ),
  closed: fc.boolean(),
  now: ago(100),
});

// What lost its tags, was disabled or deleted is another matter: of these a run only tells.
test('a first look finds what a rotation would do, and nothing else, whatever the tags and the entry say', { timeout: 60_000 }, () => {
  let [found, left] = [0, 0];
  fc.assert(
    fc.property(world, ({ policy, rotation, grace, expiresAt, entry, closed, now }) => {
      const tags: Tags = {
        'rot-provider': 'generated',
        'rot-policy': policy,
        ...(rotation !== undefined && { 'rot-id': rotation, 'rot-base': 'v0' }),
        ...(grace !== undefined && { 'rot-grace-until': grace }),
      };
      const listed = { name: 'db', enabled: true, createdAt: CREATED, expiresAt, tags };
      const { mode, ...facts } = entry ?? {};
      const kept =
        entry && ({ ...facts, rotationId: 'r1', createdAt: CREATED, slot: '', version: 'e1', ...(mode && { mode }) } as EscrowEntry);
      const parsed = parseManagement(tags);
      const step = planRotation(
        {
          vault: 'kv',
          name: 'db',
          current: { version: 'v1', createdAt: CREATED, expiresAt, tags },
          escrow: closed ? null : kept,
          management: parsed.status === 'managed' ? parsed.management : null,
          tagsLost: false,
          trigger: 'sweep',
          mode: 'normal',
          wanted: null,
        },
        now,
      );
      const escrow = kept
        ? [{ owner: 'kv/db', rotationId: 'r1', state: kept.state, closed, createdAt: CREATED, ...(mode && { mode }) }]
        : [];
      const items = planSweep('kv', [listed], escrow, now, null);
      const isWork = step.step !== 'rest';
      if (isWork) found++;
      else left++;
      // A run that only retires does nothing else; one that rotates retires on its way.
      const actions = items.map(({ action }) => action === 'rotate' || step.step === 'retire');
      expect({ step, actions }).toEqual({ step, actions: isWork ? [true] : [] });
    }),
    { numRuns: RUNS },
  );
  expect(Math.min(found, left)).toBeGreaterThan(RUNS / 10);
});
