import type { OrchestrationContext } from 'durable-functions';
import { findDueSecrets } from '../activities/find-due-secrets.ts';
import { subjectOf } from '../domain/rotation/subject.ts';
import type { SweepItem } from '../domain/rotation/sweep.ts';
import { requestedRunId } from '../domain/run-id.ts';
import { call, defineOrchestrator } from './durable.ts';
import { type RetireSecretInput, retireSecret } from './retire-secret.ts';
import { type RotateSecretInput, rotateSecret } from './rotate-secret.ts';

/** `after`: where this part of the sweep begins; null for the first. `lookMs`: time since the sweep before; null when there was none. */
export type SweepSecretsInput = Readonly<{ vault: string; after: string | null; lookMs: number | null }>;

/** Secrets that one execution takes up; more than these begin a new history. */
const ITEMS_AT_MOST = 40;
const RUNS_AT_ONCE = 10;

/**
 * Takes up all that is to be done in a vault, the most pressing first: the truth, whatever events were lost. One secret's failure is its
 * own run's, and stops no other.
 */
export const sweepSecrets = defineOrchestrator(
  'sweepSecrets',
  ['rotate'],
  function* (context, { vault, after, lookMs }: SweepSecretsInput) {
    const found = yield* call(context, findDueSecrets, { vault, after, lookMs, most: ITEMS_AT_MOST });
    for (let from = 0; from < found.items.length; from += RUNS_AT_ONCE) {
      const runs = found.items.slice(from, from + RUNS_AT_ONCE).map((item) => run(context, vault, item));
      yield context.df.Task.all(runs);
    }
    if (found.after !== null) context.df.continueAsNew({ vault, after: found.after, lookMs } satisfies SweepSecretsInput);
    return { vault, taken: found.items.length };
  },
);

/** A run never throws: it ends with its record, failed or not. */
function run(context: OrchestrationContext, vault: string, { name, action, reason }: SweepItem) {
  const id = requestedRunId('rotation', subjectOf(vault, name), context.df.currentUtcDateTime.toISOString());
  if (action === 'retire') return context.df.callSubOrchestrator(retireSecret.name, { vault, name } satisfies RetireSecretInput, id);
  const input: RotateSecretInput = { vault, name, trigger: 'sweep', mode: 'normal', reason, wanted: null };
  return context.df.callSubOrchestrator(rotateSecret.name, input, id);
}
