import type { RestoreOutcome } from './outcome.ts';
import type { RestorePlan } from './plan.ts';
import type { RestoreState } from './state.ts';

/** One restore as the API shows it: the plan, what was said to it, and its run as soon as there is one. */
export type RestoreView = Omit<RestorePlan, 'schema'> &
  Readonly<{
    state: RestoreState;
    decision: Readonly<{ verdict: 'approved' | 'rejected'; by: string; at: string; note: string | null }> | null;
    runId: string | null;
    outcome: Omit<RestoreOutcome, 'schema' | 'plan'> | null;
  }>;
