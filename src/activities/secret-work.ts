import { createHash, randomBytes } from 'node:crypto';
import type { Clients } from '../clients/clients.ts';
import { RefusedError, TransientError } from '../clients/errors.ts';
import { lookAtSecret, type SecretLook, type SecretRef, stateOf, type Wish } from '../clients/vault-secret.ts';
import { ESCROW_CONTENT_TYPE, type EscrowEntry, type EscrowState, escrowTags, sealEscrow } from '../domain/rotation/escrow.ts';
import { type CurrentVersion, endsAtOnce, isOnItsWay, planRotation, type RotationStep } from '../domain/rotation/plan.ts';
import type { Strategy } from '../domain/rotation/policy.ts';
import * as problems from '../domain/rotation/problems.ts';
import { Sensitive } from '../domain/rotation/sensitive.ts';
import { isAllowedTarget, type Management, parseManagement } from '../domain/rotation/tags.ts';
import { validityDays } from '../domain/rotation/times.ts';
import type { Problem } from '../domain/views.ts';
import type {
  AnyProvider,
  Candidate,
  Failure,
  Held,
  Liveness,
  Operation,
  Probe,
  ProviderContext,
  TargetProvider,
} from '../providers/contract.ts';
import { findProvider, PROVIDER_IDS } from '../providers/registry.ts';
import { type Activity, defineActivity } from './define-activity.ts';

/**
 * What every activity of a rotation is given: references and wishes, never a value. `byHand`: a person wants this very step, whatever the plan
 * would do. `check`: nothing is to be done, and it is only to be seen whether what is published works.
 */
export type SecretWorkInput = Readonly<{ ref: SecretRef; wish: Wish; byHand?: boolean; check?: boolean }>;

/** The target gave no clear answer: look again after so long. */
export type Wait = Readonly<{
  step: 'wait';
  ms: number;
  code: string;
  /** What is counted of it: a change may or may not have been made, or the target takes no more requests for now. */
  because?: 'unknown-outcome' | 'throttled';
}>;

/** How a secret is rotated, as may be told. `policy`: the tag `rot-policy` as it is; `policyHash`: of all that it comes to, defaults included. */
export type RotationFacts = Readonly<{ provider: string; strategy: Strategy; policy: string; policyHash: string }>;

/** How often the target was asked whether it accepts a value, by its answer. */
export type Probes = Readonly<Partial<Record<Liveness, number>>>;
/** All is well so far, and needs time: look again after so long. `operation`: what the target is at. */
export type Pause = Readonly<{ step: 'pause'; ms: number; why: string; operation?: Operation }>;
/** Nothing is left to do: somebody's change was settled; or it was checked, and what is published works (`sound`), or the target did not say. */
export type Settled = Readonly<{ step: 'settled'; how: 'adopted' | 'repaired' | 'sound' | 'unanswered' }>;

/** A new version of a secret, as may be told. Times are ISO 8601 UTC. */
export type Publication = Readonly<{
  version: string;
  graceUntil?: string;
  publishedAt: string;
  /** How old the version was that it replaced, and how old the policy lets one become, in days; only from whoever wrote the new one. */
  replacedAgeDays?: number;
  everyDays?: number;
  /** Of the old and the new value, under a key that stays in escrow: they differ, and nothing else can be told from them. */
  fingerprints?: Readonly<{ old: string; new: string }>;
}>;

/** What an activity hands back: what comes next, and what may be told. Fit for Durable state. */
export type SecretProgress = Readonly<{
  /** Whether it did what it is named after; false: the next step is another. */
  done: boolean;
  next: RotationStep | Wait | Pause | Settled;
  /** The version that was current. */
  base: string | null;
  rotationId: string | null;
  published?: Publication;
  /** On a target with one password: for how long logins may have failed, in milliseconds. */
  gapMs?: number;
  /** Once the secret was seen to be managed. */
  facts?: RotationFacts;
  probes?: Readonly<{ kind: Probe; answers: Probes }>;
}>;

