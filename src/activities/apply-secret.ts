import type { EscrowEntry } from '../domain/rotation/escrow.ts';
import { MOST_ATTEMPTS } from '../domain/rotation/plan.ts';
import type { Liveness } from '../domain/rotation/reconcile.ts';
import type { Candidate, Held, ProviderContext, RotationProvider } from '../providers/contract.ts';
import { publishCandidate } from './publish-candidate-secret.ts';
import {
  candidateOf,
  contextOf,
  defineStep,
  markEntry,
  type Pause,
  publishedOf,
  type SecretProgress,
  unclearAsWait,
  type Wait,
  type Work,
  waitFor,
} from './secret-work.ts';

/** What came of the target being asked to take a candidate. */
type Applied =
  | Readonly<{ step: 'verified' /** Of `performance.now()`: when the change was sent by this call. */; sentAtMs?: number }>
  | Wait
  | Pause
  | Readonly<{ step: 'foreign' }>
  | Readonly<{ step: 'rejected' }>;

/**
 * Puts the escrowed value onto the target and sees that it is accepted. It asks first, so a repetition sends nothing twice.
 *
 * A value that the target made itself is there already: it is only seen to work, several times over on targets whose servers learn of it one
 * after another.
 *
 * On a target with one password the new version is published right here: between two activities a message can wait for half a minute, and
 * that would be an outage.
 *
 * @throws {TransientError}
 */
export const applySecret = defineStep('applySecret', ({ step }) => step === 'apply', applyAndNote);

async function applyAndNote(work: Work): Promise<SecretProgress> {
  const { candidate, entry } = candidateOf(work);
  const applied = await applyTo(work, candidate, entry);
  const told = { base: work.current.facts.version, rotationId: entry.rotationId };
  switch (applied.step) {
    case 'wait':
    case 'pause':
      return { ...told, done: false, next: applied };
    case 'foreign':
      return { ...told, done: false, next: { step: 'reconcile', reason: 'foreign-version' } };
    case 'rejected':
      // Proven not to be live, so another value may take its place.
      await markEntry(work, entry, 'dead');
      return { ...told, done: false, next: { step: 'escrow', base: told.base, attempt: Math.min(entry.attempt + 1, MOST_ATTEMPTS) } };
    case 'verified':
      if (work.strategy === 'single') return { ...(await publishCandidate(work, candidate)), gapMs: gapSince(applied.sentAtMs, entry) };
      await markEntry(work, entry, 'applied');
      return { ...told, done: true, next: { step: 'publish' } };
  }
}

async function applyTo(work: Work, candidate: Candidate, entry: EscrowEntry): Promise<Applied> {
  const { provider, spec } = work;
  const context = contextOf(work, candidate.rotationId);
  const liveness = await provider.probe(context, spec, candidate);
  if (liveness === 'unknown') return again(work, entry, 'ProbeUnknown');
  if (liveness === 'live') return seeItWork(work, context, candidate, entry);
  if (!('apply' in provider)) return judgeMissing(work, entry);

  const barred = await guard(work, context);
  if (barred) return barred;
  const sentAtMs = performance.now();
  const failed = await send(work, provider, context, candidate);
  if (failed) return failed;
  const seen = await seeItWork(work, context, candidate, entry);
  return seen.step === 'verified' ? { ...seen, sentAtMs } : seen;
}

/**
 * For how long logins may have failed on a target with one password, in milliseconds, rounded up. Where the change was sent by an earlier
 * call, it was since the value was stored at most.
 */
const gapSince = (sentAtMs: number | undefined, { createdAt }: EscrowEntry): number =>
  Math.ceil(sentAtMs === undefined ? Math.max(0, Date.now() - Date.parse(createdAt)) : performance.now() - sentAtMs);

/** What the target made and does not know: it may need time to tell all of its servers, or somebody took it away. */
async function judgeMissing({ provider, now }: Work, entry: EscrowEntry): Promise<Applied> {
  const ageMs = Date.parse(now) - Date.parse(entry.createdAt);
  return ageMs < provider.capabilities.applyWindowMs ? waitFor({ provider }, 'NotKnownYet') : { step: 'rejected' };
}

async function seeItWork(work: Work, context: ProviderContext, candidate: Candidate, entry: EscrowEntry): Promise<Applied> {
  const { provider, spec } = work;
  const { settling } = provider.capabilities;
  try {
    await provider.verify(context, spec, candidate);
  } catch (error) {
    if (!settling || 'hint' in provider.classify(error)) throw error;
    return again(work, entry, provider.classify(error).code);
  }
  const verified = (entry.verified ?? 0) + 1;
  if (!settling || verified >= settling.successes) return { step: 'verified' };
  await markEntry(work, { ...entry, verified }, 'open');
  return { step: 'pause', ms: settling.pauseMs, why: `it worked ${verified} of ${settling.successes} times` };
}

/** Not clear, so whatever was seen before does not count. */
async function again(work: Work, entry: EscrowEntry, code: string): Promise<Wait> {
  if (entry.verified) await markEntry(work, { ...entry, verified: 0 }, 'open');
  return waitFor(work, code);
}

/**
 * Whoever may edit tags could name another's account: what is published must work there before anything is changed.
 *
 * @returns Nothing when it does.
 */
async function guard(work: Work, context: ProviderContext): Promise<Applied | undefined> {
  const liveness = await work.provider.probe(context, work.spec, publishedOf(work));
  if (liveness === 'live') return undefined;
  return liveness === 'unknown' ? waitFor(work, 'ProbeUnknown') : { step: 'foreign' };
}

/** Sends the change. @returns Nothing when the target took it. */
async function send(work: Work, provider: RotationProvider, context: ProviderContext, candidate: Candidate): Promise<Applied | undefined> {
  const { spec, strategy } = work;
  const keep: readonly Held[] = strategy === 'single' ? [] : [publishedOf(work)];
  try {
    return await unclearAsWait(work, async () => {
      await provider.apply(context, spec, candidate, keep);
      return undefined;
    });
  } catch (error) {
    const failure = provider.classify(error);
    if (failure.kind !== 'rejected' || !failure.regenerate) throw error;
    return await isProvenDead(provider.probe(context, spec, candidate), work, failure.code);
  }
}

async function isProvenDead(probing: Promise<Liveness>, work: Work, code: string): Promise<Applied> {
  return (await probing) === 'not-live' ? { step: 'rejected' } : waitFor(work, code);
}
