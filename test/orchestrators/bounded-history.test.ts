import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/activities/define-activity.ts';
import { REPEATS } from '../../src/domain/waiting.ts';
import { adoptBackup } from '../../src/orchestrators/adopt-backup.ts';
import { backupHsm } from '../../src/orchestrators/backup-hsm.ts';
import { copyBackups } from '../../src/orchestrators/copy-backups.ts';
import { drillHsm } from '../../src/orchestrators/drill-hsm.ts';
import type { Orchestrator } from '../../src/orchestrators/durable.ts';
import { preRestoreBackup } from '../../src/orchestrators/pre-restore-backup.ts';
import { restoreHsm } from '../../src/orchestrators/restore-hsm.ts';
import { retireSecret } from '../../src/orchestrators/retire-secret.ts';
import { rotateSecret } from '../../src/orchestrators/rotate-secret.ts';
import { type Played, playOrchestrator } from '../support/play-orchestrator.ts';

/** Design: no orchestration has more activity turns, whatever is slow, busy or lost, and however much of it together. */
const MOST_ACTIVITIES = 100;
const ROUNDS = 400;

const FOLDER = 'mhsm-contoso-hsm-2026112202000012';
const RESTORE = {
  id: 'restore-contoso-hsm-20261122T100000000Z',
  source: 'contoso-hsm',
  target: 'contoso-hsm',
  container: 'https://s/c',
  folder: FOLDER,
  takenAt: '2026-11-22T02:00:00.120Z',
  scope: 'full',
} as const;
/** Whoever has called one of these has had the lock. */
const UNDER_LOCK = new Set(['startRestore', 'startBackup', 'applySecret', 'retireOldSecret']);
const job = { kind: 'restore', jobId: '0'.repeat(32), resume: '' };
const problem = { message: 'no', hint: 'Look.' };

/** Chance that can be had again: mulberry32. */
function chanceOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Whether the next attempt of an activity fails: never; now and then; each activity as often as it is repeated, so that the last attempt is the
 * one that succeeds; or every attempt from some moment on.
 */
function failuresOf(chance: () => number): () => boolean {
  const kind = Math.floor(chance() * 4);
  const from = Math.floor(chance() * 60);
  let attempts = 0;
  return () => {
    attempts += 1;
    return [false, chance() < 0.1, attempts % (REPEATS.looks + 1) !== 0, attempts > from][kind] as boolean;
  };
}

