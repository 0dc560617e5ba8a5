import { MOST_ATTEMPTS } from '../domain/rotation/plan.ts';
import type { Liveness } from '../domain/rotation/reconcile.ts';
import type { Candidate, Held, ProviderContext } from '../providers/contract.ts';
import { defineActivity } from './define-activity.ts';
import { publishCandidate } from './publish-candidate-secret.ts';
import {
  candidateOf,
  contextOf,
  markEntry,
  publishedOf,
  type SecretProgress,
  type SecretWorkInput,
  type Wait,
  type Work,
  waitFor,
  workOn,
} from './secret-work.ts';

/** What came of the target being asked to take a candidate. */
type Applied = Readonly<{ step: 'verified' }> | Wait | Readonly<{ step: 'foreign' }> | Readonly<{ step: 'rejected' }>;

/**
 * Puts the escrowed value onto the target and sees that it is accepted. It asks first, so a repetition sends nothing twice.
 *
 * On a target with one password the new version is published right here: between two activities a message can wait for half a minute, and
 * that would be an outage.
 *
 * @throws {TransientError}
 */
export const applySecret = defineActivity(
  'applySecret',
  ['rotate'],
  (clients) =>
    (input: SecretWorkInput): Promise<SecretProgress> =>
      workOn(clients, input, ({ step }) => step === 'apply', applyAndNote),
);

async function applyAndNote(work: Work): Promise<SecretProgress> {
  const { candidate, entry } = candidateOf(work);
  const applied = await applyTo(work, candidate);
  const told = { base: work.current.facts.version, rotationId: entry.rotationId };
  switch (applied.step) {
    case 'wait':
      return { ...told, done: false, next: applied };
    case 'foreign':
      return { ...told, done: false, next: { step: 'reconcile', reason: 'foreign-version' } };
    case 'rejected':
      // Proven not to be live, so another value may take its place.
      await markEntry(work, entry, 'dead');
      return { ...told, done: false, next: { step: 'escrow', base: told.base, attempt: Math.min(entry.attempt + 1, MOST_ATTEMPTS) } };
    case 'verified':
      if (work.strategy === 'single') return publishCandidate(work, candidate);
      await markEntry(work, entry, 'applied');
      return { ...told, done: true, next: { step: 'publish' } };
  }
}

async function applyTo(work: Work, candidate: Candidate): Promise<Applied> {
  const { provider, spec, strategy } = work;
  const context = contextOf(work, candidate.rotationId);
  const liveness = await provider.probe(context, spec, candidate);
  if (liveness === 'unknown') return waitFor(work, 'ProbeUnknown');
  if (liveness === 'not-live') {
    const published = publishedOf(work);
    // Whoever may edit tags could name another's account: what is published must work there before anything is changed.
    const guard = await provider.probe(context, spec, published);
    if (guard !== 'live') return guard === 'unknown' ? waitFor(work, 'ProbeUnknown') : { step: 'foreign' };
    const failed = await send(work, context, candidate, strategy === 'single' ? [] : [published]);
    if (failed) return failed;
  }
  await provider.verify(context, spec, candidate);
  return { step: 'verified' };
}

/** Sends the change. @returns Nothing when the target took it. */
async function send(work: Work, context: ProviderContext, candidate: Candidate, keep: readonly Held[]): Promise<Applied | undefined> {
  const { provider, spec } = work;
  try {
    await provider.apply(context, spec, candidate, keep);
    return undefined;
  } catch (error) {
    const failure = provider.classify(error);
    switch (failure.kind) {
      case 'unknown-outcome':
        return waitFor(work, failure.code);
      case 'throttled':
        return waitFor(work, failure.code, failure.retryAfterMs);
      case 'rejected':
        if (!failure.regenerate) throw error;
        return await isProvenDead(provider.probe(context, spec, candidate), work, failure.code);
      default:
        throw error;
    }
  }
}

async function isProvenDead(probing: Promise<Liveness>, work: Work, code: string): Promise<Applied> {
  return (await probing) === 'not-live' ? { step: 'rejected' } : waitFor(work, code);
}
