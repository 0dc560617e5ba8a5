import { createHash } from 'node:crypto';
import { type PlanInput, planRetention } from '../../../src/domain/retention/plan.ts';
import { DEFAULT_PROTECTION, type RetentionPolicy } from '../../../src/domain/retention/policy.ts';
import type { RetainedBackup } from '../../../src/domain/retention/retained-backup.ts';
import { inTurn, median } from '../runner/rounds.ts';
import type { Row } from '../runner/row.ts';

const ROUNDS = 15;
const WARM_UP = 3;
const BACKUPS = 100_000;
const HOUR_MS = 3_600_000;
const NEWEST_MS = Date.parse('2026-01-01T02:00:00Z');
const ZONE = 'America/New_York';

/** Every kind of count, and no brake: it would end the plan early. */
const POLICY: RetentionPolicy = {
  rules: { last: 3, hourly: 24, daily: 30, weekly: 52, monthly: 60, yearly: -1 },
  timeZone: ZONE,
  protection: { ...DEFAULT_PROTECTION, maxDeletesPerRun: BACKUPS, maxDeleteShare: 1 },
};

/** Not run here, being Go; its own policy function on shuffled snapshots of one an hour, on a machine of two cores. */
const RESTIC = `restic's own policy function (Go 1.19) was measured at 215 to 283 ms for as many snapshots in ${ZONE}`;

/** Deciding what to keep must never be what a night waits for. */
export const retention: Row = {
  name: 'retention',
  title: `the retention plan of ${BACKUPS.toLocaleString('en-US')} backups in a time zone, beside sorting them`,
  async measure({ rounds }) {
    const backups = shuffled(Array.from({ length: BACKUPS }, (_, hoursAgo) => backup(hoursAgo)));
    const input: PlanInput = { policy: POLICY, backups, now: new Date(NEWEST_MS).toISOString(), hash: sha256 };
    const variants = {
      plan: async () => msOf(() => planRetention(input)),
      // Text that sorts as the times do: a comparator that parsed them would be a slower baseline.
      sort: async () => msOf(() => [...backups].sort((a, b) => (a.takenAt < b.takenAt ? 1 : -1))),
    };

    const { refused, decisions } = planRetention(input);
    if (refused || decisions.length !== BACKUPS) throw new Error(`No plan was made: ${refused?.message}`);
    await inTurn(WARM_UP, variants);
    const { plan, sort } = await inTurn(rounds(ROUNDS), variants);
    return [
      {
        what: `retention plan of ${BACKUPS.toLocaleString('en-US')} backups, wall`,
        unit: 'ms',
        ours: median(plan),
        baseline: { name: 'comparator sort of the same array', value: median(sort) },
        target: { of: 'ratio', atMost: 2 },
        note: `${decisions.filter(({ keep }) => keep).length} kept, guards and reasons included; ${RESTIC}`,
      },
    ];
  },
};

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function backup(hoursAgo: number): RetainedBackup {
  const takenAt = new Date(NEWEST_MS - hoursAgo * HOUR_MS).toISOString();
  return { id: `mhsm-contoso-hsm-${takenAt.replace(/\D/g, '').slice(0, 14)}00`, takenAt, proof: 'L2' };
}

/** Always the same order: a linear congruential generator (Numerical Recipes) drives Fisher and Yates. */
function shuffled<T>(items: readonly T[]): T[] {
  const result = [...items];
  let state = 1;
  for (let last = result.length - 1; last > 0; last -= 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = Math.floor((state / 2 ** 32) * (last + 1));
    [result[last], result[other]] = [result[other] as T, result[last] as T];
  }
  return result;
}

function msOf(work: () => unknown): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}
