import type { TokenCredential } from '@azure/core-auth';
import type { CredentialUser } from '../domain/rotation/credential-users.ts';
import type { Strategy } from '../domain/rotation/policy.ts';
import type { Liveness } from '../domain/rotation/reconcile.ts';
import type { Sensitive } from '../domain/rotation/sensitive.ts';
import type { Management } from '../domain/rotation/tags.ts';
import type { Problem } from '../domain/views.ts';

export type { CredentialUser, Liveness, Strategy };

/** What a target can do, and how its state can be learnt. */
export type Capabilities = Readonly<{
  /** The first is the default. */
  strategies: readonly [Strategy, ...Strategy[]];
  /** `caller`: we make the value; `target`: made there and shown once; `target-readable`: made there, can be read again. */
  origin: 'caller' | 'target' | 'target-readable';
  /** Ways to learn the outcome of a write, best first. `login` costs a failed login on the target. */
  probes: readonly [Probe, ...Probe[]];
  /** Whether two writers can be kept apart on the target itself. */
  targetLock: 'session' | 'none';
  /** The longest time after which a request that was sent may still take effect. */
  applyWindowMs: number;
  /** A new credential works on some of the target's servers before others: so many uses in a row must succeed, so far apart. */
  settling?: Readonly<{ successes: number; pauseMs: number }>;
}>;
export type Probe = 'marker' | 'verifier' | 'metadata' | 'login';

/** A new credential on its way. */
export type Candidate = Readonly<{
  rotationId: string;
  /** Which place on the target: user name, key name, key id. Empty where there is only one. */
  slot: string;
  value: Sensitive;
  /** What is sent in place of the value: a SCRAM verifier, a hash. Kept with the value, so that a repetition sends the same bytes. */
  verifier?: string;
}>;

/** Where a new credential goes. */
export type SlotPlan = Readonly<{ strategy: Strategy; slot: string /** Version of the secret that is replaced. */; base: string }>;

/** Work that the target goes on with after it has answered. Enters histories: it holds nothing secret. */
export type Operation = Readonly<{ pollUrl: string; retryAfterMs: number }>;

/** A credential that is known not to be a new one: the current value, or one about to be retired. */
export type Held = Readonly<{ slot: string; value: Sensitive }>;

/** What went wrong, in allow-listed words: `code` is the target's own short code, never its text. */
export type Failure = Readonly<
  | { kind: 'transient' | 'unknown-outcome'; code: string }
  | { kind: 'throttled'; code: string; retryAfterMs: number }
  | { kind: 'denied' | 'gone' | 'config' | 'read-only'; code: string; hint: string }
  /** The target does not like the value; `regenerate`: another one may please it. */
  | { kind: 'rejected'; code: string; regenerate: boolean }
>;

/** What a provider is given to work with, for one step of one rotation. */
export type ProviderContext = Readonly<{
  /** Empty where no rotation is under way (a preflight). */
  rotationId: string;
  secret: Readonly<{ vault: string; name: string }>;
  management: Management;
  signal: AbortSignal;
  now(): number;
  random(bytes: number): Uint8Array;
  /** The credential that the tag `rot-admin` names; `managed-identity` and `self` as they are. */
  admin<T>(use: (credential: Sensitive | 'managed-identity' | 'self') => Promise<T>): Promise<T>;
  /** The published credential, with which an account changes itself where `admin` is `self`. */
  published?: Held;
  /** The old credential is known to others: whoever is logged in with it shall be thrown out when it ends, where the target lets us. */
  endSessions?: boolean;
  /** False: another login could lock the account. */
  takeLogin(): boolean;
  /** For targets that are part of Azure: the app's own identity, and where the services are. */
  azure: AzureAccess;
}>;

/** Addresses without a slash at the end. */
export type AzureAccess = Readonly<{
  credential: TokenCredential;
  tenantId: string;
  endpoints: Readonly<{ arm: string; graph: string; authority: string }>;
}>;

/** One thing looked at before a secret becomes managed. */
export type PreflightCheck = Readonly<{ check: string; ok: boolean; hint?: string }>;

/** What all providers have in common, wherever values are made. */
export interface TargetProvider<Spec = unknown> {
  /** The value of the tag `rot-provider`. */
  readonly id: string;
  readonly capabilities: Capabilities;