/** What an adversary has each activity answer, where it answers: mostly what keeps the run waiting, now and then what lets it go on or fail. */
function adversary(seed: number) {
  const chance = chanceOf(seed);
  // Some rounds are slow everywhere, some only in places.
  const slowness = 0.7 + 0.29 * chance();
  const failures = failuresOf(chance);
  const slow = (waiting: readonly unknown[], onward: readonly unknown[]): unknown => {
    const from = chance() < slowness ? waiting : onward;
    return from[Math.floor(chance() * from.length)];
  };
  const started = { status: 'started', job, retryAfterMs: 1_000, date: null };
  const starts = [
    { status: 'busy', detail: 'x' },
    { status: 'throttled', detail: 'x' },
  ];
  const running = [{ status: 'running' }, { status: 'running' }, { status: 'running' }, { status: 'unanswered', detail: 'x' }];
  const succeeded = { status: 'succeeded', folder: FOLDER, startedAt: null, endedAt: null, detail: 'restored: 1, could not overwrite: 0' };
  const ends = [succeeded, succeeded, { status: 'unknown' }, { status: 'failed', code: 'BackupTooRecent', detail: 'x' }];
  // A rotation that waits for its target again and again, and finds old ones to retire on the way.
  const rotating = ['pause', 'retire', 'retire'].map((step) => ({ step, why: 'x', ms: 1_000, operation: 'x' }));
  const rotated = [
    { step: 'wait', code: 'x', ms: 1_000 },
    { step: 'rest', reason: 'not-due' },
  ];
  const progress = () => ({ done: true, next: slow(rotating, rotated), base: 'v1', rotationId: 'r' });
  const restoredStarts = [started, { status: 'unclear', detail: 'x' }, { status: 'unclear', detail: 'x' }];

  const answers: Readonly<Record<string, () => unknown>> = {
    acquireLock: () => slow([{ status: 'held', owner: 'x', step: 'y' }], [{ status: 'acquired' }]),
    checkRestoreApproval: () =>
      slow(
        [{ status: 'waiting', expiresAt: '2026-11-22T14:00:00.000Z' }],
        [{ status: 'approved', by: 'bob', restore: { ...RESTORE, landing: 'https://s/c-landing-1' } }],
      ),
    requestSafetyBackup: () => ({ by: chance() < 0.5 ? 'here' : 'another', container: 'https://s/c' }),
    checkSafetyBackup: () => slow([null], [{ result: { folder: FOLDER }, steps: [] }]),
    replanRestore: () => ({ destroyed: 0 }),
    landCopy: () => slow([{ blobs: 9, next: 1 }], [{ blobs: 9, next: null }]),
    startPreRestore: () => slow([...starts, { status: 'unknown', detail: 'x' }], [started]),
    startPreBackup: () => slow([...starts, { status: 'unknown', detail: 'x' }], [started]),
    startBackup: () => slow(starts, [started, { status: 'adopted' }]),
    startRestore: () => slow(starts, restoredStarts),
    checkRestoreJob: () => slow(running, ends),
    checkBackupJob: () => slow(running, ends),
    checkRestoreOutcome: () => slow(running, [...ends, { status: 'forbidden', principalId: null }]),
    judgeRestore: () => ({ evidence: slow(['untouched'], ['restored', 'neither', 'unknown']), principalId: null }),
    compareRestored: () => ({ comparable: true, principalId: null, differences: [], lost: [], lostCount: 1 }),
    repairRoles: () => ({ status: 'off', repaired: 0 }),
    takeInventory: () => slow([{ complete: false, keys: 1, unreadable: [] }], [{ complete: true, keys: 1, unreadable: [] }]),
    hashFolder: () => ({ listing: 'l', blobs: 9, next: slow([1], [null]), changed: false }),
    fingerprintFolder: () => slow(['other'], ['l']),
    sealManifest: () => ({ sha256: '', blobs: 9, sizeBytes: 9 }),
    findNewFolders: () => [FOLDER, FOLDER, FOLDER, FOLDER],
    planHsmRetention: () => ({
      refused: null,
      mode: 'delete',
      mark: 1,
      lift: 0,
      due: 20,
      prune: Array(12).fill({ folder: FOLDER, markedAt: null }),
      copies: Array(12).fill(FOLDER),
      approval: { by: 'root', planHash: 'x' },
      nextDeletableAt: null,
    }),
    useRetentionApproval: () => true,
    markBackups: () => ({ marked: 1, lifted: 0 }),
    pruneBackup: () => ({ status: 'pruned', removed: 1, retained: 0 }),
    pruneCopy: () => ({ status: 'pruned', removed: 1, retained: 0 }),
    findUncopied: () => ({ folders: [], lag: null }),
    checkAdoption: () => 'free',
    chooseBackup: () => ({ folder: FOLDER, alreadyAccepted: false }),
    chooseDrill: () => ({ ...RESTORE, target: 'drill', canaryKey: 'k', needsBackup: true }),
    verifyBackup: () => slow([{ status: 'more', next: 1 }], [{ status: 'sound', blobs: 9 }]),
    proveCanary: () => ({ decrypts: true, verifies: true }),
    queueNotices: () => ['a', 'b'],
    copyFolder: () => slow([{ blobs: 9, next: 1 }], [{ blobs: 9, next: null }]),
    sealCopy: () => ({}),
    escrowSecret: progress,
    applySecret: progress,
    publishSecret: progress,
    confirmSecret: progress,
    reconcileSecret: progress,
    retireOldSecret: () => ({ ...progress(), oldCredential: slow(['accepted'], ['refused']) }),
    findGoodBackup: () => ({ folder: FOLDER, proof: 'L1', checked: true }),
  };
  return {
    answer(name: string): Outcome<unknown> {
      if (failures()) throw new Error(`Activity function '${name}' failed: no answer`);
      const [isRefused, isThrottled] = [chance() < 0.01, chance() < 0.01];
      if (isThrottled) return { throttledMs: 1_000 };
      return isRefused ? { refused: problem } : { value: answers[name]?.() ?? null };
    },
    /** Whether somebody raises an event while a run waits for one. */
    isNudged: () => chance() < 0.3,
  };
}

