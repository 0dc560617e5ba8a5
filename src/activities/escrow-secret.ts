import { ESCROW_CONTENT_TYPE, escrowTags, sealEscrow, sealIntent } from '../domain/rotation/escrow.ts';
import type { Candidate, SlotPlan } from '../providers/contract.ts';
import { defineActivity } from './define-activity.ts';
import { tagsOfNext } from './publish-candidate-secret.ts';
import { contextOf, publishedOf, rotationIdOf, type SecretProgress, type SecretWorkInput, type Work, workOn } from './secret-work.ts';

/**
 * Makes a value for the secret and stores it in escrow, before anything knows of it. Where an entry is open already, nothing is made:
 * the rotation goes on with that one. Where the target makes the values, what is stored is that it is about to be asked: a vault that
 * cannot be written shows before the target is touched.
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
          const { ref, plan, provider, spec, strategy, current } = work;
          const attempt = plan.step === 'escrow' ? plan.attempt : 1;
          const base = current.facts.version;
          const rotationId = rotationIdOf(ref, base, attempt);
          const context = contextOf(work, rotationId);

          const slotPlan = await provider.choose(context, spec, publishedOf(work), { strategy, base });
          const entry = { rotationId, base, attempt } as const;
          if (!('generate' in provider)) {
            tagsOfNext(work, { rotationId, slot: slotPlan.slot }, base);
            await writeIntent(work, entry, slotPlan);
            return { done: true, next: { step: 'obtain' }, base, rotationId };
          }

          const candidate = await provider.generate(context, spec, slotPlan);
          // What could not be published later is not begun.
          tagsOfNext(work, candidate, base);
          provider.render(spec, candidate, current.value);
          await writeCandidate(work, entry, candidate);
          return { done: true, next: { step: 'apply' }, base, rotationId };
        },
      ),
);

type Begun = Readonly<{ rotationId: string; base: string; attempt: number }>;

async function writeCandidate({ look: { place } }: Work, begun: Begun, candidate: Candidate): Promise<void> {
  await place.vault.write(place.name, {
    value: sealEscrow(candidate),
    tags: escrowTags(place.owner, { ...begun, slot: candidate.slot, state: 'open' }),
    contentType: ESCROW_CONTENT_TYPE,
  });
}

/** Notes what the place holds now, so that a later look can tell whether the target was asked already. */
async function writeIntent(work: Work, begun: Begun, { slot }: SlotPlan): Promise<void> {
  const { look, provider, spec, management } = work;
  const before = 'read' in provider ? (await provider.read(contextOf(work, begun.rotationId), spec, slot)).mark : undefined;
  const entry = { ...begun, slot, state: 'intent', target: management.target, ...(before !== undefined && { before }) } as const;
  await look.place.vault.write(look.place.name, {
    value: sealIntent(),
    tags: escrowTags(look.place.owner, entry),
    contentType: ESCROW_CONTENT_TYPE,
  });
}
