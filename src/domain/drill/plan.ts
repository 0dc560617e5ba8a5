import { destroyedBy, type RestoreDiff } from '../restore/diff.ts';
import type { Preflight, RestoreFindings } from '../restore/plan.ts';

/** What a drill would do, found out without doing any of it. */
export type DrillPlan = Readonly<{
  source: string;
  target: string;
  folder: string;
  mode: 'canary' | 'full';
  /** What is in the drill HSM afterwards and was not before, as in the diff of a restore: `keys/payments/<version>`. */
  copied: readonly string[];
  /** What is in the drill HSM now and is gone or changed afterwards. */
  destroyed: readonly string[];
  /** Role assignments of the drill HSM that end, and have to be given again before it is used as now. */
  rearm: readonly string[];
  preflights: readonly Preflight[];
}>;

type CanaryFacts = Readonly<{ source: string; target: string; folder: string; canaryKey: string }>;

/** One key goes, and comes back. */
export const canaryPlan = ({ source, target, folder, canaryKey }: CanaryFacts): DrillPlan => ({
  source,
  target,
  folder,
  mode: 'canary',
  copied: [`keys/${canaryKey}`],
  destroyed: [`keys/${canaryKey}`],
  rearm: [],
  preflights: [],
});

/** Everything is replaced, role assignments too: whoever may use the source may use the copy. */
export const fullPlan = ({ source, target, folder, diff, preflights }: RestoreFindings): DrillPlan => ({
  source,
  target,
  folder,
  mode: 'full',
  copied: copiedBy(diff),
  destroyed: destroyedBy(diff),
  rearm: diff.roleAssignments === 'unreadable' ? ['unreadable'] : diff.roleAssignments.vanish,
  preflights,
});

const PARTS = ['keys', 'roleDefinitions', 'roleAssignments'] as const;

function copiedBy(diff: RestoreDiff): string[] {
  return PARTS.flatMap((part) => {
    const items = diff[part];
    return items === 'unreadable' ? [`${part}: unreadable`] : items.comeBack.map((item) => `${part}/${item}`);
  });
}
