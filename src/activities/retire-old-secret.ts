import type { Problem } from '../domain/views.ts';
import { type Held, NotOursError } from '../providers/contract.ts';
import { defineActivity } from './define-activity.ts';
import { revokeForgotten } from './revoke-forgotten.ts';
import { contextOf, publishedOf, type SecretProgress, type SecretWorkInput, type Work, workOn } from './secret-work.ts';

/** What could not be ended, and what to do about it, in `left`. */
export type RetireOldSecretResult = SecretProgress &
  Readonly<{
    /** Version of the entry to close; null when it is closed already. */
    escrow: string | null;
    /** There are earlier entries to close with it. */
    hasOlder?: boolean;
    left?: Problem;
  }>;

/** A version that came within the grace of another, which came within the grace of another: so far back at most. */
const MOST_OLD = 5;

/**
 * Takes the old credential off the target, once its grace is over, and with it what that one had replaced, where its own grace was not over
 * when somebody wrote another version. What is published is read anew and never taken off; what is gone already counts as taken off.
 *
 * @throws {TransientError}
 */
export const retireOldSecret = defineActivity(
  'retireOldSecret',
  ['rotate'],
  (clients) =>
    async (input: SecretWorkInput): Promise<RetireOldSecretResult> => {
      let escrow: string | null = null;
      let hasOlder = false as boolean;
      let left: Problem | undefined;
      const progress = await workOn(
        clients,
        input,
        ({ step }) => step === 'retire',
        async (work) => {
          const { look } = work;
          const { tags } = work.current.facts;
          escrow = look.escrow?.entry.version ?? null;
          hasOlder = look.escrow?.entry.over !== undefined;
          const told = { done: true, next: { step: 'rest', reason: 'not-due', until: null }, rotationId: tags['rot-id'] ?? null } as const;

          for (const old of await readOld(work)) left = (await retire(work, old, told.rotationId ?? '')) ?? left;
          return { ...told, base: tags['rot-base'] ?? null };
        },
      );
      return { ...progress, escrow, ...(hasOlder && { hasOlder }), ...(left && { left }) };
    },
);

/** What is to end, newest first: on a target with one password, nothing any more. */
async function readOld({ clients, ref, strategy, current, provider, spec }: Work): Promise<Held[]> {
  const old: Held[] = [];
  let base = strategy === 'single' ? undefined : current.facts.tags['rot-base'];
  while (base !== undefined && old.length < MOST_OLD) {
    const reading = await clients.vault(ref.vault).read(ref.name, base);
    if (reading.status !== 'found') break;
    const { tags } = reading.facts;
    old.push({ slot: tags['rot-slot'] ?? '', value: provider.extract(spec, reading.value) });
    // A version that has forgotten its grace has outlived it: what it replaced has ended.
    base = tags['rot-grace-until'] === undefined ? undefined : tags['rot-base'];
  }
  return old;
}

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
