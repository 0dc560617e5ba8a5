import type { SecretView } from './secret-view.ts';

/** A rotation has a day for its window, its jitter and its repetitions. */
const PATIENCE_MS = 24 * 3_600_000;

/**
 * How many secrets should have been rotated long ago.
 *
 * @param now ISO 8601 UTC.
 */
export const overdueSecrets = (views: readonly Pick<SecretView, 'dueAt'>[], now: string): number =>
  views.filter(({ dueAt }) => dueAt !== null && Date.parse(now) - Date.parse(dueAt) > PATIENCE_MS).length;
