import type { OrchestrationContext, Task } from 'durable-functions';
import { describe, expect, test } from 'vitest';
import { backupHsm } from '../../src/orchestrators/backup-hsm.ts';
import { drillHsm } from '../../src/orchestrators/drill-hsm.ts';
import type { Orchestrator } from '../../src/orchestrators/durable.ts';
import { restoreHsm } from '../../src/orchestrators/restore-hsm.ts';

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

/** What an adversary has each activity answer: mostly what keeps the run waiting, now and then what lets it go on or fail. */
function adversary(seed: number) {
  const chance = chanceOf(seed);
  // Some rounds are slow everywhere, some only in places.
  const slowness = 0.7 + 0.29 * chance();
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
    planHsmRetention: () => ({ refused: null, mode: 'observe', mark: 0, lift: 0, prune: [], copies: [], keep: 1, forget: 0 }),
    findUncopied: () => ({ folders: [], lag: null }),
    chooseDrill: () => ({ ...RESTORE, target: 'drill', canaryKey: 'k', needsBackup: true }),
    verifyBackup: () => slow([{ status: 'more', next: 1 }], [{ status: 'sound', blobs: 9 }]),
    proveCanary: () => ({ decrypts: true, verifies: true }),
    queueNotices: () => ['a', 'b'],
    findGoodBackup: () => ({ folder: FOLDER, proof: 'L1', checked: true }),
  };
  return {
    answer: (name: string) => (chance() < 0.01 ? { refused: problem } : { value: answers[name]?.() ?? null }),
    /** Whether somebody raises an event while a run waits for one. */
    isNudged: () => chance() < 0.3,
  };
}

type Asked = Readonly<
  | { kind: 'activity'; name: string }
  | { kind: 'timer'; at: Date }
  | { kind: 'backup' }
  | { kind: 'any'; word: { isCompleted: boolean }; at: Date }
>;

/** Runs an orchestrator against an adversary, without a host. @returns The activities that it called, in order, and how it ended. */
function runAgainst(orchestrator: Orchestrator<never>, input: object, id: string, seed: number) {
  const { answer, isNudged } = adversary(seed);
  let now = Date.parse('2026-11-22T10:00:00.000Z');
  const asked = (one: Asked): Task => one as unknown as Task;
  const timer = (at: Date) => ({ kind: 'timer', at, isCompleted: false, cancel: () => undefined });
  const df = {
    instanceId: id,
    isReplaying: true,
    get currentUtcDateTime() {
      return new Date(now);
    },
    getInput: () => input,
    setCustomStatus: () => undefined,
    callActivity: (name: string) => asked({ kind: 'activity', name }),
    callActivityWithRetry: (name: string) => asked({ kind: 'activity', name }),
    callSubOrchestrator: () => asked({ kind: 'backup' }),
    createTimer: timer,
    waitForExternalEvent: () => ({ isCompleted: false }),
    Task: { any: ([word, due]: [{ isCompleted: boolean }, { at: Date }]) => asked({ kind: 'any', word, at: due.at }) },
  };
  const steps = orchestrator.handler({ df } as unknown as OrchestrationContext);
  const called: string[] = [];
  let next = steps.next();
  while (!next.done) {
    const task = next.value as unknown as Asked;
    let result: unknown;
    if (task.kind === 'activity') {
      called.push(task.name);
      result = answer(task.name);
    } else if (task.kind === 'timer') now = Math.max(now, task.at.getTime());
    else if (task.kind === 'any') {
      if (isNudged()) task.word.isCompleted = true;
      else now = Math.max(now, task.at.getTime());
    } else result = { result: { folder: FOLDER }, steps: [] };
    next = steps.next(result);
  }
  return { called, run: next.value as { status: string; endedAt: string | null } };
}

describe.each([
  ['restoreHsm', restoreHsm, { plan: RESTORE.id, target: 'contoso-hsm' }, RESTORE.id],
  ['backupHsm', backupHsm, { hsm: 'contoso-hsm', container: 'https://s/c' }, 'backup-contoso-hsm-20261122T100000000Z'],
  ['drillHsm', drillHsm, { hsm: 'contoso-hsm', folder: null }, 'drill-contoso-hsm-20261122T100000000Z'],
] as const)('%s', (_name, orchestrator, input, id) => {
  test('ends within the bound, and gives back its lock, however slow, busy and silent everything is', () => {
    let most = 0;
    for (let seed = 1; seed <= ROUNDS; seed += 1) {
      const { called, run } = runAgainst(orchestrator as unknown as Orchestrator<never>, input, id, seed);
      expect(called.length, `seed ${seed}: ${called.join(' ')}`).toBeLessThanOrEqual(MOST_ACTIVITIES);
      expect(run, `seed ${seed}`).toMatchObject({
        status: expect.stringMatching(/^(Completed|Degraded|Failed)$/),
        endedAt: expect.any(String),
      });
      if (called.includes('startRestore') || called.includes('startBackup')) expect(called, `seed ${seed}`).toContain('releaseLock');
      most = Math.max(most, called.length);
    }
    // The adversary is one.
    expect(most).toBeGreaterThan(70);
  });
});
