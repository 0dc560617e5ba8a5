import { later } from './duration.ts';

/** Requests to vaults, in the two kinds that Key Vault counts apart: new versions of secrets, and everything else. */
export type Requests = Readonly<{ creates: number; others: number }>;

/** What a vault takes in ten seconds. @see https://learn.microsoft.com/azure/key-vault/general/service-limits */
const VAULT_TAKES: Requests = { creates: 300, others: 4_000 };
const WINDOW_MS = 10_000;

/** Hsmkeep's share of it where the configuration names none; the rest is the applications'. */
export const DEFAULT_SHARE = 0.5;

/** What work on one secret asks of its vault and the vault with its escrow, at most. */
const COSTS = {
  rotate: { own: { creates: 1, others: 6 }, escrow: { creates: 1, others: 6 } },
  retire: { own: { creates: 0, others: 4 }, escrow: { creates: 0, others: 2 } },
  check: { own: { creates: 0, others: 1 }, escrow: { creates: 0, others: 1 } },
} as const;

/** A token bucket that refills with time. `factor`: its part of the budget, below 1 after the vault refused requests. Times are ISO 8601 UTC. */
export type Pace = Readonly<{ tokens: Requests; factor: number; at: string; slowedAt: string }>;

/** What may be asked for in ten seconds, counted at the vault that is asked most. */
export type Budget = Requests;

/**
 * What a vault's rotations may ask for.
 *
 * @param escrowUsers How many vaults keep their escrow in the same vault, this one included; null: this vault keeps its own.
 */
export function budgetFor(share: number, escrowUsers: number | null): Budget {
  // Both vaults take the same, so the tighter of the two decides: the one that does both kinds of work, or that several share.
  const burden = escrowUsers ?? 1;
  return { creates: (VAULT_TAKES.creates * share) / burden, others: (VAULT_TAKES.others * share) / burden };
}

/** What one rotation, one retirement or one check asks of the vault that is asked most. */
export function costOf(action: keyof typeof COSTS, keepsOwnEscrow: boolean): Requests {
  const { own, escrow } = COSTS[action];
  if (!keepsOwnEscrow) return { creates: Math.max(own.creates, escrow.creates), others: Math.max(own.others, escrow.others) };
  return { creates: own.creates + escrow.creates, others: own.others + escrow.others };
}

/** A bucket that begins half full, so that small work begins at once. */
export const startPace = (budget: Budget, now: string): Pace => ({
  tokens: { creates: capacity(budget).creates / 2, others: capacity(budget).others / 2 },
  factor: 1,
  at: now,
  slowedAt: '',
});

/** No more is saved up than for two seconds: Key Vault counts in windows, and a burst would meet the applications' own. */
const BURST_MS = 2_000;
const capacity = (budget: Budget): Requests => ({
  // One rotation must fit, however small the share.
  creates: Math.max((budget.creates * BURST_MS) / WINDOW_MS, 2),
  others: Math.max((budget.others * BURST_MS) / WINDOW_MS, 12),
});

/** The bucket as it stands now. */
export function refill(pace: Pace, budget: Budget, now: string): Pace {
  const passedMs = Math.max(Date.parse(now) - Date.parse(pace.at), 0);
  const full = capacity(budget);
  const filled = (kind: keyof Requests): number =>
    Math.min(pace.tokens[kind] + (budget[kind] * pace.factor * passedMs) / WINDOW_MS, full[kind]);
  return { ...pace, tokens: { creates: filled('creates'), others: filled('others') }, at: passedMs > 0 ? now : pace.at };
}

/** How long until a bucket holds this much, in milliseconds; 0: it does. */
export function msUntil(pace: Pace, budget: Budget, cost: Requests): number {
  const wait = (kind: keyof Requests): number => (Math.max(cost[kind] - pace.tokens[kind], 0) * WINDOW_MS) / (budget[kind] * pace.factor);
  return Math.ceil(Math.max(wait('creates'), wait('others')));
}

export const spend = (pace: Pace, { creates, others }: Requests): Pace => ({
  ...pace,
  tokens: { creates: pace.tokens.creates - creates, others: pace.tokens.others - others },
});

/** The slowest that a vault that refuses is asked. */
const LEAST_FACTOR = 1 / 16;
const FASTER_BY = 1 / 16;

/**
 * Answers to what a piece of work met: half the pace when the vault refused requests (429), at most once in ten seconds; a little faster
 * with each that it took.
 */
export function adapt(pace: Pace, wasThrottled: boolean, now: string): Pace {
  if (!wasThrottled) return { ...pace, factor: Math.min(pace.factor + FASTER_BY, 1) };
  if (pace.slowedAt !== '' && now < later(pace.slowedAt, WINDOW_MS)) return pace;
  return { ...pace, factor: Math.max(pace.factor / 2, LEAST_FACTOR), slowedAt: now };
}
