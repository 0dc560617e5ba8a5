import type { OrchestrationContext } from 'durable-functions';
import { closeSecret } from '../activities/close-secret.ts';
import { type OldCredential, type RetireOldSecretResult, retireOldSecret } from '../activities/retire-old-secret.ts';
import type { SecretProgress, SecretWorkInput } from '../activities/secret-work.ts';
import { usersInWords } from '../domain/rotation/credential-users.ts';
import { endedInUse } from '../domain/rotation/problems.ts';
import { call, StepFailed, type Steps, sleep } from './durable.ts';
import type { RunLog } from './run-log.ts';
import { turnsForWork } from './turns.ts';

const ASK_AGAIN_AFTER_MS = [60_000, 240_000];

/** `still-used`: nothing was ended, because somebody uses it; nobody minds after `until` (ISO 8601 UTC). */
export type Retired = Readonly<{ end: 'retired' | 'nothing' } | { end: 'still-used'; until: string | null }>;

/**
 * Takes the old credential off the target and closes the rotation's escrow entry.
 *
 * @throws {StepFailed}
 */
export function* retireAndClose(context: OrchestrationContext, log: RunLog, input: SecretWorkInput): Steps<Retired> {
  log.begin('Retire');
  const progress = yield* call(context, retireOldSecret, input);
  noteFacts(log, progress);
  const { done, next, base, rotationId, escrow, hasOlder, left, oldCredential, usedBy } = progress;
  if (usedBy) log.note({ usedBy });
  if (!done && next.step === 'rest' && next.reason === 'still-used') {
    log.done(`it is still used, by ${usersInWords(usedBy ?? [])}`);
    return { end: 'still-used', until: next.until };
  }
  if (!done || rotationId === null) {
    log.done('nothing to retire');
    return { end: 'nothing' };
  }
  const retired = { rotationId, base, at: context.df.currentUtcDateTime.toISOString() };
  log.note({ retired: { ...retired, oldCredential } });
  if (oldCredential === 'accepted' && !left) log.note({ retired: { ...retired, oldCredential: yield* askAgain(context, log, input) } });
  const trouble = left ?? (usedBy && endedInUse(input.ref.vault, input.ref.name, usersInWords(usedBy)));
  if (trouble) log.degrade(trouble);
  else log.done();

  log.begin('Close');
  yield* call(context, closeSecret, { ref: input.ref, rotationId, escrow, ...(hasOlder && { hasOlder }) });
  log.done();
  return { end: 'retired' };
}

/**
 * What was taken off one server may work on others for a while: that it is dead is evidence only when the target says so. Asking undoes
 * nothing: without a new answer the one before stands.
 */
function* askAgain(context: OrchestrationContext, log: RunLog, input: SecretWorkInput): Steps<OldCredential> {
  for (const ms of ASK_AGAIN_AFTER_MS) {
    if (turnsForWork(context) === 0) break;
    log.waiting('the target still accepts the old credential; it is asked again');
    yield* sleep(context, ms);
    try {
      const progress: RetireOldSecretResult = yield* call(context, retireOldSecret, { ...input, onlyAsk: true });
      noteFacts(log, progress);
      if (progress.oldCredential && progress.oldCredential !== 'accepted') return progress.oldCredential;
    } catch (error) {
      if (!(error instanceof StepFailed)) throw error;
    }
  }
  return 'accepted';
}

/** How the secret is rotated goes into the run's result, also when the run fails; how its target answered is counted. */
export function noteFacts(log: RunLog, { facts, probes }: SecretProgress): void {
  if (facts) log.note(facts);
  for (const [result, by] of Object.entries(probes?.answers ?? {})) log.count('probe_total', { kind: probes?.kind ?? '', result }, by);
}
