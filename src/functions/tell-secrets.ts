import type { InvocationContext } from '@azure/functions';
import type { Clients } from '../clients/clients.ts';
import { readDispatch } from '../clients/dispatch.ts';
import { RefusedError, TransientError } from '../clients/errors.ts';
import { noteManaged } from '../clients/managed-secrets.ts';
import { queueNotice } from '../clients/outbox.ts';
import { listVault } from '../clients/vault-secret.ts';
import { parseDocument } from '../domain/documents.ts';
import { type MetricName, metricLine } from '../domain/metric.ts';
import { addressed } from '../domain/notices.ts';
import { heldBack } from '../domain/rotation/dispatch.ts';
import { NOTHING_TOLD, secretNotices, type Told } from '../domain/rotation/secret-notices.ts';
import { type SecretTotals, sumUpSecrets } from '../domain/rotation/totals.ts';

type Surroundings = Readonly<{ clients: Clients; now: string; log: InvocationContext }>;

/**
 * Tells how the secrets of a vault stand, once with each hourly sweep: the log in numbers, the next sweep which of them are managed, and whoever
 * wants to hear of what is overdue by notice. Of a vault that cannot be listed it says nothing: the alert in infra/ takes silence for a finding.
 */
export async function tellSecrets({ clients, now, log }: Surroundings, vault: string): Promise<void> {
  try {
    const [{ secrets, escrow }, health] = await Promise.all([listVault(clients, vault), readDispatch(clients.documents, vault)]);
    const totals = sumUpSecrets(clients.vaultConfig(vault), secrets, escrow, now);
    for (const line of linesOf(vault, totals, heldBack(health, now).length)) log.info(line);
    await noteManaged(clients.documents, vault, secrets);
    await queueSecretNotices(clients, vault, totals, now);
  } catch (error) {
    if (!(error instanceof RefusedError || error instanceof TransientError)) throw error;
  }
}

function linesOf(vault: string, totals: SecretTotals, breakers: number): string[] {
  const values: Readonly<Partial<Record<MetricName, number>>> = {
    secrets_managed: totals.managed,
    secrets_unmanaged: totals.unmanaged,
    secrets_overdue: totals.overdue.length,
    retire_overdue: totals.retireOverdue.length,
    windows_missed: totals.windowsMissed,
    grace_pending: totals.gracePending,
    escrow_open: totals.escrowOpen,
    escrow_open_age_seconds: totals.escrowOldestSeconds,
    queue_depth: totals.queued,
    oldest_wait_seconds: totals.oldestWaitSeconds,
    breaker_open: breakers,
  };
  return [
    ...Object.entries(values).map(([name, value]) => metricLine(name as MetricName, value, { vault })),
    ...Object.entries(totals.ageRatios).map(([provider, ratio]) =>
      metricLine('rotation_age_ratio', Math.round(ratio * 1000) / 1000, { vault, provider }),
    ),
  ];
}

/** `ends/secrets/<vault>.json`: of which secrets somebody was told. */
type ToldDocument = Told & Readonly<{ schema: 'hsmkeep.told/1' }>;

/** Each trouble is told once, and once more when it is over. A crash in between tells it again, under the same id. */
async function queueSecretNotices({ config, documents }: Clients, vault: string, totals: SecretTotals, now: string): Promise<void> {
  if (!config.notify.some(({ on }) => on.includes('overdue'))) return;
  const path = `ends/secrets/${vault}.json`;
  const document = await documents.read(path);
  const before: Told = document ? parseDocument<ToldDocument>(document.text, 'hsmkeep.told/1', path) : NOTHING_TOLD;
  for (const { on, body } of secretNotices(vault, before, totals, now))
    for (const notice of addressed(config.notify, on, body)) await queueNotice(documents, notice);

  const told: ToldDocument = { schema: 'hsmkeep.told/1', overdue: totals.overdue, retireOverdue: totals.retireOverdue };
  const text = JSON.stringify(told);
  if (text !== document?.text) await documents.write(path, text);
}
