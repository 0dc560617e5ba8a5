import type { EscrowEntry } from '../domain/rotation/escrow.ts';
import type { IssuingProvider, Operation, ProviderContext, ReadableProvider } from '../providers/contract.ts';
import { revokeForgotten } from './revoke-forgotten.ts';
import {
  contextOf,
  defineStep,
  keepCandidate,
  type Pause,
  publishedOf,
  type SecretProgress,
  type SecretWorkInput,
  unclearAsWait,
  type Wait,
  type Work,
  waitFor,
} from './secret-work.ts';

/** `operation`: what the target was at when it was asked last. */
export type ObtainSecretInput = SecretWorkInput & Readonly<{ operation?: Operation }>;

type Obtained = Readonly<{ step: 'apply' }> | Wait | Pause;

/**
 * Has the target make the value of a rotation, and stores it in escrow.
 *
 * A credential that is shown once is made and stored in this one activity; what a crash between the two leaves on the target bears the
 * secret's mark, and is removed before another is made. A key that can be read again is regenerated only while it is still the one that was
 * noted before: whoever comes here a second time finds it changed, and reads it.
 *
 * @throws {TransientError}
 */
export const obtainSecret = defineStep(
  'obtainSecret',
  ({ step }) => step === 'obtain',
  (work, { operation }: ObtainSecretInput) => obtain(work, operation),
);

async function obtain(work: Work, operation: Operation | undefined): Promise<SecretProgress> {
  const { provider, spec, look, current } = work;
  const entry = look.escrow?.entry as EscrowEntry;
  const context = contextOf(work, entry.rotationId);
  const told = { base: current.facts.version, rotationId: entry.rotationId };

  // Whoever may edit tags could name another's account: what is published must work there before anything is changed.
  const guard = await provider.probe(context, spec, publishedOf(work));
  if (guard === 'unknown') return { ...told, done: false, next: waitFor(work, 'ProbeUnknown') };
  if (guard === 'not-live') return { ...told, done: false, next: { step: 'reconcile', reason: 'foreign-version' } };

  const next = await unclearAsWait(work, (): Promise<Obtained> => {
    if ('issue' in provider) return issue(work, provider, context, entry);
    if ('regenerate' in provider) return regenerate(work, provider, context, entry, operation);
    throw new Error(`the provider ${provider.id} takes values of ours, and was asked to make one`);
  });
  return { ...told, done: next.step === 'apply', next };
}

async function issue(work: Work, provider: IssuingProvider, context: ProviderContext, entry: EscrowEntry): Promise<Obtained> {
  const { spec, strategy } = work;
  await revokeForgotten(work, provider, context);
  const candidate = await provider.issue(context, spec, { strategy, slot: entry.slot, base: entry.base });
  await keepCandidate(work, entry, candidate);
  return { step: 'apply' };
}

async function regenerate(
  work: Work,
  provider: ReadableProvider,
  context: ProviderContext,
  entry: EscrowEntry,
  operation: Operation | undefined,
): Promise<Obtained> {
  const { spec } = work;
  if (operation && (await provider.poll?.(context, spec, operation)) === 'running') return pauseFor(operation);

  const before = await provider.read(context, spec, entry.slot);
  if (before.mark === entry.before) {
    const started = await provider.regenerate(context, spec, entry.slot);
    if (started) return pauseFor(started);
  }
  const { value, mark } = await provider.read(context, spec, entry.slot);
  if (mark === entry.before) return waitFor(work, 'NotChangedYet');
  await keepCandidate(work, entry, { rotationId: entry.rotationId, slot: entry.slot, value });
  return { step: 'apply' };
}

const pauseFor = (operation: Operation): Pause => ({
  step: 'pause',
  ms: operation.retryAfterMs,
  why: 'the target is making the value',
  operation,
});
