import type { Hold, RetainedBackup } from './retained-backup.ts';

const NOTHING: readonly string[] = [];

/**
 * Why a backup is pinned: by a person, by a run that reads it, or as the way back from a restore. A pinned backup is taken out of the list
 * before the rules run, so that it uses up no count and a hold never shortens history. Empty when nothing pins it.
 *
 * @param nowMs A pin whose time has come pins no more; one whose time cannot be read goes on.
 */
export function pinReasons({ holds, inUseBy, safetyUntil }: RetainedBackup, nowMs: number): readonly string[] {
  if (holds === undefined && inUseBy === undefined && safetyUntil === undefined) return NOTHING;
  const goesOn = (until: string): boolean => !(Date.parse(until) <= nowMs);
  const reasons = (holds ?? []).filter(({ until }) => goesOn(until)).map(holdReason);
  if (inUseBy !== undefined) reasons.push(`in use by ${inUseBy}`);
  if (safetyUntil !== undefined && goesOn(safetyUntil)) reasons.push(`safety backup until ${safetyUntil}`);
  return reasons;
}

const holdReason = ({ until, by, reason }: Hold): string =>
  `held until ${until}${by === undefined ? '' : ` by ${by}`}${reason === undefined ? '' : `: ${reason}`}`;
