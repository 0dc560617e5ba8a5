import { describe, expect, test } from 'vitest';
import { later } from '../../../src/domain/rotation/duration.ts';
import type { EscrowEntry } from '../../../src/domain/rotation/escrow.ts';
import {
  type CurrentVersion,
  endsAtOnce,
  MOST_ATTEMPTS,
  planRotation,
  type RotationState,
  sparedUntil,
} from '../../../src/domain/rotation/plan.ts';
import { parseManagement, type Tags } from '../../../src/domain/rotation/tags.ts';
import { dueAt } from '../../../src/domain/rotation/times.ts';

const CREATED = '2026-01-01T00:00:00.000Z';
const tags = (policy = '', more: Tags = {}): Tags => ({ 'rot-provider': 'generated', 'rot-policy': policy, ...more });
const current = (changes: Partial<CurrentVersion> = {}): CurrentVersion => ({
  version: 'v1',
  createdAt: CREATED,
  expiresAt: null,
  tags: tags(),
  ...changes,
});
const entry = (changes: Partial<EscrowEntry> = {}): EscrowEntry => ({
  version: 'e1',
  createdAt: CREATED,
  rotationId: 'r1',
  base: 'v1',
  slot: '',
  attempt: 1,
  state: 'open',
  ...changes,
});
const state = (changes: Partial<RotationState> = {}): RotationState => {
  const version = changes.current ?? current();
  const parsed = typeof version === 'string' ? undefined : parseManagement(version.tags);
  return {
    vault: 'kv',
    name: 'db',
    current: version,
    escrow: null,
    management: parsed?.status === 'managed' ? parsed.management : null,
    tagsLost: false,
    trigger: 'sweep',
    mode: 'normal',
    wanted: null,
    ...changes,
  };
};
const DUE = dueAt('db', CREATED, { everyMs: 60 * 86_400_000 });
const BEFORE = later(DUE, -1000);
const step = (changes: Partial<RotationState>, now = BEFORE) => planRotation(state(changes), now);

describe('planRotation, with nothing under way,', () => {
  test('rests until the secret is due, and then makes a value for the version that is current', () => {
    expect(step({})).toEqual({ step: 'rest', reason: 'not-due', until: DUE });
    expect(step({}, DUE)).toEqual({ step: 'escrow', base: 'v1', attempt: 1 });
  });

  test('takes an event that is up to a day early for due', () => {
    expect(step({ trigger: 'event' }, later(DUE, -86_400_000))).toMatchObject({ step: 'escrow' });
    expect(step({ trigger: 'event' }, later(DUE, -86_400_001))).toMatchObject({ step: 'rest', reason: 'not-due' });
  });

  test('starts at once when a person asks, or the version has expired', () => {
    expect(step({ trigger: 'request' })).toMatchObject({ step: 'escrow' });
    expect(step({ current: current({ expiresAt: BEFORE }) })).toMatchObject({ step: 'escrow' });
    expect(step({ current: current({ expiresAt: later(BEFORE, 1) }) })).toMatchObject({ step: 'rest' });
  });

  test('does not replace another version than the one it was asked for', () => {
    expect(step({ trigger: 'request', wanted: 'v0' })).toMatchObject({ step: 'rest', reason: 'stale' });
    expect(step({ trigger: 'request', wanted: 'v1' })).toMatchObject({ step: 'escrow' });
  });

  test('tells a person of a secret that was deleted while a value of it was on its way, and of no other', () => {
    for (const state of ['open', 'applied'] as const)
      expect(step({ current: 'missing', escrow: entry({ state }) })).toMatchObject({
        step: 'park',
        problem: { hint: expect.stringContaining('secret recover') },
      });
    for (const state of ['published', 'dead'] as const)
      expect(step({ current: 'missing', escrow: entry({ state }) })).toMatchObject({ step: 'rest', reason: 'gone' });
  });

  test('leaves alone what is gone, disabled or not managed', () => {
    expect(step({ current: 'missing' })).toMatchObject({ step: 'rest', reason: 'gone' });
    expect(step({ current: 'disabled' })).toMatchObject({ step: 'park', problem: { message: expect.stringContaining('disabled') } });
    for (const trigger of ['event', 'request'] as const)
      expect(step({ current: current({ tags: {} }), trigger }, DUE)).toMatchObject({ step: 'rest', reason: 'unmanaged' });
    expect(step({ current: current({ tags: { 'rot-provider': 'none' } }) }, DUE)).toMatchObject({ step: 'rest', reason: 'unmanaged' });
  });

  test('tells a person of tags that are gone: the sweep takes up only what was managed', () => {
    expect(step({ current: current({ tags: {} }) }, DUE)).toMatchObject({
      step: 'park',
      problem: { message: expect.stringContaining('gone') },
    });
  });

  test('finds out what works when somebody wrote a version without the tags', () => {
    expect(step({ tagsLost: true })).toEqual({ step: 'reconcile', reason: 'tags-lost' });
  });
});