/** @returns The activities that an orchestrator called against the adversary, in order, and how it ended. */
const runAgainst = (orchestrator: Orchestrator<never>, input: object, id: string, seed: number): Played =>
  playOrchestrator(orchestrator, input, id, { ...adversary(seed), child: { result: { folder: FOLDER }, steps: [] } });

const SECRET = { vault: 'contoso-kv', name: 'db', trigger: 'sweep', mode: 'normal', reason: 'due', wanted: null } as const;

/** Of each the least that the worst of the rounds takes: the adversary is one. */
describe.each([
  ['restoreHsm', restoreHsm, { plan: RESTORE.id, target: 'contoso-hsm' }, RESTORE.id, 60],
  ['backupHsm', backupHsm, { hsm: 'contoso-hsm', container: 'https://s/c' }, 'backup-contoso-hsm-20261122T100000000Z', 75],
  ['drillHsm', drillHsm, { hsm: 'contoso-hsm', folder: null }, 'drill-contoso-hsm-20261122T100000000Z', 60],
  ['adoptBackup', adoptBackup, { hsm: 'contoso-hsm', folder: FOLDER }, 'adopt-contoso-hsm-20261122T100000000Z', 65],
  [
    'preRestoreBackup',
    preRestoreBackup,
    { hsm: 'contoso-hsm', folder: null, container: 'https://s/c' },
    'pre-restore-contoso-hsm-20261122T100000000Z',
    38,
  ],
  ['rotateSecret', rotateSecret, SECRET, 'rotation-contoso-kv.db-20261122T100000000Z', 75],
  ['retireSecret', retireSecret, SECRET, 'rotation-contoso-kv.db-20261122T100000000Z', 28],
] as const)('%s', (_name, orchestrator, input, id, least) => {
  test('ends within the bound, and gives back its lock, however slow, busy, silent and broken everything is', () => {
    let most = 0;
    for (let seed = 1; seed <= ROUNDS; seed += 1) {
      const { called, output } = runAgainst(orchestrator as unknown as Orchestrator<never>, input, id, seed);
      expect(called.length, `seed ${seed}: ${called.join(' ')}`).toBeLessThanOrEqual(MOST_ACTIVITIES);
      expect(output, `seed ${seed}`).toMatchObject({
        status: expect.stringMatching(/^(Completed|Degraded|Failed)$/),
        endedAt: expect.any(String),
      });
      if (called.some((name) => UNDER_LOCK.has(name))) expect(called, `seed ${seed}`).toContain('releaseLock');
      most = Math.max(most, called.length);
    }
    expect(most).toBeGreaterThanOrEqual(least);
  });
});

test('copyBackups ends within the bound, however many copies fail', () => {
  const input = { hsm: 'contoso-hsm', run: 'x', container: 'https://s/w', folders: Array(50).fill(FOLDER) };
  for (let seed = 1; seed <= ROUNDS; seed += 1) {
    const { called } = runAgainst(copyBackups as unknown as Orchestrator<never>, input, 'copies-x', seed);
    expect(called.length, `seed ${seed}: ${called.join(' ')}`).toBeLessThanOrEqual(MOST_ACTIVITIES);
  }
});
