import { later } from './duration.ts';
import { type EscrowState, isEscrowName } from './escrow.ts';
import { isUntagged } from './known.ts';
import { openSince } from './opening.ts';
import { graceTag, type Management, parseManagement, type Tags } from './tags.ts';
import { dueAt, isRetryDue } from './times.ts';

/** A secret as a list shows it: its newest version, without a value. Times are ISO 8601 UTC. */
export type ListedSecret = Readonly<{ name: string; enabled: boolean; createdAt: string; expiresAt: string | null; tags: Tags }>;

/** An escrow entry as a list shows it. `owner` is `vault/name` of the secret that it is for, in lower case. */
export type ListedEscrow = Readonly<{
  owner: string;
  rotationId: string;
  state: EscrowState;
  /** What it replaces is known to others. */
  mode?: 'compromise';
  closed: boolean;
  createdAt: string;
}>;

/** Why the sweep takes a secret up; its metric tells a broken subscription from a working one. */
export type SweepReason = 'due' | 'expired' | 'unfinished' | 'grace-over' | 'changed-by-others';

/** What is to be done with one secret. It holds nothing secret. */
export type SweepItem = Readonly<{
  name: string;
  reason: SweepReason;
  action: 'rotate' | 'retire';
  /** When it should be done, ISO 8601 UTC. */
  deadlineAt: string;
  /** What fails together: the provider, and the server that it works on where there is one. */
  target: string;
  /** Others in the same sweep have the same target. */
  isFleet: boolean;
}>;

/**
 * Decides what a sweep takes up, from lists alone. The run that follows decides again from what it reads.
 *
 * @param now ISO 8601 UTC.
 * @param lookMs Time since the sweep before this one: what failed is tried again at growing distances. Null: nobody looked before.
 * @param known Secrets that were managed when anybody last looked, in lower case: one that lost its tags since is taken up.
 * @returns The most pressing first: what was broken off, because it may be an outage by now; then the earliest deadline.
 */
export function planSweep(
  vault: string,
  secrets: readonly ListedSecret[],
  escrow: readonly ListedEscrow[],
  now: string,
  lookMs: number | null,
  known: ReadonlySet<string> = NOBODY_LOOKED,
): SweepItem[] {
  const entries = new Map(escrow.map((entry) => [entry.owner, entry]));
  const items = secrets
    .filter(({ name }) => !isEscrowName(name))
    .flatMap((secret) => {
      const entry = entries.get(`${vault}/${secret.name}`.toLowerCase());
      const wasManaged = entry !== undefined || known.has(secret.name.toLowerCase());
      return itemOf(secret, { entry, wasManaged }, now, lookMs);
    })
    .sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));

  const counts = new Map<string, number>();
  for (const { target } of items) counts.set(target, (counts.get(target) ?? 0) + 1);
  return items.map((item) => ({ ...item, isFleet: counts.get(item.target) !== 1 }));
}

const NOBODY_LOOKED: ReadonlySet<string> = new Set();

const orderOf = ({ reason, deadlineAt, name }: Found): string => `${reason === 'unfinished' ? 0 : 1} ${deadlineAt} ${name}`;

/** What fails together with a secret: everything on the same server. */
export function targetOf({ provider, target }: Pick<Management, 'provider' | 'target'>): string {
  const server = /^[a-z][\w+.-]*:\/\/[^/]*/i.exec(target)?.[0] ?? target;
  return server === '' ? provider : `${provider} ${server.toLowerCase()}`;
}

type Found = Omit<SweepItem, 'isFleet'>;

/** Of a secret that lost its tags only its own run finds out. */
const UNKNOWN_TARGET = 'unknown';

/** What is known of a secret besides its newest version. */
type Known = Readonly<{ entry: ListedEscrow | undefined; wasManaged: boolean }>;

function itemOf(secret: ListedSecret, { entry, wasManaged }: Known, now: string, lookMs: number | null): Found[] {
  const { name, tags } = secret;
  const parsed = parseManagement(tags);
  const target = parsed.status === 'managed' ? targetOf(parsed.management) : UNKNOWN_TARGET;
  // `since`: when it could first be done, which is where the distances between its repetitions begin.
  const rotate = (reason: SweepReason, deadlineAt: string, since: string = deadlineAt): Found[] =>
    lookMs === null || isRetryDue(since, now, lookMs) ? [{ name, reason, action: 'rotate', deadlineAt, target }] : [];

  if (parsed.status === 'unmanaged') {
    // Written past hsmkeep, tags and all; only the entry, or the look before, still tells that it is managed.
    return wasManaged && isUntagged(tags) ? rotate('changed-by-others', secret.createdAt) : [];
  }

  const ours = entry !== undefined && tags['rot-id'] === entry.rotationId;
  if (entry && !entry.closed && entry.state !== 'dead' && !(ours && entry.state === 'published')) {
    const isForeign = !ours && entry.state === 'published';
    return isForeign ? rotate('changed-by-others', secret.createdAt) : rotate('unfinished', entry.createdAt);
  }

  const { policy } = parsed.management;
  const untagged = ours && !entry.closed && entry.state === 'published' ? later(secret.createdAt, policy.graceMs) : undefined;
  const grace = graceTag(tags) ?? untagged;
  const leaked = grace !== undefined && ours && !entry.closed && entry.mode === 'compromise';
  const graceUntil = leaked ? secret.createdAt : grace;
  const opening = { policy, expiresAt: secret.expiresAt };
  if (graceUntil !== undefined && now < graceUntil) return [];
  if (graceUntil !== undefined && (policy.retire !== 'at-next' || leaked)) {
    const since = leaked ? graceUntil : openSince(opening, graceUntil, now);
    if (since === null) return [];
    // Who still uses the old one is not asked every hour.
    const asksForUsers = policy.retire === 'when-unused' && !leaked;
    if (asksForUsers && lookMs !== null && !isRetryDue(since, now, lookMs)) return [];
    return [{ name, reason: 'grace-over', action: 'retire', deadlineAt: graceUntil, target }];
  }

  const hasExpired = secret.expiresAt !== null && secret.expiresAt <= now;
  const due = hasExpired ? secret.expiresAt : dueAt(name, secret.createdAt, policy);
  // What waits for its window is taken up when that opens, and tried again by the hours since then.
  const since = now >= due ? openSince(opening, due, now) : null;
  return since === null ? [] : rotate(hasExpired ? 'expired' : 'due', due, since);
}