describe('planRotation, with an open entry,', () => {
  test.each([
    ['intent', 'obtain'],
    ['open', 'apply'],
    ['applied', 'publish'],
  ] as const)('goes on with it when it is %s, whoever asks and whenever', (reached, expected) => {
    expect(step({ escrow: entry({ state: reached }) })).toEqual({ step: expected });
    expect(step({ escrow: entry({ state: reached }), trigger: 'request', mode: 'compromise', wanted: 'v1' })).toEqual({ step: expected });
  });

  test.each(['open', 'applied'] as const)('that is published already (%s), sees whether it works', (reached) => {
    const published = current({ version: 'v2', tags: tags('', { 'rot-id': 'r1', 'rot-base': 'v1' }) });
    expect(step({ current: published, escrow: entry({ state: reached }) })).toEqual({ step: 'confirm' });
  });

  test.each(['intent', 'open', 'applied', 'published'] as const)(
    'of another version than the current one (%s), finds out what works',
    (reached) => {
      const foreign = current({ version: 'v9' });
      expect(step({ current: foreign, escrow: entry({ state: reached }) })).toEqual({ step: 'reconcile', reason: 'foreign-version' });
    },
  );

  test('that says published though it is not, finds out what works', () => {
    expect(step({ escrow: entry({ state: 'published' }) })).toEqual({ step: 'reconcile', reason: 'foreign-version' });
  });
});

describe('planRotation, with a dead entry,', () => {
  test('makes another value for the same base, and counts', () => {
    expect(step({ escrow: entry({ state: 'dead', attempt: 2 }) }, DUE)).toEqual({ step: 'escrow', base: 'v1', attempt: 3 });
    expect(step({ escrow: entry({ state: 'dead', attempt: 2, base: 'v0' }) }, DUE)).toEqual({ step: 'escrow', base: 'v1', attempt: 1 });
  });

  test('of the version that is current lets it be', () => {
    const adopted = current({ tags: tags('', { 'rot-id': 'r1' }) });
    expect(step({ current: adopted, escrow: entry({ state: 'dead' }) })).toMatchObject({ step: 'rest', reason: 'not-due' });
  });

  test('gives up when the target refuses whatever it gets', () => {
    expect(step({ escrow: entry({ state: 'dead', attempt: MOST_ATTEMPTS }) }, DUE)).toMatchObject({ step: 'park' });
  });
});

describe('planRotation, in the grace of a rotation,', () => {
  const UNTIL = later(CREATED, 7 * 86_400_000);
  const published = (policy = '', grace: string | null = UNTIL) =>
    current({ version: 'v2', tags: tags(policy, { 'rot-id': 'r1', 'rot-base': 'v1', ...(grace && { 'rot-grace-until': grace }) }) });
  const inGrace = (changes: Partial<RotationState>, now: string) =>
    step({ current: published(), escrow: entry({ state: 'published' }), ...changes }, now);

  test.each(['sweep', 'event', 'request'] as const)('starts no other (%s)', (trigger) => {
    expect(inGrace({ trigger }, later(UNTIL, -1))).toEqual({ step: 'rest', reason: 'in-grace', until: UNTIL });
  });

  test('retires the old credential when it is over, also when the entry is closed already', () => {
    expect(inGrace({}, UNTIL)).toEqual({ step: 'retire' });
    expect(inGrace({ escrow: null }, UNTIL)).toEqual({ step: 'retire' });
  });

  test.each([null, 'soon'])('knows its end when the tag was lost or spoilt (%s)', (grace) => {
    expect(inGrace({ current: published('', grace) }, later(UNTIL, -1))).toMatchObject({ step: 'rest', until: UNTIL });
    expect(inGrace({ current: published('', grace) }, UNTIL)).toEqual({ step: 'retire' });
  });

  test('lets a compromise replace the current version, once, and retire it at once', () => {
    expect(inGrace({ trigger: 'request', mode: 'compromise', wanted: 'v2' }, CREATED)).toEqual({ step: 'escrow', base: 'v2', attempt: 1 });
    const replaced = published('retire=at-next', CREATED);
    expect(inGrace({ current: replaced, trigger: 'request', mode: 'compromise', wanted: 'v1' }, CREATED)).toEqual({ step: 'retire' });
  });

  test('retires at once what is known to others, as the entry tells or whoever asks', () => {
    const leaked = entry({ state: 'published', mode: 'compromise' });
    for (const policy of ['', 'retire=at-next', 'window=Sat 02:00/1h UTC'])
      expect(inGrace({ current: published(policy), escrow: leaked }, CREATED)).toEqual({ step: 'retire' });
    expect(inGrace({ current: published('', null), escrow: leaked }, CREATED)).toEqual({ step: 'retire' });
    const asked = { trigger: 'request', mode: 'compromise' } as const;
    expect(inGrace({ ...asked, wanted: 'v1' }, CREATED)).toEqual({ step: 'retire' });
    expect(inGrace({ ...asked, wanted: 'v0' }, CREATED)).toMatchObject({ step: 'rest', reason: 'in-grace' });
    // Of another rotation than the one that made the current version it tells nothing.
    const other = { ...leaked, rotationId: 'r0', state: 'dead' } as const;
    expect(inGrace({ escrow: other }, CREATED)).toMatchObject({ step: 'rest', reason: 'in-grace' });
  });

  test('leaves the old credential until the next rotation where the policy says so', () => {
    const kept = published('retire=at-next');
    expect(inGrace({ current: kept }, UNTIL)).toMatchObject({ step: 'rest', reason: 'not-due' });
    expect(inGrace({ current: kept }, DUE)).toMatchObject({ step: 'escrow', base: 'v2' });
  });
});

