import { defineActivity } from './define-activity.ts';
import { contextOf, publishedOf, type SecretProgress, type SecretWorkInput, workOn } from './secret-work.ts';

/** `escrow`: version of the entry to close; null when it is closed already. */
export type RetireOldSecretResult = SecretProgress & Readonly<{ escrow: string | null }>;

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
      const progress = await workOn(
        clients,
        input,
        ({ step }) => step === 'retire',
        async (work) => {
          const { ref, look, provider, spec, strategy } = work;
          const { tags } = work.current.facts;
          escrow = look.escrow?.entry.version ?? null;
          const told = { done: true, next: { step: 'rest', reason: 'not-due', until: null }, rotationId: tags['rot-id'] ?? null } as const;

          const base = tags['rot-base'];
          const reading = base === undefined ? { status: 'missing' as const } : await clients.vault(ref.vault).read(ref.name, base);
          if (reading.status === 'found' && strategy !== 'single') {
            const published = publishedOf(work);
            const old = { slot: reading.facts.tags['rot-slot'] ?? '', value: provider.extract(spec, reading.value) };
            if (!old.value.equals(published.value)) await provider.retire(contextOf(work, told.rotationId ?? ''), spec, old, [published]);
          }
          return { ...told, base: base ?? null };
        },
      );
      return { ...progress, escrow };
    },
);
