import type { InvocationContext } from '@azure/functions';
import type { Clients } from '../clients/clients.ts';
import { RefusedError, TransientError } from '../clients/errors.ts';
import { listVault } from '../clients/vault-secret.ts';
import { metricLine } from '../domain/metric.ts';
import { overdueSecrets } from '../domain/rotation/overdue.ts';
import { viewSecrets } from '../domain/rotation/secret-view.ts';

type Surroundings = Readonly<{ clients: Clients; now: string; log: InvocationContext }>;

/**
 * Tells the log how many secrets of a vault are past the date of their rotation, `secrets_overdue`. Of a vault that cannot be listed it says
 * nothing: the alert in infra/ takes silence for a finding.
 */
export async function tellOverdue({ clients, now, log }: Surroundings, vault: string): Promise<void> {
  try {
    const { secrets, escrow } = await listVault(clients, vault);
    const overdue = overdueSecrets(viewSecrets(clients.vaultConfig(vault), secrets, escrow, now), now);
    log.info(metricLine('secrets_overdue', overdue, { vault }));
  } catch (error) {
    if (!(error instanceof RefusedError || error instanceof TransientError)) throw error;
  }
}
