import type { RotationStep } from '../domain/rotation/plan.ts';
import { defineActivity } from './define-activity.ts';
import {
  candidateOf,
  contextOf,
  markEntry,
  publishedOf,
  type SecretProgress,
  type SecretWorkInput,
  waitFor,
  workOn,
} from './secret-work.ts';

/**
 * Reads the secret as consumers do and sees that what they get works. Then the rotation rests until the grace is over, or, after a
 * compromise, takes the old credential away at once.
 *
 * @throws {TransientError}
 */
export const confirmSecret = defineActivity(
  'confirmSecret',
  ['rotate'],
  (clients) =>
    (input: SecretWorkInput): Promise<SecretProgress> =>
      workOn(
        clients,
        input,
        ({ step }) => step === 'confirm',
        async (work) => {
          const { entry } = candidateOf(work);
          const { facts } = work.current;
          const told = { done: false, base: facts.tags['rot-base'] ?? null, rotationId: entry.rotationId };
          const liveness = await work.provider.probe(contextOf(work, entry.rotationId), work.spec, publishedOf(work));
          if (liveness === 'unknown') return { ...told, next: waitFor(work, 'ProbeUnknown') };
          if (liveness === 'not-live') return { ...told, next: { step: 'reconcile', reason: 'foreign-version' } };

          await markEntry(work, entry, 'published');
          const graceUntil = facts.tags['rot-grace-until'] ?? null;
          const next: RotationStep =
            work.wish.mode === 'compromise' ? { step: 'retire' } : { step: 'rest', reason: 'in-grace', until: graceUntil };
          return { ...told, done: true, next, version: facts.version, ...(graceUntil !== null && { graceUntil }) };
        },
      ),
);
