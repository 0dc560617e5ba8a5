import { isFrom, type RotationStep } from '../domain/rotation/plan.ts';
import { badTags, notAccepted } from '../domain/rotation/problems.ts';
import { inTurn, type Liveness, type Reconciliation, reconcile } from '../domain/rotation/reconcile.ts';
import type { Sensitive } from '../domain/rotation/sensitive.ts';
import { tagMistakes, withoutState } from '../domain/rotation/tags.ts';
import { expiryFor } from '../domain/rotation/times.ts';
import { FormatError } from '../domain/rotation/value-format.ts';
import { newestFirst } from '../domain/rotation/version-order.ts';
import type { Held, ProviderContext } from '../providers/contract.ts';
import { graceEnd, publicationOf, publishCandidate } from './publish-candidate-secret.ts';
import {
  candidateOf,
  contextOf,
  defineStep,
  markEntry,
  publishedOf,
  refused,
  rotationIdOf,
  type SecretProgress,
  type SecretWorkInput,
  type Work,
  waitFor,
} from './secret-work.ts';

/** So far back is looked for what works. Of these values a look tries two: each may cost the account a failed login. */
const OLDER_AT_MOST = 10;

/**
 * Finds out what works after somebody else changed the secret or its target, and makes that the published value. What works wins; nothing
 * is overwritten when nothing does. As a check it does so only if what is published does not work.
 *
 * @throws {TransientError}
 */
export const reconcileSecret = defineStep(
  'reconcileSecret',
  (plan, { byHand = false, check = false }) => byHand || (check ? isCalm(plan) : CONFLICTS.has(plan.step)),
  settle,
);

/** The steps that find out that somebody else changed something. */
const CONFLICTS: ReadonlySet<RotationStep['step']> = new Set(['reconcile', 'confirm', 'apply', 'obtain']);
/** The secret is managed, and nothing is to be done with it now. */
const isCalm = (plan: RotationStep): boolean =>
  plan.step === 'rest' && (plan.reason === 'not-due' || plan.reason === 'in-grace' || plan.reason === 'outside-window');

async function settle(work: Work, { check = false }: SecretWorkInput): Promise<SecretProgress> {
  const { look, current, strategy } = work;
  const rotationId = look.escrow?.entry.rotationId ?? null;
  const context = contextOf(work, rotationId ?? '');
  const published = await work.provider.probe(context, work.spec, publishedOf(work));
  if (check && published !== 'not-live') {
    const how = published === 'live' ? 'sound' : 'unanswered';
    return { done: true, base: current.facts.version, rotationId, next: { step: 'settled', how } };
  }
  const candidate = published === 'live' ? 'not-live' : await probeCandidate(work, context);
  const older = published === 'not-live' && candidate === 'not-live' ? await findOlder(work, context) : null;

  const entry = look.escrow?.entry ?? null;
  const decision = reconcile({ current: current.facts, escrow: entry, strategy, published, candidate, older, readable: isReadable(work) });
  const next = await carryOut(work, decision, older === 'unknown' ? undefined : older?.held);
  return { done: true, base: current.facts.version, rotationId, ...next };
}

async function probeCandidate(work: Work, context: ProviderContext): Promise<Liveness> {
  if (!work.look.escrow?.content || work.look.escrow.entry.state === 'dead') return 'not-live';
  return work.provider.probe(context, work.spec, candidateOf(work).candidate);
}

/** What the target shows is believed only of the very target that our own published value came from: tags can be edited. */
const isReadable = ({ look, current, provider, management }: Work): boolean =>
  'read' in provider &&
  look.escrow !== undefined &&
  isFrom(look.escrow.entry, current.facts) &&
  look.escrow.entry.target === management.target;

/** `held`: what the target accepts, with its place there; the value as it is stored. */
type Older = Readonly<{ version: string; held: Held & Readonly<{ stored: Sensitive }> }>;

/**
 * One of the earlier versions that works: the newest, or whose turn it is. Where none is known to, and one gave no clear answer, nobody may say
 * that none does.
 */
async function findOlder(work: Work, context: ProviderContext): Promise<Older | 'unknown' | null> {
  const { provider, spec, current, now } = work;
  let nothing: 'unknown' | null = null;
  for (const older of inTurn(await readOlder(work), current.facts.createdAt, now)) {
    if (!context.takeLogin()) break;
    const { slot, value } = older.held;
    const liveness = await provider.probe(context, spec, { slot, value });
    if (liveness === 'unknown') nothing = 'unknown';
    if (liveness === 'live') return older;
  }
  return nothing;
}

/** Values of earlier versions, newest first, each once: one that was published twice is not worth a second login. */
async function readOlder(work: Work): Promise<Older[]> {
  const { clients, ref, current } = work;
  const published = publishedOf(work);
  const found: Older[] = [];
  const vault = clients.vault(ref.vault);
  const earlier = newestFirst(await vault.versions(ref.name)).filter(
    ({ version, enabled }) => enabled && version !== current.facts.version,
  );
  for (const { version, tags } of earlier.slice(0, OLDER_AT_MOST)) {
    const reading = await vault.read(ref.name, version);
    if (reading.status !== 'found') continue;
    const credential = credentialIn(work, reading.value);
    if (!credential) continue;
    const held = { slot: tags['rot-slot'] ?? '', value: credential, stored: reading.value };
    const known = [published, ...found.map((one) => one.held)];
    if (!known.some(({ slot, value }) => slot === held.slot && value.equals(held.value))) found.push({ version, held });
  }
  return found;
}

