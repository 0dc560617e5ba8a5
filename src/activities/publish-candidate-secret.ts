import { createHmac } from 'node:crypto';
import { DAY_MS, later } from '../domain/rotation/duration.ts';
import { badTags } from '../domain/rotation/problems.ts';
import type { Sensitive } from '../domain/rotation/sensitive.ts';
import { type Tags, tagMistakes, tagsForVersion } from '../domain/rotation/tags.ts';
import { expiryFor } from '../domain/rotation/times.ts';
import type { Candidate } from '../providers/contract.ts';
import { candidateOf, isLeak, type Publication, refused, type SecretProgress, type Work } from './secret-work.ts';

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
    published: {
      ...publicationOf(work, version.version),
      graceUntil: graceEnd(work),
      ...fingerprintsOf(work, candidate),
    },
  };
}

/** What may be told of a version that was just published. */
export const publicationOf = ({ current, management, now }: Work, version: string): Publication => ({
  version,
  publishedAt: now,
  replacedAgeDays: rounded((Date.parse(now) - Date.parse(current.facts.createdAt)) / DAY_MS),
  everyDays: rounded(management.policy.everyMs / DAY_MS),
});

const rounded = (days: number): number => Math.round(days * 100) / 100;

/**
 * A keyed hash of the old and of the new value. The key is random, belongs to this one entry and stays in the escrow vault: from the audit
 * trail alone nobody can try values, nor tell whether two rotations had the same one.
 */
function fingerprintsOf({ look, provider, spec, current }: Work, candidate: Candidate): Pick<Publication, 'fingerprints'> {
  const key = look.escrow?.content?.auditKey;
  if (!key) return {};
  const of = (value: Sensitive): string =>
    key.use((secret) => value.use((plain) => createHmac('sha256', secret).update(plain).digest('hex').slice(0, 32)));
  return { fingerprints: { old: of(provider.extract(spec, current.value)), new: of(candidate.value) } };
}