describe('sparedUntil', () => {
  const graceUntil = later(CREATED, 86_400_000);
  const management = state({ current: current({ tags: tags('retire=when-unused') }) }).management;
  if (!management) throw new Error('it is managed');

  test.each([
    ['a second grace after the first', { 'rot-id': 'r1', 'rot-grace-until': graceUntil }, later(graceUntil, 7 * 86_400_000)],
    ['two graces after the version was made, where the tag is lost', { 'rot-id': 'r1' }, later(CREATED, 14 * 86_400_000)],
  ])('is %s, and then over', (_what, marks, until) => {
    const version = current({ tags: tags('retire=when-unused', marks) });
    expect(sparedUntil(version, management, later(until, -1))).toBe(until);
    expect(sparedUntil(version, management, until)).toBeNull();
  });
});

describe('endsAtOnce', () => {
  test('is what is wished now, or was when the rotation began', () => {
    expect(endsAtOnce('compromise', null)).toBe(true);
    expect(endsAtOnce('normal', entry({ mode: 'compromise' }))).toBe(true);
    expect(endsAtOnce('normal', entry())).toBe(false);
    expect(endsAtOnce('normal', null)).toBe(false);
  });
});

describe('planRotation, outside the window,', () => {
  // 2026-03-01 is a Sunday.
  const [SATURDAY, SUNDAY] = ['2026-03-07T02:30:00.000Z', '2026-03-08T02:30:00.000Z'];
  const windowed = (soft = '', changes: Partial<CurrentVersion> = {}) =>
    current({ tags: tags(`window=Sat 02:00/1h UTC${soft}`), ...changes });

  test('waits for it, also when a person asks', () => {
    const until = '2026-03-14T02:00:00.000Z';
    expect(step({ current: windowed() }, SUNDAY)).toEqual({ step: 'rest', reason: 'outside-window', until });
    expect(step({ current: windowed(), trigger: 'request' }, SUNDAY)).toMatchObject({ step: 'rest', reason: 'outside-window' });
    expect(step({ current: windowed() }, SATURDAY)).toMatchObject({ step: 'escrow' });
  });

  test('retires nothing', () => {
    const over = windowed('', { version: 'v2', tags: { ...windowed().tags, 'rot-id': 'r1', 'rot-grace-until': CREATED } });
    expect(step({ current: over, escrow: entry({ state: 'published' }) }, SUNDAY)).toMatchObject({
      step: 'rest',
      reason: 'outside-window',
    });
  });

  test('does not wait after a compromise', () => {
    expect(step({ current: windowed(), trigger: 'request', mode: 'compromise' }, SUNDAY)).toMatchObject({ step: 'escrow' });
  });

  test.each([
    ['', 1, 'rest'],
    [' soft', 1, 'escrow'],
    [' soft', 7, 'rest'],
    [' soft', null, 'rest'],
  ])('"window=…%s" with an expiry in %s days', (soft, days, expected) => {
    const expiresAt = days === null ? null : later(SUNDAY, days * 86_400_000);
    expect(step({ current: windowed(soft, { expiresAt }) }, SUNDAY)).toMatchObject({ step: expected });
  });

  test('goes on with what is under way', () => {
    expect(step({ current: windowed(), escrow: entry({ state: 'applied' }) }, SUNDAY)).toEqual({ step: 'publish' });
  });
});
