import { defineActivity } from './define-activity.ts';
import { publishCandidate } from './publish-candidate-secret.ts';
import { candidateOf, contextOf, markEntry, type SecretProgress, type SecretWorkInput, waitFor, workOn } from './secret-work.ts';

/**
 * Makes the escrowed value the secret's new version, with the tags of the one before. Asks the target once more, because the note that it
 * took the value may be old. A repetition finds the version published and does nothing.
 *
 * @throws {TransientError}
 */
export const publishSecret = defineActivity(
  'publishSecret',
  ['rotate'],
  (clients) =>
    (input: SecretWorkInput): Promise<SecretProgress> =>
      workOn(
        clients,
        input,
        ({ step }) => step === 'publish',
        async (work) => {
          const { candidate, entry } = candidateOf(work);
          const told = { done: false, base: work.current.facts.version, rotationId: entry.rotationId };
          const liveness = await work.provider.probe(contextOf(work, entry.rotationId), work.spec, candidate);
          if (liveness === 'unknown') return { ...told, next: waitFor(work, 'ProbeUnknown') };
          if (liveness === 'live') return publishCandidate(work, candidate);
          await markEntry(work, entry, 'open');
          return { ...told, next: { step: 'apply' } };
        },
      ),
);
