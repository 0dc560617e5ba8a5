import { readDispatch, writeSweep } from '../clients/dispatch.ts';
import { readManaged } from '../clients/managed-secrets.ts';
import { listVault } from '../clients/vault-secret.ts';
import type { Config, VaultConfig } from '../config/config.ts';
import { DEFAULT_CHECK_DAYS, planChecks } from '../domain/rotation/checks.ts';
import { type DispatchState, hasPassedOver } from '../domain/rotation/dispatch.ts';
import { DAY_MS } from '../domain/rotation/duration.ts';
import { budgetFor, DEFAULT_SHARE, startPace } from '../domain/rotation/pace.ts';
import { planSweep } from '../domain/rotation/sweep.ts';
import { defineActivity } from './define-activity.ts';

/** `sweep`: the instance that does the work. `lookMs`: time since the sweep before; null: none was. */
export type FindDueSecretsInput = Readonly<{ vault: string; sweep: string; lookMs: number | null }>;

/** `total`: how many secrets have something to be done. `state`: what their dispatcher begins with. */
export type FindDueSecretsResult = Readonly<{ total: number; state: DispatchState }>;

/**
 * Lists a vault and its escrow, and stores what is to be done there, the most pressing first, and whose turn it is to be checked. Reads no
 * value. Where rotation is not on, nothing is. A repetition lists again.
 *
 * @throws {TransientError}
 */
export const findDueSecrets = defineActivity(
  'findDueSecrets',
  ['rotate'],
  (clients) =>
    async ({ vault, sweep, lookMs }: FindDueSecretsInput): Promise<FindDueSecretsResult> => {
      const config = clients.vaultConfig(vault);
      const now = new Date().toISOString();
      const budget = budgetFor(config.share ?? DEFAULT_SHARE, escrowUsers(clients.config, config));
      const health = await readDispatch(clients.documents, config.name);
      const keepsOwnEscrow = config.escrowVault === config.url;
      const state = { pace: startPace(budget, now), budget, keepsOwnEscrow, health, proven: [] };
      if (config.rotation !== 'on') return { total: 0, state };

      const { secrets, escrow } = await listVault(clients, config.name);
      const known = await readManaged(clients.documents, config.name);
      const work = planSweep(config.name, secrets, escrow, now, hasPassedOver(health) ? null : lookMs, known);
      const items = [...work, ...planChecks(secrets, work, now, lookMs, (config.checkDays ?? DEFAULT_CHECK_DAYS) * DAY_MS)];
      if (items.length > 0) await writeSweep(clients.documents, config.name, { sweep, at: now, items });
      return { total: items.length, state };
    },
);

/** How many vaults keep their escrow where this one does; null: this vault keeps its own. */
const escrowUsers = ({ vaults }: Config, { url, escrowVault }: VaultConfig): number | null =>
  escrowVault === url ? null : vaults.filter((other) => other.rotation === 'on' && other.escrowVault === escrowVault).length || 1;
