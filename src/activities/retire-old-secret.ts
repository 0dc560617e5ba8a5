import { endsAtOnce, sparedUntil } from '../domain/rotation/plan.ts';
import type { Problem } from '../domain/views.ts';
import { type CredentialUser, type Held, type Liveness, NotOursError } from '../providers/contract.ts';
import { defineActivity } from './define-activity.ts';
import { revokeForgotten } from './revoke-forgotten.ts';
import { contextOf, publishedOf, type SecretProgress, type SecretWorkInput, type Work, workOn } from './secret-work.ts';

/**
 * What is known of the old credential afterwards, the best first. `replaced`: the target has room for one, which the new one took. `refused`:
 * the target was asked, and does not accept it any more. `no-target`: nobody can be asked. `same-value`: what is published has that very value.
 * `not-there`: its version can no longer be read. `unknown`: no clear answer. `accepted`: the target still accepts it, though it took the
 * request (it may need time to tell all its servers).
 */
export type OldCredential = (typeof OLD_CREDENTIAL)[number];
const OLD_CREDENTIAL = ['replaced', 'refused', 'no-target', 'same-value', 'not-there', 'unknown', 'accepted'] as const;

/** `onlyAsk`: it was taken off already; the target is asked once more whether it still accepts it. */
export type RetireOldSecretInput = SecretWorkInput & Readonly<{ onlyAsk?: boolean }>;

/** What could not be ended, and what to do about it, in `left`. */
export type RetireOldSecretResult = SecretProgress &
  Readonly<{
    /** Version of the entry to close; null when it is closed already. */
    escrow: string | null;
    /** There are earlier entries to close with it. */
    hasOlder?: boolean;
    left?: Problem;
    /** Of several the worst. */
    oldCredential?: OldCredential;
    /** Who used it, as far as that was asked: before it ended, or instead. */
    usedBy?: readonly CredentialUser[];
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
    async ({ onlyAsk = false, ...input }: RetireOldSecretInput): Promise<RetireOldSecretResult> => {
      let escrow: string | null = null;
      let hasOlder = false as boolean;
      let left: Problem | undefined;
      let oldCredential: OldCredential | undefined;
      let usedBy: readonly CredentialUser[] = [];
      const progress = await workOn(
        clients,
        input,
        ({ step }) => step === 'retire',
        async (work) => {
          const { look, management } = work;
          const { tags } = work.current.facts;
          escrow = look.escrow?.entry.version ?? null;
          hasOlder = look.escrow?.entry.over !== undefined;
          const rotationId = tags['rot-id'] ?? null;
          const told = { done: true, next: { step: 'rest', reason: 'not-due', until: null }, rotationId } as const;

          const old = await readOld(work);
          const atOnce = endsAtOnce(input.wish.mode, look.escrow?.entry ?? null);
          if (!onlyAsk && !atOnce && management.policy.retire === 'when-unused') {
            const until = sparedUntil(work.current.facts, management, work.now);
            usedBy = await usersOf(work, old, rotationId ?? '', until === null);
            if (until !== null && usedBy.length > 0)
              return { done: false, next: { step: 'rest', reason: 'still-used', until }, base: null, rotationId };
          }
          if (!onlyAsk) for (const one of old) left = (await retire(work, one, rotationId ?? '')) ?? left;
          oldCredential = await seeWhetherDead(work, old, rotationId ?? '');
          return { ...told, base: tags['rot-base'] ?? null };
        },
      );
      return {
        ...progress,
        escrow,
        ...(hasOlder && { hasOlder }),
        ...(left && { left }),
        ...(oldCredential && { oldCredential }),
        ...(usedBy.length > 0 && { usedBy }),
      };
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

/** Who is logged in with what is about to end. @param evenIfUnknown It ends in any case, so it does no harm when nobody can tell. */
async function usersOf(work: Work, old: readonly Held[], rotationId: string, evenIfUnknown: boolean): Promise<CredentialUser[]> {
  const { provider, spec } = work;
  const published = publishedOf(work);
  try {
    const users: CredentialUser[] = [];
    for (const one of old)
      if (!one.value.equals(published.value)) users.push(...((await provider.usersOf?.(contextOf(work, rotationId), spec, one)) ?? []));
    return users;
  } catch (error) {
    if (evenIfUnknown) return [];
    throw error;
  }
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

/** The evidence that an auditor wants: not that a new value exists, but that the old one works no more. Asking must not undo what was done. */
async function seeWhetherDead(work: Work, old: readonly Held[], rotationId: string): Promise<OldCredential> {
  if (work.strategy === 'single') return 'replaced';
  const found: OldCredential[] = [];
  for (const one of old) found.push(await livenessOf(work, one, rotationId));
  return OLD_CREDENTIAL.findLast((answer) => found.includes(answer)) ?? 'not-there';
}

async function livenessOf(work: Work, old: Held, rotationId: string): Promise<OldCredential> {
  const { provider, spec, management } = work;
  if (management.target === '') return 'no-target';
  if (old.value.equals(publishedOf(work).value)) return 'same-value';
  try {
    return ANSWER[await provider.probe(contextOf(work, rotationId), spec, old)];
  } catch {
    return 'unknown';
  }
}

const ANSWER = { live: 'accepted', 'not-live': 'refused', unknown: 'unknown' } as const satisfies Record<Liveness, OldCredential>;
