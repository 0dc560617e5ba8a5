import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { markBackups } from '../../src/activities/mark-backups.ts';
import { planHsmRetention } from '../../src/activities/plan-hsm-retention.ts';
import type { BlobStore } from '../../src/clients/blob-store.ts';
import type { Clients } from '../../src/clients/clients.ts';
import { type BackupRecord, recordPath } from '../../src/domain/record.ts';
import { DEFAULT_PROTECTION } from '../../src/domain/retention/policy.ts';
import { backupRecord } from '../support/backup-record.ts';

const HSM = 'a';
const RUN = 'backup-a-20261122T0200Z';
/** This machine's clock; storage's agrees with it. */
const NOW = '2026-11-22T03:00:00.000Z';
const LATER = '2027-11-22T03:00:00.000Z';
const EARLIER = '2026-11-22T02:59:00.000Z';
const TONIGHT = 'mhsm-a-2026112202000000';
const BLOBS = 4;
const SIZE_BYTES = 10;

const nightOf = (night: number): string => `mhsm-a-202611${22 - night}02000000`;

/** Five nights, one blob of each folder, in memory. `lost`: of which a blob is gone. */
function container(changes: Readonly<Record<string, Partial<BackupRecord>>> = {}, lost?: string) {
  const texts = new Map<string, string>();
  for (let night = 0; night < 5; night += 1) {
    const folder = nightOf(night);
    const takenAt = `2026-11-${22 - night}T02:00:00.000Z`;
    texts.set(recordPath(HSM, folder), JSON.stringify(backupRecord({ folder, takenAt, ...changes[folder] })));
  }
  const blobsOf = (folder: string): number => (folder === lost ? BLOBS - 1 : BLOBS);
  const store: Partial<BlobStore> = {
    clockSkewMs: async () => 0,
    async *listFolders() {
      for (let night = 0; night < 5; night += 1) yield nightOf(night);
    },
    async *listBlobs(prefix) {
      const facts = { etag: '"1"', modifiedAt: NOW };
      if (prefix.startsWith('hsmkeep/')) for (const name of texts.keys()) yield { name, sizeBytes: 1, ...facts };
      else
        for (let blob = 0; blob < blobsOf(prefix.slice(0, -1)); blob += 1)
          yield { name: `${prefix}${blob}`, sizeBytes: blob === 0 ? SIZE_BYTES - BLOBS + 1 : 1, ...facts };
    },
    read: async (path) => {
      const text = texts.get(path);
      return text === undefined ? undefined : { text, etag: '"1"' };
    },
    write: async (path, text) => {
      texts.set(path, text);
      return { status: 'written', etag: '"2"' };
    },
  };
  const clients = {
    config: { timeZone: 'UTC', hsms: [{ name: HSM }], drillHsms: [] },
    hsmConfig: () => ({ prune: 'delete', retention: { last: 3 }, protect: DEFAULT_PROTECTION }),
    backups: () => store,
    documents: { read: async () => undefined },
  } as unknown as Clients;
  return {
    plan: async (at: string) => {
      const outcome = await planHsmRetention.create(clients)({ hsm: HSM, run: RUN, at, night: TONIGHT });
      return 'value' in outcome ? outcome.value : expect.unreachable(JSON.stringify(outcome));
    },
    mark: (at: string) => markBackups.create(clients)({ hsm: HSM, run: RUN, at }),
    recordOf: (folder: string) => JSON.parse(texts.get(recordPath(HSM, folder)) ?? '') as BackupRecord,
  };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date(NOW) });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('planHsmRetention', () => {
  test('decides for the time of the orchestration', async () => {
    expect(await container().plan(EARLIER)).toMatchObject({ refused: null, now: EARLIER, mark: 2 });
  });

  test('believes no time that its own clock has not reached: no undo period, hold or night ends by the clock of another machine', async () => {
    const marks = [{ at: '2026-11-21T03:00:00.000Z', run: 'r', reason: 'no rule keeps it' }];
    const holds = [{ by: 'alice', until: '2026-12-01T00:00:00.000Z', reason: 'audit' }];
    const plan = await container({ [nightOf(3)]: { holds }, [nightOf(4)]: { marks } }).plan(LATER);
    expect(plan).toMatchObject({ refused: null, now: NOW, mark: 0, waiting: 1, due: 0 });
  });

  test('is refused when a backup that the others would go for has lost a blob', async () => {
    expect(await container({}, nightOf(2)).plan(NOW)).toMatchObject({ refused: { guard: 'records-disagree' }, mark: 0 });
    expect((await container({}, nightOf(3)).plan(NOW)).refused).toBeNull();
  });
});

describe('markBackups', () => {
  test.each([
    ['begins the undo period when it writes the mark, though the plan was made days ago', '2026-11-14T03:00:00.000Z', NOW],
    ['never dates a mark before the plan', LATER, LATER],
  ])('%s', async (_what, at, markedAt) => {
    const { plan, mark, recordOf } = container();
    await plan(NOW);
    expect(await mark(at)).toEqual({ value: { marked: 2, lifted: 0 } });
    expect(recordOf(nightOf(4)).marks).toEqual([{ at: markedAt, run: RUN, reason: 'no rule keeps it' }]);
  });
});
