import fc from 'fast-check';
import { expect, test } from 'vitest';
import { breakerState, HEALTHY } from '../../../src/domain/rotation/breaker.ts';
import type { WorkItem } from '../../../src/domain/rotation/checks.ts';
import { afterEnd, type DispatchState, MOST_IN_FLIGHT, nextStart } from '../../../src/domain/rotation/dispatch.ts';
import { later } from '../../../src/domain/rotation/duration.ts';
import { budgetFor, costOf, startPace } from '../../../src/domain/rotation/pace.ts';

const START = '2026-01-01T00:00:00.000Z';
const TARGETS = ['generated', 'postgres postgres://a', 'postgres postgres://b', 'webhook https://c'];

type Job = Readonly<{ target: number; seconds: number; result: 'ok' | 'failed' | 'nothing'; throttled: boolean; retire: boolean }>;
const job: fc.Arbitrary<Job> = fc.record({
  target: fc.nat(TARGETS.length - 1),
  seconds: fc.integer({ min: 1, max: 90 }),
  result: fc.constantFrom('ok', 'ok', 'ok', 'failed', 'nothing'),
  throttled: fc.boolean(),
  retire: fc.boolean(),
});

type Begun = Readonly<{ at: string; item: WorkItem; inFlight: number; onTarget: number; isOpen: boolean }>;

/** Runs a backlog to its end on a clock of its own. */
function simulate(jobs: readonly Job[], share: number) {
  const counts = TARGETS.map((_, target) => jobs.filter((one) => one.target === target).length);
  const items = jobs.map(
    ({ target, retire }, index): WorkItem => ({
      name: `s${String(index).padStart(4, '0')}`,
      reason: 'due',
      action: retire ? 'retire' : 'rotate',
      deadlineAt: START,
      target: TARGETS[target] ?? '',
      isFleet: counts[target] !== 1,
    }),
  );
  const budget = budgetFor(share, null);
  let state: DispatchState = { pace: startPace(budget, START), budget, keepsOwnEscrow: true, health: {}, proven: [] };
  let backlog = items;
  let inFlight: { item: WorkItem; job: Job; endsAt: string }[] = [];
  let now = START;
  const begun: Begun[] = [];

  for (let turn = 0; turn < 100 * jobs.length + 100; turn += 1) {
    const targets = inFlight.map(({ item }) => item.target);
    const next = nextStart(backlog, targets, state, now);
    if (next.next === 'start') {
      const { item } = next;
      const onTarget = targets.filter((target) => target === item.target).length + 1;
      const isOpen = breakerState(state.health[item.target] ?? HEALTHY, now) === 'open';
      begun.push({ at: now, item, inFlight: inFlight.length + 1, onTarget, isOpen });
      const its = jobs[items.indexOf(item)] as Job;
      inFlight = [...inFlight, { item, job: its, endsAt: later(now, its.seconds * 1000) }];
      state = next.state;
      backlog = backlog.filter((one) => one !== item);
      continue;
    }
    const [first] = inFlight.toSorted((a, b) => (a.endsAt < b.endsAt ? -1 : 1));
    if (next.next === 'wait' && (!first || later(now, next.ms) < first.endsAt)) {
      now = later(now, next.ms);
      continue;
    }
    if (!first) break;
    now = first.endsAt;
    inFlight = inFlight.filter((one) => one !== first);
    state = afterEnd(state, first.item, first.job, now);
  }
  return { begun, left: backlog, state, now, budget };
}

test('whatever ends how and when: limits hold, nothing starves, and each target is served in order', () => {
  fc.assert(
    fc.property(fc.array(job, { maxLength: 120 }), fc.constantFrom(0.02, 0.25, 0.5, 1), (jobs, share) => {
      const { begun, left, state, now, budget } = simulate(jobs, share);

      for (const { item, inFlight, onTarget, isOpen } of begun) {
        expect(inFlight).toBeLessThanOrEqual(MOST_IN_FLIGHT);
        if (item.target !== 'generated') expect(onTarget).toBeLessThanOrEqual(2);
        expect(isOpen).toBe(false);
      }
      // What was not begun is held back by its target, and by nothing else.
      for (const { target } of left) expect(breakerState(state.health[target] ?? HEALTHY, now)).toBe('open');
      expect(begun.length + left.length).toBe(jobs.length);

      for (const target of TARGETS) {
        const names = begun.filter(({ item }) => item.target === target).map(({ item }) => item.name);
        expect(names).toEqual(names.toSorted());
      }
      const most = budget.creates * 1.2 + 2;
      for (const { at } of begun) {
        const window = begun.filter((one) => one.at >= at && one.at < later(at, 10_000));
        const creates = window.reduce((sum, { item }) => sum + costOf(item.action, true).creates, 0);
        expect(creates).toBeLessThanOrEqual(most);
      }
    }),
    { numRuns: 300 },
  );
});