  /** Pure. Makes a checked spec of the tags. @throws {ConfigFailure} naming the tag. */
  parse(management: Management): Spec;
  /** Changes nothing. Reachability, rights, limits on names, whether the target keeps what it is told. */
  preflight(context: ProviderContext, spec: Spec): Promise<readonly PreflightCheck[]>;
  /** Changes nothing. The place that gets the new credential. @param current The published one. */
  choose(context: ProviderContext, spec: Spec, current: Held, plan: Readonly<{ strategy: Strategy; base: string }>): Promise<SlotPlan>;
  /** Changes nothing. Does the target accept this now? Never locks an account, never guesses: `unknown` is a legal answer. */
  probe(context: ProviderContext, spec: Spec, credential: Held & Partial<Candidate>): Promise<Liveness>;
  /** Uses the credential as consumers do, on every endpoint that they use. Returns only when all of them took it. */
  verify(context: ProviderContext, spec: Spec, candidate: Candidate): Promise<void>;
  /** The value to store, made of the one before: raw, a member of JSON, a field of a connection string. */
  render(spec: Spec, candidate: Candidate, previous: Sensitive | undefined): Sensitive;
  /** The credential inside a stored value: the inverse of `render`. */
  extract(spec: Spec, stored: Sensitive): Sensitive;

  /**
   * Ends the old credential. Refuses what would end one of `keep`. Already gone is success.
   *
   * @throws {NotOursError} when the credential is not for hsmkeep to end.
   */
  retire(context: ProviderContext, spec: Spec, old: Held, keep: readonly Held[]): Promise<void>;
  /**
   * Changes nothing. Who is logged in with a credential at present. Absent, or for a strategy with one user: the target does not tell those
   * who use the one from those who use the other.
   */
  usersOf?(context: ProviderContext, spec: Spec, credential: Held): Promise<readonly CredentialUser[]>;
  /** Takes a candidate that was never published off the target. Never called for the strategy `single` after `apply`. */
  discard(context: ProviderContext, spec: Spec, candidate: Candidate, keep: readonly Held[]): Promise<void>;
  /** What a thrown thing means, built from allow-listed fields only: no text of it may pass. */
  classify(thrown: unknown): Failure;
}

/**
 * Rotates the credentials of one kind of target. It never sees Key Vault, never retries, never logs, never stores; it throws whatever went
 * wrong, and `classify` says what that means. A new provider needs this, an entry in `registry.ts`, and the suite
 * `test/support/provider-contract.ts`.
 *
 * This is the kind for targets that take values of ours (`origin` is `caller`).
 */
export interface RotationProvider<Spec = unknown> extends TargetProvider<Spec> {
  /** Changes nothing. Makes a value of the wanted shape. */
  generate(context: ProviderContext, spec: Spec, plan: SlotPlan): Promise<Candidate>;
  /**
   * Declarative: afterwards the target accepts the candidate and everything in `keep`; doing it again changes nothing. Takes the target's
   * lock, where there is one, and looks again inside.
   */
  apply(context: ProviderContext, spec: Spec, candidate: Candidate, keep: readonly Held[]): Promise<void>;
}

/** For targets that make credentials, as many as one likes, and show each once (`origin` is `target`). */
export interface IssuingProvider<Spec = unknown> extends TargetProvider<Spec> {
  /**
   * Makes a credential that bears the mark of the rotation and of the secret; `slot` is the target's id of it. Never repeated blindly: what
   * is lost between this and the escrow is found again by its mark.
   */
  issue(context: ProviderContext, spec: Spec, plan: SlotPlan): Promise<Candidate>;
  /** Changes nothing. Ids of all credentials that bear the secret's mark and are none of `keep`; never one that somebody else made. */
  listIssued(context: ProviderContext, spec: Spec, keep: readonly Held[]): Promise<readonly string[]>;
  /** Ends a credential by its id. Already gone is success. */
  revoke(context: ProviderContext, spec: Spec, id: string): Promise<void>;
}

/** For targets that make the value of a place themselves and show it to whoever may ask (`origin` is `target-readable`). */
export interface ReadableProvider<Spec = unknown> extends TargetProvider<Spec> {
  /** Changes nothing. What the place holds now; `mark` is another when the value is another, and gives nothing of it away. */
  read(context: ProviderContext, spec: Spec, slot: string): Promise<Readonly<{ value: Sensitive; mark: string }>>;
  /** Has the place filled anew, which ends what it held. Called only while the place still has the mark that was noted before. */
  regenerate(context: ProviderContext, spec: Spec, slot: string): Promise<Operation | undefined>;
  /** Changes nothing. How far an operation is. */
  poll?(context: ProviderContext, spec: Spec, operation: Operation): Promise<'running' | 'done'>;
}

export type AnyProvider<Spec = unknown> = RotationProvider<Spec> | IssuingProvider<Spec> | ReadableProvider<Spec>;

/** The tags, or what the target is configured to, do not allow what is asked. The message is ours and holds no value. */
export class ConfigFailure extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.name = 'ConfigFailure';
    this.hint = hint;
  }
}

/** An old credential that somebody else made, and that a person has to end. Nothing in it is secret. */
export class NotOursError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.name = 'NotOursError';
    this.problem = problem;
  }
}
