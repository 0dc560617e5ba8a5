import { listVault } from '../clients/vault-secret.ts';
import { cursorOf, planSweep, type SweepItem } from '../domain/rotation/sweep.ts';
import { defineActivity } from './define-activity.ts';

/** `after`: the cursor of the item taken up last; null at the beginning of a sweep. `lookMs`: time since the sweep before; null: none was. */
export type FindDueSecretsInput = Readonly<{ vault: string; after: string | null; lookMs: number | null; most: number }>;

/** `after`: where the next part begins; null when this was the last. */
export type FindDueSecretsResult = Readonly<{ items: readonly SweepItem[]; after: string | null }>;

/**
 * Lists a vault and its escrow, and says what is to be done there, the most pressing first. Reads no value. Where rotation is not on,
 * nothing is.
 *
 * @throws {TransientError}
 */
export const findDueSecrets = defineActivity(
  'findDueSecrets',
  ['rotate'],
  (clients) =>
    async ({ vault, after, lookMs, most }: FindDueSecretsInput): Promise<FindDueSecretsResult> => {
      const { name, rotation } = clients.vaultConfig(vault);
      if (rotation !== 'on') return { items: [], after: null };
      const { secrets, escrow } = await listVault(clients, name);
      const due = planSweep(name, secrets, escrow, new Date().toISOString(), lookMs).filter(
        (item) => after === null || cursorOf(item) > after,
      );
      const last = due[most - 1];
      return { items: due.slice(0, most), after: last && due.length > most ? cursorOf(last) : null };
    },
);
