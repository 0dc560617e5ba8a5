import type { OrchestrationContext } from 'durable-functions';
import { closeSecret } from '../activities/close-secret.ts';
import { retireOldSecret } from '../activities/retire-old-secret.ts';
import type { SecretProgress, SecretWorkInput } from '../activities/secret-work.ts';
import { call, type Steps } from './durable.ts';
import type { RunLog } from './run-log.ts';

/**
 * Takes the old credential off the target and closes the rotation's escrow entry.
 *
 * @returns Whether there was something to retire.
 * @throws {StepFailed}
 */
export function* retireAndClose(context: OrchestrationContext, log: RunLog, input: SecretWorkInput): Steps<boolean> {
  log.begin('Retire');
  const progress = yield* call(context, retireOldSecret, input);
  noteFacts(log, progress);
  const { done, base, rotationId, escrow, hasOlder, left, oldCredential } = progress;
  if (!done || rotationId === null) {
    log.done('nothing to retire');
    return false;
  }
  log.note({ retired: { rotationId, base, at: context.df.currentUtcDateTime.toISOString(), oldCredential } });
  if (left) log.degrade(left);
  else log.done();

  log.begin('Close');
  yield* call(context, closeSecret, { ref: input.ref, rotationId, escrow, ...(hasOlder && { hasOlder }) });
  log.done();
  return true;
}

/** How the secret is rotated goes into the run's result, also when the run fails; how its target answered is counted. */
export function noteFacts(log: RunLog, { facts, probes }: SecretProgress): void {
  if (facts) log.note(facts);
  for (const [result, by] of Object.entries(probes?.answers ?? {})) log.count('probe_total', { kind: probes?.kind ?? '', result }, by);
}
