import type { Run, StepStatus } from '../run.ts';

const BAD: readonly StepStatus[] = ['Failed', 'Degraded', 'Canceled'];

/** What the newest of some runs said of the step that did not go well. @param runs Oldest first. */
export const lastWords = (runs: readonly Run[]): string | undefined =>
  runs
    .flatMap(({ steps }) => steps.flatMap(({ status, message }) => (BAD.includes(status) && message !== undefined ? [message] : [])))
    .at(-1);
