import type { FailureCode } from './views.ts';

export const RUN_KINDS = ['backup', 'adopt', 'prune', 'pre-restore', 'restore', 'drill', 'rotation'] as const;
export type RunKind = (typeof RUN_KINDS)[number];
export type RunStatus = 'Running' | 'Waiting' | 'Completed' | 'Degraded' | 'Failed' | 'Canceled';
export type StepStatus = RunStatus | 'Skipped';

/** One step of a run. Times are ISO 8601 UTC. */
export type Step = Readonly<{
  name: string;
  status: StepStatus;
  startedAt: string;
  endedAt: string | null;
  message?: string;
  /** What to do about it; only when the step did not simply succeed. */
  hint?: string;
  /** What kind of failure it was; only where failures are told apart. */
  failure?: FailureCode;
}>;

/** One orchestration as a person sees it; its status is the worst of its steps. */
export type Run = Readonly<{
  schema: 'hsmkeep.run/1';
  id: string;
  kind: RunKind;
  subject: string;
  status: RunStatus;
  startedAt: string;
  endedAt: string | null;
  steps: readonly Step[];
  result?: Readonly<Record<string, unknown>>;
}>;

const SEVERITY: Readonly<Record<StepStatus, number>> = {
  Skipped: 0,
  Completed: 0,
  Canceled: 3,
  Running: 1,
  Waiting: 1,
  Degraded: 2,
  Failed: 4,
};

/** The status of a finished run: that of its worst step. A step still open counts as done. */
export function worstStatus(steps: readonly Step[]): RunStatus {
  const worst = steps.reduce<StepStatus>((found, { status }) => (SEVERITY[status] > SEVERITY[found] ? status : found), 'Completed');
  return worst === 'Skipped' || worst === 'Running' || worst === 'Waiting' ? 'Completed' : worst;
}
