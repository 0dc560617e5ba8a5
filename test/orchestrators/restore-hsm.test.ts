import { expect, test } from 'vitest';
import type { Outcome } from '../../src/activities/define-activity.ts';
import type { Run } from '../../src/domain/run.ts';
import type { Orchestrator } from '../../src/orchestrators/durable.ts';
import { restoreHsm } from '../../src/orchestrators/restore-hsm.ts';
import { playOrchestrator } from '../support/play-orchestrator.ts';

const FOLDER = 'mhsm-contoso-hsm-2026112202000012';
const RESTORE = {
  id: 'restore-contoso-hsm-20261122T100000000Z',
  source: 'contoso-hsm',
  target: 'contoso-hsm',
  container: 'https://s/hsm',
  folder: FOLDER,
  takenAt: '2026-11-22T02:00:00.120Z',
  scope: 'full',
} as const;
const LANDING = 'https://s/hsm-landing-20261122100000000';

const value = (of: unknown): Outcome<unknown> => ({ value: of });
const refused = (message: string): Outcome<unknown> => ({ refused: { message, hint: 'Give the role.' } });
const started = value({ status: 'started', job: { kind: 'restore', jobId: '0'.repeat(32), resume: '' }, retryAfterMs: 1_000, date: null });
const succeeded = value({ status: 'succeeded', folder: null, startedAt: null, endedAt: null, detail: '' });

/** All goes well. */
const WELL: Readonly<Record<string, Outcome<unknown>>> = {
  checkRestoreApproval: value({ status: 'approved', by: 'bob', restore: RESTORE }),
  requestSafetyBackup: value({ by: 'here', container: 'https://s/hsm' }),
  landCopy: value({ blobs: 9, next: null }),
  acquireLock: value({ status: 'acquired' }),
  replanRestore: value({ destroyed: 1 }),
  startPreRestore: started,
  checkRestoreJob: succeeded,
  startRestore: started,
  checkRestoreOutcome: succeeded,
  judgeRestore: value({ evidence: 'untouched', principalId: null }),
  compareRestored: value({ comparable: true, principalId: null, differences: [], lost: [], lostCount: 0 }),
  auditRun: value({ notices: false }),
};
const fromCopy = { checkRestoreApproval: value({ status: 'approved', by: 'bob', restore: { ...RESTORE, landing: LANDING } }) };

function play(otherwise: Readonly<Record<string, Outcome<unknown>>>) {
  const { called, output } = playOrchestrator(
    restoreHsm as unknown as Orchestrator<never>,
    { plan: RESTORE.id, target: RESTORE.target },
    RESTORE.id,
    { answer: (name) => ({ ...WELL, ...otherwise })[name] ?? value(null), child: { result: { folder: FOLDER }, steps: [] } },
  );
  const run = output as Run;
  return { called, run, failure: run.steps.find(({ status }) => status === 'Failed') };
}

test('a restore of which all goes well is completed', () => {
  const { called, run } = play(fromCopy);
  expect(run, JSON.stringify(run.steps)).toMatchObject({ status: 'Completed', result: { restored: true } });
  expect(called).toEqual(expect.arrayContaining(['landCopy', 'holdRestoreBackup', 'startRestore', 'compareRestored', 'dropLanding']));
});

test('a restore that runs is followed to its end, though what runs cannot be written into the lock', () => {
  const { called, run } = play({ ...fromCopy, noteLockStep: refused('no') });
  expect(run, JSON.stringify(run.steps)).toMatchObject({ status: 'Completed', result: { restored: true } });
  expect(called.indexOf('checkRestoreOutcome')).toBeLessThan(called.indexOf('dropLanding'));
});

test('a start that storage or the configuration forbids ends with the reason, once it is known that the HSM was not touched', () => {
  const { called, failure } = play({ startRestore: refused('The storage account refused access to hsmkeep.') });
  expect(failure).toMatchObject({ message: 'The storage account refused access to hsmkeep.', hint: 'Give the role.' });
  expect(called.filter((name) => name === 'startRestore')).toHaveLength(1);
  expect(called).toContain('judgeRestore');
});

test('a restore whose pre-restore check has no outcome is not begun', () => {
  const { called, failure } = play({ checkRestoreJob: value({ status: 'unknown' }) });
  expect(failure).toMatchObject({ name: 'Pre-restore check', message: expect.stringContaining('its job is not known any more') });
  expect(called).not.toContain('startRestore');
});

test('a landing container that cannot be removed is told of, also when the restore failed', () => {
  const dropLanding = refused('no');
  expect(play({ ...fromCopy, dropLanding }).run.steps.at(-1)).toMatchObject({
    status: 'Degraded',
    message: `The container ${LANDING}, which the HSM read, could not be removed.`,
  });
  const { failure } = play({ ...fromCopy, dropLanding, replanRestore: refused('The plan changed.') });
  expect(failure?.message).toBe('The plan changed.');
  expect(failure?.hint).toMatch(new RegExp(`^Give the role\\. The container ${LANDING}, .* Remove it: az storage container delete`));
});
