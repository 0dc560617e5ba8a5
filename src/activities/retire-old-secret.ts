import type { Problem } from '../domain/views.ts';
import { type Held, NotOursError } from '../providers/contract.ts';
import { defineActivity } from './define-activity.ts';
import { revokeForgotten } from './revoke-forgotten.ts';
import { contextOf, publishedOf, type SecretProgress, type SecretWorkInput, type Work, workOn } from './secret-work.ts';

/** `escrow`: version of the entry to close; null when it is closed already. `left`: what could not be ended, and what to do about it. */
export type RetireOldSecretResult = SecretProgress & Readonly<{ escrow: string | null; left?: Problem }>;

/**
 * Takes the old credential off the target, once its grace is over. What is published is read anew and never taken off; what is gone
 * already counts as taken off.
 *
 * @throws {TransientError}
 */
export const retireOldSecret = defineActivity(
  'retireOldSecret',
  ['rotate'],
  (clients) =>
    async (input: SecretWorkInput): Promise<RetireOldSecretResult> => {
      let escrow: string | null = null;
      let left: Problem | undefined;
      const progress = await workOn(
        clients,
        input,
        ({ step }) => step === 'retire',
        async (work) => {
          const { ref, look, strategy } = work;
          const { tags } = work.current.facts;
          escrow = look.escrow?.entry.version ?? null;
          const told = { done: true, next: { step: 'rest', reason: 'not-due', until: null }, rotationId: tags['rot-id'] ?? null } as const;

          const base = tags['rot-base'];
          const reading = base === undefined ? { status: 'missing' as const } : await clients.vault(ref.vault).read(ref.name, base);
          if (reading.status === 'found' && strategy !== 'single') {
            const old = { slot: reading.facts.tags['rot-slot'] ?? '', value: work.provider.extract(work.spec, reading.value) };
            left = await retire(work, old, told.rotationId ?? '');
          }
          return { ...told, base: base ?? null };
        },
      );
      return { ...progress, escrow, ...(left && { left }) };
    },
);

async function retire(work: Work, old: Held, rotationId: string): Promise<Problem | undefined> {
  const { provider, spec } = work;
  const published = publishedOf(work);
  const context = contextOf(work, rotationId);
  if ('issue' in provider) await revokeForgotten(work, provider, context);
  if (old.value.equals(published.value)) return undefined;
  try {
    await provider.retire(context, spec, old, [published]);
    return undefined;
  } catch (error) {
    if (error instanceof NotOursError) return error.problem;
    throw error;
  }
}