/** The parts of a look that a step works with, once the secret is there and managed. */
export type Work = Readonly<{
  clients: Clients;
  ref: SecretRef;
  wish: Wish;
  now: string;
  look: SecretLook;
  plan: RotationStep;
  current: Readonly<{ facts: CurrentVersion & Readonly<{ contentType: string | null }>; value: Sensitive; slot: string }>;
  management: Management;
  provider: AnyProvider;
  spec: unknown;
  strategy: Strategy;
}>;

/** A target has this long for all that one activity asks of it. */
const TARGET_DEADLINE_MS = 120_000;
/** So many logins may fail in one activity, below what locks an account anywhere. */
const LOGINS_AT_ONCE = 2;
const LEAST_WAIT_MS = 10_000;

/**
 * Defines an activity that takes one step of a rotation; where another step is next, it does nothing and says which.
 *
 * @param isNext Whether what the domain has planned is for this activity to do.
 */
export const defineStep = <Input extends SecretWorkInput>(
  name: string,
  isNext: (plan: RotationStep, input: Input) => boolean,
  take: (work: Work, input: Input) => Promise<SecretProgress>,
): Activity<Input, SecretProgress> =>
  defineActivity(
    name,
    ['rotate'],
    (clients) => (input: Input) =>
      workOn(
        clients,
        input,
        (plan) => isNext(plan, input),
        (work) => take(work, input),
      ),
  );

/**
 * Looks at a secret, asks the domain what its next step is, and does the work if that is the step. Everything is decided from what is there
 * now, so a repetition goes on where things stand.
 *
 * @throws {RefusedError} what a person has to mend; {TransientError} what a retry may cure.
 */
export async function workOn(
  clients: Clients,
  { ref, wish }: SecretWorkInput,
  wanted: (plan: RotationStep) => boolean,
  work: (work: Work) => Promise<SecretProgress>,
): Promise<SecretProgress> {
  const now = new Date().toISOString();
  const look = await lookAtSecret(clients, ref);
  const state = stateOf(ref, look, wish);
  const plan = planRotation(state, now);
  const base = look.current?.facts.version ?? null;
  const rotationId = look.escrow?.entry.rotationId ?? null;
  if (!wanted(plan) || !look.current || !state.management) return { done: false, next: plan, base, rotationId };

  const tags = { ...look.current.facts.tags, ...look.configTags };
  const chosen = chooseProvider(clients, ref, tags);
  const { provider, answers } = counting(chosen.provider);
  const noted = await noteLeak(look, wish);
  const progress = await guarded(provider, ref, () =>
    work({ clients, ref, wish, now, look: noted, plan, current: look.current as Work['current'], ...chosen, provider }),
  );
  const [kind] = provider.capabilities.probes;
  return {
    ...progress,
    facts: factsOf(chosen, tags['rot-policy'] ?? ''),
    ...(Object.keys(answers).length > 0 && { probes: { kind, answers } }),
  };
}

const factsOf = ({ provider, strategy, management }: Chosen, policy: string): RotationFacts => ({
  provider: provider.id,
  strategy,
  policy,
  policyHash: createHash('sha256').update(JSON.stringify(management.policy)).digest('hex').slice(0, 16),
});

/** The same provider; what its target answers to probes is counted. */
function counting(provider: AnyProvider): Readonly<{ provider: AnyProvider; answers: Probes }> {
  const answers: Partial<Record<Liveness, number>> = {};
  const probe: AnyProvider['probe'] = async (...asked) => {
    const answer = await provider.probe(...asked);
    answers[answer] = (answers[answer] ?? 0) + 1;
    return answer;
  };
  return { provider: Object.assign(Object.create(provider), { probe }), answers };
}

/** Whoever says of a value on its way out that others know it is not forgotten when their run is lost: the entry tells whoever goes on. */
async function noteLeak(look: SecretLook, wish: Wish): Promise<SecretLook> {
  const entry = look.escrow?.entry;
  if (!look.escrow || !entry || wish.mode !== 'compromise' || entry.mode || !isOnItsWay(entry)) return look;
  if (entry.base !== (wish.wanted ?? look.current?.facts.version)) return look;
  const noted: EscrowEntry = { ...entry, mode: 'compromise' };
  await markEntry({ look }, noted, entry.state);
  return { ...look, escrow: { ...look.escrow, entry: noted } };
}

