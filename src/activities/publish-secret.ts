import { publishCandidate } from './publish-candidate-secret.ts';
import { candidateOf, contextOf, defineStep, markEntry, type SecretProgress, type Work, waitFor } from './secret-work.ts';

/**
 * Makes the escrowed value the secret's new version, with the tags of the one before. Asks the target once more, because the note that it
 * took the value may be old. A repetition finds the version published and does nothing.
 *
 * @throws {TransientError}
 */
export const publishSecret = defineStep('publishSecret', ({ step }) => step === 'publish', publish);

async function publish(work: Work): Promise<SecretProgress> {
  const { candidate, entry } = candidateOf(work);
  const told = { done: false, base: work.current.facts.version, rotationId: entry.rotationId };
  const liveness = await work.provider.probe(contextOf(work, entry.rotationId), work.spec, candidate);
  if (liveness === 'unknown') return { ...told, next: waitFor(work, 'ProbeUnknown') };
  if (liveness === 'live') return publishCandidate(work, candidate);
  await markEntry(work, entry, 'open');
  return { ...told, next: { step: 'apply' } };
}
