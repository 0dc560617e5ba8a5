import { ESCROW_CONTENT_TYPE, escrowTags, sealEscrow } from '../domain/rotation/escrow.ts';
import { defineActivity } from './define-activity.ts';
import { tagsOfNext } from './publish-candidate-secret.ts';
import { contextOf, publishedOf, rotationIdOf, type SecretProgress, type SecretWorkInput, workOn } from './secret-work.ts';

/**
 * Makes a value for the secret and stores it in escrow, before anything knows of it. Where an entry is open already, nothing is made:
 * the rotation goes on with that one.
 *
 * @throws {TransientError}
 */
export const escrowSecret = defineActivity(
  'escrowSecret',
  ['rotate'],
  (clients) =>
    (input: SecretWorkInput): Promise<SecretProgress> =>
      workOn(
        clients,
        input,
        ({ step }) => step === 'escrow',
        async (work) => {
          const { ref, plan, look, provider, spec, strategy, current } = work;
          const attempt = plan.step === 'escrow' ? plan.attempt : 1;
          const base = current.facts.version;
          const rotationId = rotationIdOf(ref, base, attempt);
          const context = contextOf(work, rotationId);

          const slotPlan = await provider.choose(context, spec, publishedOf(work), { strategy, base });
          const candidate = await provider.generate(context, spec, slotPlan);
          // What could not be published later is not begun.
          tagsOfNext(work, candidate);
          provider.render(spec, candidate, current.value);

          const entry = { rotationId, base, slot: candidate.slot, attempt, state: 'open' } as const;
          await look.place.vault.write(look.place.name, {
            value: sealEscrow(candidate),
            tags: escrowTags(look.place.owner, entry),
            contentType: ESCROW_CONTENT_TYPE,
          });
          return { done: true, next: { step: 'apply' }, base, rotationId };
        },
      ),
);