/** Whether the credential that is replaced has no grace. */
export const isLeak = ({ wish, look }: Pick<Work, 'wish' | 'look'>): boolean => endsAtOnce(wish.mode, look.escrow?.entry ?? null);

type Chosen = Readonly<{ management: Management; provider: AnyProvider; spec: unknown; strategy: Strategy }>;

/**
 * Reads the tags, and holds them against what the configuration allows: whoever may edit tags must not be able to point a rotator elsewhere.
 *
 * @throws {RefusedError} naming every mistake.
 */
export function chooseProvider(clients: Pick<Clients, 'vaultConfig'>, ref: SecretRef, tags: Readonly<Record<string, string>>): Chosen {
  const parsed = parseManagement(tags);
  if (parsed.status === 'unmanaged') throw refused(problems.badTags(ref.vault, ref.name, ['the tag rot-provider is missing']));
  const { management } = parsed;
  const { targets, maxValidityDays } = clients.vaultConfig(ref.vault);
  const provider = findProvider(management.provider);
  const days = validityDays(management.policy);
  const asksForUsers = management.policy.retire === 'when-unused';
  const mistakes = [
    ...parsed.mistakes,
    ...(provider ? [] : [problems.unknownProvider(management.provider, PROVIDER_IDS)]),
    ...(management.target !== '' && !isAllowedTarget(management.target, targets)
      ? [problems.targetNotAllowed(ref.vault, management.target)]
      : []),
    ...(isOwnAdmin(management.admin, ref) || isAllowedTarget(management.admin, targets)
      ? []
      : [problems.targetNotAllowed(ref.vault, management.admin)]),
    ...(asksForUsers && (!provider?.usersOf || management.policy.strategy === 'single')
      ? [problems.usersNotTold(management.provider)]
      : []),
    ...(maxValidityDays !== undefined && days > maxValidityDays ? [problems.tooLongValidity(days, maxValidityDays)] : []),
  ];
  if (!provider || mistakes.length > 0) throw refused(problems.badTags(ref.vault, ref.name, mistakes));

  const { strategy } = management.policy;
  const spec = parseSpec(provider, management, ref);
  return { management, provider, spec, strategy: strategy === 'auto' ? provider.capabilities.strategies[0] : strategy };
}

function parseSpec(provider: TargetProvider, management: Management, { vault, name }: SecretRef): unknown {
  try {
    return provider.parse(management);
  } catch (error) {
    throw refused(problems.badTags(vault, name, [error instanceof Error ? error.message : 'they cannot be read']));
  }
}

const isOwnAdmin = (admin: string, { vault }: SecretRef): boolean =>
  ['', 'mi', 'self'].includes(admin) || admin.toLowerCase().startsWith(`${vault.toLowerCase()}/`);

/** Runs what talks to the target; whatever it throws leaves as one of ours, without a word or a cause of the target's. */
export async function guarded<T>(provider: TargetProvider, ref: SecretRef, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RefusedError || error instanceof TransientError) throw error;
    throw asError(provider.classify(error), ref);
  }
}

function asError(failure: Failure, { vault, name }: SecretRef): Error {
  const { kind, code } = failure;
  if ('hint' in failure)
    return refused(
      problems.refusedByTarget(vault, name, { kind: failure.kind === 'read-only' ? 'parked' : failure.kind, code }, failure.hint),
    );
  if (kind === 'rejected')
    return refused(problems.refusedByTarget(vault, name, { kind, code }, 'Compare its rules with the tag rot-policy.'));
  return new TransientError(`the target of ${vault}/${name} did not answer (${failure.code})`);
}

export const refused = (problem: Problem): RefusedError =>
  new RefusedError({ kind: 'invalid', code: 'Rotation', detail: problem.message }, problem);

/** The parts of {@link Work} that are there before a secret is managed, too. */
export type ContextSource = Pick<Work, 'clients' | 'ref' | 'management' | 'provider' | 'spec' | 'current'> &
  Partial<Pick<Work, 'wish' | 'look'>>;