/** Undefined in a value of another shape than the policy says: it may be from before there was one. */
function credentialIn({ provider, spec }: Work, stored: Sensitive): Sensitive | undefined {
  try {
    return provider.extract(spec, stored);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

async function carryOut(
  work: Work,
  decision: Reconciliation,
  older: Older['held'] | undefined,
): Promise<Pick<SecretProgress, 'next' | 'published'>> {
  switch (decision.action) {
    case 'wait':
      return { next: waitFor(work, 'ProbeUnknown') };
    case 'park':
      throw refused(notAccepted(work.ref.vault, work.ref.name));
    case 'publish-candidate':
      return publishCandidate(work, candidateOf(work).candidate);
    case 'publish-held':
      return publishHeld(work);
    case 'publish-older':
      return repair(work, older as Older['held']);
    case 'adopt':
      return adopt(work, decision.drop);
  }
}

/**
 * What somebody else wrote stays; its interval begins with its own creation. What it replaced has a grace like any other, and then ends, and
 * with it whatever was still in its own grace.
 */
async function adopt(work: Work, drop: boolean): Promise<Pick<SecretProgress, 'next'>> {
  const { clients, ref, look, current, provider, spec, strategy } = work;
  if (look.escrow && isFrom(look.escrow.entry, current.facts)) return { next: { step: 'confirm' } };
  if (look.escrow?.content && drop) {
    const { candidate } = candidateOf(work);
    await provider.discard(contextOf(work, candidate.rotationId), spec, candidate, [publishedOf(work)]);
  }
  const replaced = await findReplaced(work);
  if (look.tagsLost || replaced) {
    // Where the target issues credentials each has a place of its own, and nobody knows that of theirs.
    const slot = current.slot !== '' && strategy !== 'issued' && { 'rot-slot': current.slot };
    const grace = replaced && {
      'rot-id': rotationIdOf(ref, current.facts.version, 0),
      'rot-base': replaced,
      'rot-grace-until': graceEnd(work),
    };
    const tags = { ...current.facts.tags, ...look.configTags, ...slot, ...grace };
    const mistakes = tagMistakes(tags);
    if (mistakes.length > 0) throw refused(badTags(ref.vault, ref.name, mistakes));
    await clients.vault(ref.vault).update(ref.name, current.facts.version, { tags });
  }
  if (look.escrow && look.escrow.entry.state !== 'dead') await markEntry(work, look.escrow.entry, 'dead');
  return { next: { step: 'settled', how: 'adopted' } };
}

/** Version of ours that somebody else's took the place of and that the target may still accept. */
async function findReplaced({ clients, ref, current: { facts }, strategy }: Work): Promise<string | undefined> {
  if (strategy === 'single' || facts.tags['rot-id'] !== undefined) return undefined;
  const all = newestFirst(await clients.vault(ref.vault).versions(ref.name));
  return all.find(({ version, tags }) => version !== facts.version && tags['rot-provider'] !== undefined)?.version;
}

/**
 * What the target holds in the place of what is published becomes the newest version. It goes on as the same rotation: the old credential
 * has the grace that it had.
 */
async function publishHeld(work: Work): Promise<Pick<SecretProgress, 'next' | 'published'>> {
  const { clients, ref, current, management, provider, spec, now } = work;
  const published = publishedOf(work);
  const context = contextOf(work, current.facts.tags['rot-id'] ?? '');
  if (!('read' in provider)) throw new Error(`the provider ${provider.id} shows no values`);
  const { value } = await provider.read(context, spec, published.slot);
  const { version } = await clients.vault(ref.vault).write(ref.name, {
    value: provider.render(spec, { rotationId: context.rotationId, slot: published.slot, value }, current.value),
    tags: current.facts.tags,
    contentType: current.facts.contentType,
    expiresAt: expiryFor(ref.name, now, management.policy),
  });
  return { next: { step: 'confirm' }, published: publicationOf(work, version) };
}

/** The value of an earlier version that works becomes the newest again; editing that version would not make it current. */
async function repair(work: Work, { slot, stored }: Older['held']): Promise<Pick<SecretProgress, 'next' | 'published'>> {
  const { clients, ref, look, current, management, now } = work;
  const base = current.facts.version;
  const { version } = await clients.vault(ref.vault).write(ref.name, {
    value: stored,
    tags: {
      ...withoutState({ ...current.facts.tags, ...look.configTags }),
      'rot-id': rotationIdOf(ref, base, 0),
      'rot-base': base,
      'rot-slot': slot,
    },
    contentType: current.facts.contentType,
    expiresAt: expiryFor(ref.name, now, management.policy),
  });
  if (look.escrow) await markEntry(work, look.escrow.entry, 'dead');
  return { next: { step: 'settled', how: 'repaired' }, published: publicationOf(work, version) };
}
