import { later } from '../domain/rotation/duration.ts';
import { badTags } from '../domain/rotation/problems.ts';
import { type Tags, tagMistakes, tagsForVersion } from '../domain/rotation/tags.ts';
import { expiryFor } from '../domain/rotation/times.ts';
import type { Candidate } from '../providers/contract.ts';
import { candidateOf, isLeak, refused, type SecretProgress, type Work } from './secret-work.ts';

/** When the old credential may go: at once after a compromise. */
export const graceEnd = (work: Work): string => (isLeak(work) ? work.now : later(work.now, work.management.policy.graceMs));

/**
 * The tags of the version that a candidate becomes: those of the one before, foreign ones too.
 *
 * @param base The version whose credential it takes the place of on the target.
 * @throws {RefusedError} too many.
 */
export function tagsOfNext(work: Work, { rotationId, slot }: Pick<Candidate, 'rotationId' | 'slot'>, base: string): Tags {
  const { current, look, ref } = work;
  const marks = { rotationId, slot, base, graceUntil: graceEnd(work) };
  const tags = tagsForVersion({ ...current.facts.tags, ...look.configTags }, marks);
  const mistakes = tagMistakes(tags);
  if (mistakes.length > 0) throw refused(badTags(ref.vault, ref.name, mistakes));
  return tags;
}

/**
 * Writes the candidate as the secret's new version. What comes next is to see that it works. What it replaces is what its entry was made for,
 * also where somebody wrote a version meanwhile: that one does not work, and the credential that is to be retired is still the same.
 */
export async function publishCandidate(work: Work, candidate: Candidate): Promise<SecretProgress> {
  const { clients, ref, management, provider, spec, current, now } = work;
  const version = await clients.vault(ref.vault).write(ref.name, {
    value: provider.render(spec, candidate, current.value),
    tags: tagsOfNext(work, candidate, candidateOf(work).entry.base),
    contentType: current.facts.contentType,
    expiresAt: expiryFor(ref.name, now, management.policy),
  });
  return {
    done: true,
    next: { step: 'confirm' },
    base: current.facts.version,
    rotationId: candidate.rotationId,
    version: version.version,
    graceUntil: graceEnd(work),
  };
}