/** What a provider is given for this piece of work. */
export function contextOf(work: ContextSource, rotationId: string): ProviderContext {
  const { clients, ref, management, wish, look } = work;
  let logins = LOGINS_AT_ONCE;
  return {
    rotationId,
    secret: ref,
    management,
    published: publishedOf(work),
    endSessions: endsAtOnce(wish?.mode ?? 'normal', look?.escrow?.entry ?? null),
    signal: AbortSignal.timeout(TARGET_DEADLINE_MS),
    now: () => Date.now(),
    random: (bytes) => randomBytes(bytes),
    takeLogin: () => logins-- > 0,
    azure: clients.azure,
    async admin(use) {
      const { admin } = management;
      if (admin === '' || admin === 'self') return use('self');
      if (admin === 'mi') return use('managed-identity');
      const [vault = '', name = ''] = admin.split('/');
      const reading = await clients.vault(vault).read(name);
      if (reading.status !== 'found') throw refused(problems.secretGone(vault, name));
      return use(reading.value);
    },
  };
}

/** The id of a rotation: every trigger for the same version computes the same. */
export const rotationIdOf = ({ vault, name }: SecretRef, base: string, attempt: number): string =>
  createHash('sha256').update(`${vault}/${name}/${base}/${attempt}`.toLowerCase()).digest('hex').slice(0, 32);

/** The published credential. */
export const publishedOf = ({ provider, spec, current }: Pick<Work, 'provider' | 'spec' | 'current'>): Held => ({
  slot: current.slot,
  value: provider.extract(spec, current.value),
});

/** The escrowed credential, and its entry. @throws when there is none, which the plan excludes. */
export function candidateOf({ look }: Pick<Work, 'look'>): Readonly<{ candidate: Candidate; entry: EscrowEntry }> {
  if (!look.escrow?.content) throw new Error('there is no value in escrow');
  const { entry, content } = look.escrow;
  const { auditKey: _, ...credential } = content;
  return { entry, candidate: { rotationId: entry.rotationId, slot: entry.slot, ...credential } };
}

/** Notes how far an entry has come. */
export async function markEntry({ look: { place } }: Pick<Work, 'look'>, entry: EscrowEntry, state: EscrowState): Promise<void> {
  await place.vault.update(place.name, entry.version, { tags: escrowTags(place.owner, { ...entry, state }) });
}

/** What an escrow entry is known by, before anything is stored. */
export type Begun = Pick<EscrowEntry, 'rotationId' | 'base' | 'attempt' | 'mode' | 'over'>;

/** What a new entry notes besides: that others know what it replaces, and which entry it takes the place of. */
export function notesOf({ wish, look: { escrow } }: Pick<Work, 'wish' | 'look'>): Pick<EscrowEntry, 'mode' | 'over'> {
  const over = escrow?.content ? escrow.entry.version : escrow?.entry.over;
  return { ...(wish.mode === 'compromise' && { mode: 'compromise' }), ...(over !== undefined && { over }) };
}

/** Stores a candidate: one that was made here, or what the target made, in place of the intent. */
export async function keepCandidate({ look: { place } }: Pick<Work, 'look'>, begun: Begun, candidate: Candidate): Promise<void> {
  await place.vault.write(place.name, {
    value: sealEscrow({ ...candidate, auditKey: new Sensitive(randomBytes(32).toString('base64url')) }),
    tags: escrowTags(place.owner, { ...begun, slot: candidate.slot, state: 'open' }),
    contentType: ESCROW_CONTENT_TYPE,
  });
}

/** Does work that changes the target; an answer that leaves open whether it did becomes a wait, after which the target is asked first. */
export async function unclearAsWait<T>(work: Pick<Work, 'provider'>, change: () => Promise<T>): Promise<T | Wait> {
  try {
    return await change();
  } catch (error) {
    if (error instanceof RefusedError || error instanceof TransientError) throw error;
    const failure = work.provider.classify(error);
    if (failure.kind === 'unknown-outcome') return { ...waitFor(work, failure.code), because: failure.kind };
    if (failure.kind === 'throttled') return { ...waitFor(work, failure.code, failure.retryAfterMs), because: failure.kind };
    throw error;
  }
}

/** The target's word is not clear: wait at least as long as a request under way may still take effect. */
export const waitFor = ({ provider }: Pick<Work, 'provider'>, code: string, ms = 0): Wait => ({
  step: 'wait',
  ms: Math.max(ms, provider.capabilities.applyWindowMs, LEAST_WAIT_MS),
  code,
});
