import { describe, expect, test } from 'vitest';
import { breakerState, HEALTHY, noteOutcome, type TargetHealth } from '../../../src/domain/rotation/breaker.ts';
import { afterEnd, type DispatchState, hasPassedOver, heldBack, MOST_IN_FLIGHT, nextStart } from '../../../src/domain/rotation/dispatch.ts';
import { HOUR_MS, later } from '../../../src/domain/rotation/duration.ts';
import { adapt, budgetFor, costOf, msUntil, refill, spend, startPace } from '../../../src/domain/rotation/pace.ts';
import { targetHeldBack } from '../../../src/domain/rotation/problems.ts';
import { type SweepItem, targetOf } from '../../../src/domain/rotation/sweep.ts';

const NOW = '2026-01-01T00:00:00.000Z';
const BUDGET = budgetFor(0.5, null);
const item = (name: string, changes: Partial<SweepItem> = {}): SweepItem => ({
  name,
  reason: 'due',
  action: 'rotate',
  deadlineAt: NOW,
  target: 'postgres postgres://db',
  isFleet: false,
  ...changes,
});
const stateWith = (changes: Partial<DispatchState> = {}): DispatchState => ({
  pace: startPace(BUDGET, NOW),
  budget: BUDGET,
  keepsOwnEscrow: true,
  health: {},
  proven: [],
  ...changes,
});
const health = (outcomes: string, from: TargetHealth = HEALTHY): TargetHealth =>
  [...outcomes].reduce((before, outcome) => noteOutcome(before, outcome === 'o', NOW), from);

describe('the pace', () => {
  test('is the share of what the vault that is asked most takes', () => {
    expect(budgetFor(0.5, null)).toEqual({ creates: 150, others: 2000 });
    expect(budgetFor(0.5, 3)).toEqual({ creates: 50, others: 2000 / 3 });
    expect(costOf('rotate', true)).toEqual({ creates: 2, others: 12 });
    expect(costOf('rotate', false)).toEqual({ creates: 1, others: 6 });
    expect(costOf('retire', false)).toEqual({ creates: 0, others: 4 });
  });

  test('fills with time, up to two seconds of it, and never runs backwards', () => {
    const empty = { ...startPace(BUDGET, NOW), tokens: { creates: 0, others: 0 } };
    expect(refill(empty, BUDGET, later(NOW, 1000)).tokens).toEqual({ creates: 15, others: 200 });
    expect(refill(empty, BUDGET, later(NOW, HOUR_MS)).tokens).toEqual({ creates: 30, others: 400 });
    expect(refill(empty, BUDGET, later(NOW, -HOUR_MS))).toEqual(empty);
    expect(refill({ ...empty, factor: 0.5 }, BUDGET, later(NOW, 1000)).tokens).toEqual({ creates: 7.5, others: 100 });
  });

  test('says how long until there is enough, and then there is', () => {
    const cost = costOf('rotate', true);
    const spent = spend(spend({ ...startPace(BUDGET, NOW), tokens: { creates: 3, others: 100 } }, cost), { creates: 1, others: 0 });
    const ms = msUntil(spent, BUDGET, cost);
    expect(ms).toBe(134);
    expect(msUntil(refill(spent, BUDGET, later(NOW, ms)), BUDGET, cost)).toBe(0);
  });

  test('lets one rotation through, however small the share', () => {
    const tiny = budgetFor(0.001, null);
    const pace = refill({ ...startPace(tiny, NOW), tokens: { creates: 0, others: 0 } }, tiny, later(NOW, HOUR_MS));
    expect(msUntil(pace, tiny, costOf('rotate', true))).toBe(0);
  });

  test('halves when the vault refuses, at most once in ten seconds, and comes back with what it takes', () => {
    const slowed = adapt(adapt(startPace(BUDGET, NOW), true, NOW), true, later(NOW, 9_999));
    expect(slowed.factor).toBe(0.5);
    expect(adapt(slowed, true, later(NOW, 10_000)).factor).toBe(0.25);
    expect(Array.from({ length: 9 }).reduce<number>((_, __, n) => adapt({ ...slowed, factor: (n + 7) / 16 }, false, NOW).factor, 0)).toBe(
      1,
    );
    const slowest = Array.from({ length: 9 }, (_, n) => n).reduce((pace, n) => adapt(pace, true, later(NOW, n * 10_000)), slowed);
    expect(slowest.factor).toBe(1 / 16);
  });
});

describe('the circuit breaker', () => {
  test('opens at five failures out of the last twenty', () => {
    expect(breakerState(health('xxxx'), NOW)).toBe('closed');
    expect(breakerState(health('xxxxx'), NOW)).toBe('open');
    expect(breakerState(health(`x${'ooooxoooox'}xoooooooo`), NOW)).toBe('closed');
    expect(breakerState(health(`xxxx${'o'.repeat(16)}x`), NOW)).toBe('closed');
    expect(breakerState(health(`xxxx${'o'.repeat(15)}x`), NOW)).toBe('open');
  });

  test('lets one through after an hour; that decides', () => {
    const open = health('xxxxx');
    expect(noteOutcome(open, true, NOW)).toBe(open);
    const anHourOn = later(NOW, HOUR_MS);
    expect(breakerState(open, later(NOW, HOUR_MS - 1))).toBe('open');
    expect(breakerState(open, anHourOn)).toBe('half-open');
    expect(noteOutcome(open, true, anHourOn)).toEqual(HEALTHY);
    expect(noteOutcome(open, false, anHourOn).openUntil).toBe(later(anHourOn, 2 * HOUR_MS));
    const often = { ...open, reopened: 9 };
    expect(noteOutcome(often, false, anHourOn).openUntil).toBe(later(anHourOn, 24 * HOUR_MS));
  });
});

