import type { RotationStep } from '../domain/rotation/plan.ts';
import {
  candidateOf,
  contextOf,
  defineStep,
  isLeak,
  markEntry,
  publishedOf,
  type SecretProgress,
  type Work,
  waitFor,
} from './secret-work.ts';

/**
 * Reads the secret as consumers do and sees that what they get works. Where a request that was given up may still land and end what was
 * published, it is seen a second time when none can land any more. Then the rotation rests until the grace is over, or, after a compromise,
 * takes the old credential away at once.
 *
 * @throws {TransientError}
 */
export const confirmSecret = defineStep('confirmSecret', ({ step }) => step === 'confirm', confirm);

async function confirm(work: Work): Promise<SecretProgress> {
  const { entry } = candidateOf(work);
  const { facts } = work.current;
  const told = { done: false, base: facts.tags['rot-base'] ?? null, rotationId: entry.rotationId };
  const liveness = await work.provider.probe(contextOf(work, entry.rotationId), work.spec, publishedOf(work));
  if (liveness === 'unknown') return { ...told, next: waitFor(work, 'ProbeUnknown') };
  if (liveness === 'not-live') return { ...told, next: { step: 'reconcile', reason: 'foreign-version' } };

  const leftMs = landingMs(work);
  if (leftMs > 0) return { ...told, next: { step: 'pause', ms: leftMs, why: 'it is confirmed again when no request can land late' } };

  await markEntry(work, entry, 'published');
  const graceUntil = facts.tags['rot-grace-until'] ?? null;
  return {
    ...told,
    done: true,
    next: nextOf(work, graceUntil),
    published: { version: facts.version, publishedAt: facts.createdAt, ...(graceUntil !== null && { graceUntil }) },
  };
}

/** After a compromise no grace is waited for; where the value that is known to others is the very one that was confirmed, it is replaced too. */
function nextOf(work: Work, graceUntil: string | null): RotationStep {
  const { wish, current } = work;
  if (wish.mode === 'compromise' && wish.wanted === current.facts.version) return { step: 'escrow', base: wish.wanted, attempt: 1 };
  return isLeak(work) ? { step: 'retire' } : { step: 'rest', reason: 'in-grace', until: graceUntil };
}

/** How long a request from before the publication may still take effect. Values of ours can be sent twice without harm. */
function landingMs({ provider, current, now }: Work): number {
  const { origin, targetLock, applyWindowMs } = provider.capabilities;
  if (origin !== 'target-readable' || targetLock !== 'none') return 0;
  return Date.parse(current.facts.createdAt) + applyWindowMs - Date.parse(now);
}
