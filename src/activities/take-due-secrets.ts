import { readSweep } from '../clients/dispatch.ts';
import type { WorkItem } from '../domain/rotation/checks.ts';
import { defineActivity } from './define-activity.ts';

/** `from`: how many were taken before. */
export type TakeDueSecretsInput = Readonly<{ vault: string; sweep: string; from: number; most: number }>;

/**
 * The next part of what a sweep found; nothing when a newer sweep took its place.
 *
 * @throws {TransientError}
 */
export const takeDueSecrets = defineActivity(
  'takeDueSecrets',
  ['rotate'],
  ({ documents }) =>
    async ({ vault, sweep, from, most }: TakeDueSecretsInput): Promise<readonly WorkItem[]> => {
      const found = await readSweep(documents, vault, sweep);
      return found?.items.slice(from, from + most) ?? [];
    },
);
