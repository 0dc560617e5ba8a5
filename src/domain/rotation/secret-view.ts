import type { RunStatus } from '../run.ts';
import type { Problem } from '../views.ts';
import { DAY_MS } from './duration.ts';
import { isEscrowName } from './escrow.ts';
import { firstChance } from './opening.ts';
import { subjectOf } from './subject.ts';
import { type ListedEscrow, type ListedSecret, planSweep, type SweepItem } from './sweep.ts';
import { graceTag, parseManagement, type Tags, UNMANAGED } from './tags.ts';
import { dueAt } from './times.ts';

/**
 * How a secret stands: `unmanaged`; `fresh` (nothing to do); `due` (or past it); `rotating` (a rotation is under way or was broken off);
 * `in-grace` (the old credential still works); `retiring` (its grace is over).
 */
export type SecretState = 'unmanaged' | 'fresh' | 'due' | 'rotating' | 'in-grace' | 'retiring';

/**
 * How the newest run on a secret ended. `outcome`: what came of it (`rotated`, `retired`, `repaired`, …); null where it came to nothing.
 * `endedAt` is ISO 8601 UTC.
 */
export type LastResult = Readonly<{ run: string; status: RunStatus; outcome: string | null; endedAt: string }>;

/** One secret as `GET /secrets` shows it; never a value. Times are ISO 8601 UTC. */
export type SecretView = Readonly<{
  vault: string;
  name: string;
  /** Whose it is, as its tag `owner` says. */
  owner: string | null;
  state: SecretState;
  enabled: boolean;
  provider: string | null;
  /** Of a secret that is not managed: it never was, or a person took it out. Null of a managed one. */
  unmanagedBecause: 'never-managed' | 'taken-out' | null;
  /** How old its policy lets a value become, in days. */
  everyDays: number | null;
  target: string | null;
  createdAt: string;
  /** How old the current value is. */
  ageDays: number;
  dueAt: string | null;
  expiresAt: string | null;
  /** When the old credential ends; null where there is none, or it ends with the next rotation. */
  graceUntil: string | null;
  /** When its window opens, where what is to be done waits for that; null where nothing does. */
  windowOpensAt: string | null;
  rotationId: string | null;
  /** What the sweep would do, also where the vault is only observed. */
  next: Pick<SweepItem, 'reason' | 'action'> | null;
  /** Whether the vault's rotation is on. */
  rotation: 'observe' | 'on';
  /** Null: no run worked on it, or nobody looked. */
  lastResult: LastResult | null;
}>;

/** How a vault that could not be listed is shown beside the others. */
export type VaultProblem = Readonly<{ vault: string; problem: Problem }>;

/** Every secret of a vault and how it stands, by name; escrow entries left out. */
export function viewSecrets(
  vault: Readonly<{ name: string; rotation: 'observe' | 'on' }>,
  secrets: readonly ListedSecret[],
  escrow: readonly ListedEscrow[],
  now: string,
): SecretView[] {
  const next = new Map(planSweep(vault.name, secrets, escrow, now, null).map((item) => [item.name, item]));
  const open = new Set(
    escrow.filter(({ closed, state }) => !closed && state !== 'published' && state !== 'dead').map(({ owner }) => owner),
  );
  return secrets
    .filter(({ name }) => !isEscrowName(name))
    .map((secret) => viewOf(vault, secret, next.get(secret.name), open.has(`${vault.name}/${secret.name}`.toLowerCase()), now))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function viewOf(
  vault: Readonly<{ name: string; rotation: 'observe' | 'on' }>,
  { name, enabled, createdAt, expiresAt, tags }: ListedSecret,
  item: SweepItem | undefined,
  isOpen: boolean,
  now: string,
): SecretView {
  const parsed = parseManagement(tags);
  const management = parsed.status === 'managed' ? parsed.management : null;
  const due = management && dueAt(name, createdAt, management.policy);
  const graceUntil = management ? (graceTag(tags) ?? null) : null;
  const retires = management !== null && management.policy.retire !== 'at-next';
  const state = stateOf({ managed: management !== null || item !== undefined, due, graceUntil, retires, isOpen, now });
  const waits = management !== null && item === undefined && (state === 'due' || state === 'retiring');
  return {
    vault: vault.name,
    name,
    owner: ownerOf(tags),
    state,
    enabled,
    provider: management?.provider ?? null,
    unmanagedBecause: management || item ? null : tags['rot-provider'] === UNMANAGED ? 'taken-out' : 'never-managed',
    everyDays: management && management.policy.everyMs / DAY_MS,
    target: management?.target || null,
    createdAt,
    ageDays: Math.max(0, Math.round(((Date.parse(now) - Date.parse(createdAt)) / DAY_MS) * 100) / 100),
    dueAt: due,
    expiresAt,
    graceUntil: retires ? graceUntil : null,
    windowOpensAt: waits ? firstChance({ policy: management.policy, expiresAt }, now) : null,
    rotationId: tags['rot-id'] ?? null,
    next: item ? { reason: item.reason, action: item.action } : null,
    rotation: vault.rotation,
    lastResult: null,
  };
}

/** The usual tag, in whatever letters. */
const ownerOf = (tags: Tags): string | null => Object.entries(tags).find(([name]) => name.toLowerCase() === 'owner')?.[1] || null;

/** Secrets with how the newest run on each ended. @param results By the subject of a secret's runs. */
export const withLastResults = (views: readonly SecretView[], results: ReadonlyMap<string, LastResult>): SecretView[] =>
  views.map((view) => ({ ...view, lastResult: results.get(subjectOf(view.vault, view.name)) ?? null }));

type Facts = Readonly<{
  managed: boolean;
  due: string | null;
  graceUntil: string | null;
  /** Whether the old credential ends with the grace, not with the next rotation. */
  retires: boolean;
  isOpen: boolean;
  now: string;
}>;

function stateOf({ managed, due, graceUntil, retires, isOpen, now }: Facts): SecretState {
  if (!managed) return 'unmanaged';
  if (isOpen || due === null) return 'rotating';
  if (graceUntil !== null && now < graceUntil) return 'in-grace';
  if (graceUntil !== null && retires) return 'retiring';
  return now >= due ? 'due' : 'fresh';
}
