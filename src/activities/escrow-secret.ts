import { ESCROW_CONTENT_TYPE, escrowTags, sealIntent } from '../domain/rotation/escrow.ts';
import type { SlotPlan } from '../providers/contract.ts';
import { tagsOfNext } from './publish-candidate-secret.ts';
import {
  type Begun,
  contextOf,
  defineStep,
  keepCandidate,
  notesOf,
  publishedOf,
  rotationIdOf,
  type SecretProgress,
  type Work,
} from './secret-work.ts';

/**
 * Makes a value for the secret and stores it in escrow, before anything knows of it. Where an entry is open already, nothing is made:
 * the rotation goes on with that one. Where the target makes the values, what is stored is that it is about to be asked: a vault that
 * cannot be written shows before the target is touched.
 *
 * @throws {TransientError}
 */
export const escrowSecret = defineStep('escrowSecret', ({ step }) => step === 'escrow', escrow);

async function escrow(work: Work): Promise<SecretProgress> {
  const { ref, plan, provider, spec, strategy, current } = work;
  const attempt = plan.step === 'escrow' ? plan.attempt : 1;
  const base = current.facts.version;
  const rotationId = rotationIdOf(ref, base, attempt);
  const context = contextOf(work, rotationId);

  const slotPlan = await provider.choose(context, spec, publishedOf(work), { strategy, base });
  const entry: Begun = { rotationId, base, attempt, ...notesOf(work) };
  if (!('generate' in provider)) {
    tagsOfNext(work, { rotationId, slot: slotPlan.slot }, base);
    await writeIntent(work, entry, slotPlan);
    return { done: true, next: { step: 'obtain' }, base, rotationId };
  }

  const candidate = await provider.generate(context, spec, slotPlan);
  // What could not be published later is not begun.
  tagsOfNext(work, candidate, base);
  provider.render(spec, candidate, current.value);
  await keepCandidate(work, entry, candidate);
  return { done: true, next: { step: 'apply' }, base, rotationId };
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
