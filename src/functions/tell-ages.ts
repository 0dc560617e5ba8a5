import type { InvocationContext } from '@azure/functions';
import type { Clients } from '../clients/clients.ts';
import { metricLine } from '../domain/metric.ts';
import { viewHsms } from './hsm-views.ts';

/**
 * Tells the log how old the newest proven backup of each HSM is, `newest_proven_age_hours`. Of an HSM that has none, or whose backups cannot
 * be listed, it says nothing: the alert in infra/ holds the lines against the HSMs that were deployed, and takes silence for a finding.
 */
export async function tellAges({ clients, now, log }: Readonly<{ clients: Clients; now: string; log: InvocationContext }>): Promise<void> {
  for (const { name, newestProvenAgeHours, problem } of await viewHsms({ clients, now }))
    if (newestProvenAgeHours !== null && !problem) log.info(metricLine('newest_proven_age_hours', newestProvenAgeHours, { hsm: name }));
}
