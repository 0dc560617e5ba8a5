import { listBackups } from '../clients/catalogue.ts';
import { RefusedError, TransientError } from '../clients/errors.ts';
import type { HsmConfig } from '../config/config.ts';
import { summariseHsm } from '../domain/hsm-view.ts';
import type { HsmView } from '../domain/views.ts';
import type { Tools } from './define-route.ts';

/** Every configured HSM; one whose storage cannot be read tells so and hides none of the others. */
export const viewHsms = (tools: Pick<Tools, 'clients' | 'now'>): Promise<HsmView[]> =>
  Promise.all(tools.clients.config.hsms.map((hsm) => viewHsm(tools, hsm)));

export async function viewHsm({ clients, now }: Pick<Tools, 'clients' | 'now'>, hsm: HsmConfig): Promise<HsmView> {
  const { timeZone } = clients.config;
  try {
    return summariseHsm(hsm, timeZone, await listBackups(clients.backups(hsm.name), hsm.name, clients.documents), now);
  } catch (error) {
    if (error instanceof RefusedError) return summariseHsm(hsm, timeZone, [], now, error.problem);
    if (!(error instanceof TransientError)) throw error;
    return summariseHsm(hsm, timeZone, [], now, {
      message: `Its backups could not be listed: ${error.message}.`,
      hint: 'Try again in a moment.',
    });
  }
}
