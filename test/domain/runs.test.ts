import { describe, expect, test } from 'vitest';
import { intentPath, stagingPath } from '../../src/domain/intent.ts';
import { currentRun, endedUnexpectedly } from '../../src/domain/live-run.ts';
import { lockPath, mayTakeOver } from '../../src/domain/lock.ts';
import { type Run, type Step, worstStatus } from '../../src/domain/run.ts';
import { isPlannedRunId, parseRunId, plannedRunId, requestedRunId, runPath, startOfRunId } from '../../src/domain/run-id.ts';
import { BUSY_WAITS, JOB_POLLS, LOCK_WAITS, patienceMs, SAFETY_WAITS, stretched, waitMs } from '../../src/domain/waiting.ts';

const at = '2026-11-22T02:00:00.000Z';
const step = (status: Step['status'], endedAt: string | null = at): Step => ({ name: 's', status, startedAt: at, endedAt });
const run = (changes: Partial<Run> = {}): Run => ({
  schema: 'hsmkeep.run/1',
  id: 'backup-a-20261122T0200Z',
  kind: 'backup',
  subject: 'a',
  status: 'Running',
  startedAt: at,
  endedAt: null,
  steps: [],
  ...changes,
});

describe('worstStatus', () => {
  test.each([
    [[], 'Completed'],
    [['Completed', 'Skipped'], 'Completed'],
    [['Completed', 'Degraded', 'Completed'], 'Degraded'],
    [['Degraded', 'Failed', 'Completed'], 'Failed'],
    [['Degraded', 'Canceled'], 'Canceled'],
    [['Completed', 'Waiting'], 'Completed'],
    [['Running'], 'Completed'],
  ] as const)('of %j is %s', (statuses, worst) => {
    expect(worstStatus(statuses.map((status) => step(status)))).toBe(worst);
  });
});

describe('run ids', () => {
  test('a planned run is found again by its instant, a requested one is its own', () => {
    expect(plannedRunId('backup', 'contoso-hsm', at)).toBe('backup-contoso-hsm-20261122T0200Z');
    expect(requestedRunId('pre-restore', 'a', '2026-11-22T10:15:30.123Z')).toBe('pre-restore-a-20261122T101530123Z');
  });

  test('tell kind, subject and month, also when the subject holds hyphens', () => {
    expect(parseRunId('pre-restore-contoso-hsm-20261122T101530123Z')).toEqual({
      kind: 'pre-restore',
      subject: 'contoso-hsm',
      year: '2026',
      month: '11',
    });
    expect(runPath('backup-a-20261122T0200Z')).toBe('runs/2026/11/backup-a-20261122T0200Z.json');
  });

  test.each(['', 'backup-a', 'nonsense-a-20261122T0200Z', '../../locks/a'])('refuse %j', (id) => {
    expect(parseRunId(id)).toBeUndefined();
    expect(runPath(id)).toBeUndefined();
  });

  test('tell when the run was planned, or asked for', () => {
    expect(startOfRunId('backup-contoso-hsm-20261122T0200Z')).toBe('2026-11-22T02:00:00.000Z');
    expect(startOfRunId('pre-restore-a-20261122T101530123Z')).toBe('2026-11-22T10:15:30.123Z');
    expect(startOfRunId('nonsense')).toBeUndefined();
    expect(['backup-a-20261122T0200Z', 'backup-a-20261122T101530123Z'].map(isPlannedRunId)).toEqual([true, false]);
  });

  test('stay within what Durable Functions allows', () => {
    expect(requestedRunId('pre-restore', 'a'.repeat(24), at).length).toBeLessThan(100);
  });
});

describe('currentRun', () => {
  const live = { live: true, runtimeStatus: 'Running', customStatus: null };

  test('is the record once the run has ended', () => {
    const ended = run({ status: 'Completed', endedAt: at });
    expect(currentRun(ended, live, at)).toBe(ended);
  });

  test('is what the orchestration says while it runs', () => {
    const said = run({ steps: [step('Waiting', null)] });
    expect(currentRun(run(), { ...live, customStatus: said }, at)).toMatchObject({ status: 'Waiting', steps: said.steps });
    expect(currentRun(run(), { ...live, customStatus: run({ steps: [step('Running', null)] }) }, at)).toMatchObject({ status: 'Running' });
  });

  test('is what the orchestration said last when its end was not recorded', () => {
    const said = run({ status: 'Degraded', endedAt: at });
    expect(currentRun(run(), { live: false, runtimeStatus: 'Completed', customStatus: said }, at)).toBe(said);
  });

  test('has failed when the orchestration ended without a word', () => {
    const ended = currentRun(
      run({ steps: [step('Completed'), step('Running', null)] }),
      { live: false, runtimeStatus: 'Failed', customStatus: null },
      at,
    );
    expect(ended).toMatchObject({
      status: 'Failed',
      endedAt: at,
      steps: [{ status: 'Completed' }, { status: 'Failed', hint: expect.any(String) }],
    });
  });

  test('was canceled when somebody terminated it', () => {
    expect(endedUnexpectedly(run(), at, 'Terminated').status).toBe('Canceled');
    expect(endedUnexpectedly(run(), at, 'Canceled').status).toBe('Canceled');
  });

  test("stays as recorded when another app's task hub runs it", () => {
    expect(currentRun(run(), undefined, at)).toMatchObject({ status: 'Running' });
  });

  test('is undefined when nobody knows it', () => {
    expect(currentRun(undefined, undefined, at)).toBeUndefined();
    expect(currentRun(undefined, live, at)).toBeUndefined();
  });
});

test('a lock is taken over only from a run that ended and whose job is over', () => {
  expect(lockPath('a')).toBe('locks/a.json');
  expect(mayTakeOver(true, 'none')).toBe(true);
  expect(mayTakeOver(true, 'over')).toBe(true);
  expect(mayTakeOver(true, 'running')).toBe(false);
  expect(mayTakeOver(false, 'over')).toBe(false);
});

test('what a run stages lies under its own id', () => {
  expect(intentPath('r')).toBe('intents/r.json');
  expect(stagingPath('a', 'r')).toBe('hsmkeep/a/staging/r/');
});

describe('waitMs', () => {
  test('begins with what the service asked for, grows, and is capped', () => {
    expect(waitMs(JOB_POLLS, 0)).toBe(10_000);
    expect(waitMs(JOB_POLLS, 0, 1_000)).toBe(1_000);
    expect(waitMs(JOB_POLLS, 1)).toBe(15_000);
    expect(waitMs(JOB_POLLS, 39)).toBe(300_000);
  });
});

describe('stretched', () => {
  test.each([JOB_POLLS, BUSY_WAITS, LOCK_WAITS, SAFETY_WAITS])(
    'keeps the deadline of %j with fewer looks, and not much more',
    (waiting) => {
      for (const looks of [2, 3, 5, 8, 12]) {
        const fewer = stretched(waiting, looks);
        expect(fewer.looks).toBe(looks);
        expect(patienceMs(fewer)).toBeGreaterThanOrEqual(patienceMs(waiting));
        expect(patienceMs(fewer)).toBeLessThan(1.5 * patienceMs(waiting));
      }
    },
  );

  test('changes nothing where there are looks enough', () => {
    expect(stretched(BUSY_WAITS, BUSY_WAITS.looks)).toBe(BUSY_WAITS);
    expect(stretched(BUSY_WAITS, 1_000)).toBe(BUSY_WAITS);
  });
});