describe('nextStart', () => {
  const next = (backlog: SweepItem[], inFlight: string[] = [], state = stateWith(), now = NOW) => nextStart(backlog, inFlight, state, now);
  const started = (...args: Parameters<typeof next>): string => {
    const found = next(...args);
    return found.next === 'start' ? found.item.name : found.next;
  };
  const db = 'postgres postgres://db';

  test('takes the most pressing whose target has room', () => {
    const backlog = [item('a'), item('b'), item('c', { target: 'redis-acl redis://cache' })];
    expect(started(backlog)).toBe('a');
    expect(started(backlog, [db])).toBe('a');
    expect(started(backlog, [db, db])).toBe('c');
    expect(started([item('a')], [db, db])).toBe('blocked');
    expect(started([])).toBe('blocked');
  });

  test('asks no server of two at once, of what has no server of as many as a vault may have under way', () => {
    const generated = item('g', { target: 'generated' });
    const full = Array.from({ length: MOST_IN_FLIGHT }, () => 'generated');
    expect(started([generated], full.slice(1))).toBe('g');
    expect(started([generated], full)).toBe('blocked');
  });

  test('sends one of a fleet ahead', () => {
    const fleet = [item('a', { isFleet: true }), item('b', { isFleet: true })];
    expect(started(fleet)).toBe('a');
    expect(started(fleet, [db])).toBe('blocked');
    expect(started(fleet, [db], stateWith({ proven: [db] }))).toBe('a');
  });

  test('begins nothing on a target that is held back, and one after its time', () => {
    const state = stateWith({ health: { [db]: health('xxxxx') } });
    expect(started([item('a')], [], state)).toBe('blocked');
    expect(heldBack(state.health, NOW)).toEqual([db]);
    const anHourOn = later(NOW, HOUR_MS);
    expect(started([item('a')], [], state, anHourOn)).toBe('a');
    expect(started([item('a')], [db], state, anHourOn)).toBe('blocked');
    expect(heldBack(state.health, anHourOn)).toEqual([]);
    expect([hasPassedOver(state.health), hasPassedOver({ [db]: health('x') })]).toEqual([true, false]);
  });

  test('waits for the budget', () => {
    const spent = stateWith({ pace: { ...startPace(BUDGET, NOW), tokens: { creates: 0, others: 0 } } });
    expect(next([item('a')], [], spent)).toEqual({ next: 'wait', ms: 134 });
    expect(started([item('a')], [], spent, later(NOW, 134))).toBe('a');
  });
});

describe('afterEnd', () => {
  const ok = { result: 'ok', throttled: false } as const;
  const failed = { result: 'failed', throttled: false } as const;

  test('remembers of targets only what is not well', () => {
    const once = afterEnd(stateWith(), item('a'), failed, NOW);
    expect(once.health).toEqual({ 'postgres postgres://db': { recent: 'x', openUntil: null, reopened: 0 } });
    const mended = Array.from({ length: 20 }).reduce<DispatchState>((state) => afterEnd(state, item('a'), ok, NOW), once);
    expect(mended.health).toEqual({});
  });

  test('takes a fleet for proven once, and only by what was done', () => {
    const fleet = item('a', { isFleet: true });
    expect(afterEnd(stateWith(), fleet, { result: 'nothing', throttled: false }, NOW).proven).toEqual([]);
    expect(afterEnd(stateWith(), fleet, failed, NOW).proven).toEqual([]);
    const proven = afterEnd(afterEnd(stateWith(), fleet, ok, NOW), fleet, ok, NOW);
    expect(proven.proven).toEqual([fleet.target]);
  });

  test('slows down when the vault refused requests', () => {
    expect(afterEnd(stateWith(), item('a'), { ...ok, throttled: true }, NOW).pace.factor).toBe(0.5);
  });
});

test.each([
  [{ provider: 'generated', target: '' }, 'generated'],
  [{ provider: 'postgres', target: 'Postgres://DB.contoso.net:5432/app?role=x' }, 'postgres postgres://db.contoso.net:5432'],
  [{ provider: 'azure-storage-key', target: '/subscriptions/S/x' }, 'azure-storage-key /subscriptions/s/x'],
])('what fails together with %j is %s', (management, target) => {
  expect(targetOf(management)).toBe(target);
});

test.each([
  [NOW, `on db until ${NOW}:`],
  [null, 'on db:'],
])('a target that is held back until %s is told', (until, words) => {
  expect(targetHeldBack('db', until).message).toContain(words);
});
