import type { OrchestrationContext } from 'durable-functions';
import { closeSecret } from '../activities/close-secret.ts';
import { retireOldSecret } from '../activities/retire-old-secret.ts';
import type { SecretWorkInput } from '../activities/secret-work.ts';
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
  const { done, rotationId, escrow, left } = yield* call(context, retireOldSecret, input);
  if (!done || rotationId === null) {
    log.done('nothing to retire');
    return false;
  }
  if (left) log.degrade(left);
  else log.done();

  log.begin('Close');
  yield* call(context, closeSecret, { ref: input.ref, rotationId, escrow });
  log.done();
  return true;
}
